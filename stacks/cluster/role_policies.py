"""What the roles of people may do with the cluster through the APIs of AWS.

What they may do inside the cluster is in their access entries.
"""

from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn

from constructs import Construct


class RolePolicies(Construct):
    """One policy for administrators, and one for readers and the on-call role.

    The policies belong to the stack that owns the cluster, so that they refer to it. Attaching
    them here keeps the security stack, which owns the roles, independent of this stack.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: eks.ICluster,
        node_patching: sfn.IStateMachine,
        admin: iam.IRole,
        reader: iam.IRole,
        on_call: iam.IRole,
    ) -> None:
        """Attach the policies to the roles.

        Args:
            scope: the parent construct.
            construct_id: the id in the parent construct.
            cluster: `aws eks update-kubeconfig` describes it, for all three roles.
            node_patching: the state machine that patches the nodes. Administrators may start it.
            admin: the role of administrators.
            reader: the role of readers.
            on_call: the role of the person on call.
        """
        super().__init__(scope, construct_id)
        iam.ManagedPolicy(
            self,
            "Administrator",
            description="Administrators: reach the cluster and patch its nodes",
            roles=[admin],
            statements=[
                iam.PolicyStatement(
                    sid="AccessCluster",
                    actions=["eks:DescribeCluster", "eks:AccessKubernetesApi"],
                    resources=[cluster.cluster_arn],
                ),
                iam.PolicyStatement(
                    sid="StartMaintenance",
                    actions=["states:StartExecution"],
                    resources=[node_patching.state_machine_arn],
                ),
            ],
        )
        iam.ManagedPolicy(
            self,
            "Reader",
            description="Readers and the on-call role: find the cluster",
            roles=[reader, on_call],
            statements=[
                iam.PolicyStatement(
                    sid="DescribeCluster",
                    actions=["eks:DescribeCluster"],
                    resources=[cluster.cluster_arn],
                )
            ],
        )
