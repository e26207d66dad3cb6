"""IAM policies for the roles of people: their permissions on the cluster in AWS APIs.

Their permissions in the Kubernetes API are in stacks/cluster/access_entries.py.
"""

from collections.abc import Sequence

from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn

from constructs import Construct
from stacks.security.roles import Roles
from stacks.shared.log_permissions import allow_log_reads


class RolePolicies(Construct):
    """A policy for administrators, and a policy for what every role of people may read.

    They are in this stack because they refer to the cluster. The security stack, which owns the
    roles, must not depend on this stack.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: eks.ICluster,
        node_groups: Sequence[eks.Nodegroup],
        node_patching: sfn.IStateMachine,
        roles: Roles,
    ) -> None:
        """Attach the policies to the roles.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            cluster: The cluster, which `aws eks update-kubeconfig` describes.
            node_groups: The node groups of the cluster.
            node_patching: The state machine that patches the nodes. Administrators may start it.
            roles: The roles of people.
        """
        super().__init__(scope, construct_id)
        group_arns = [group.nodegroup_arn for group in node_groups]
        administrator = iam.ManagedPolicy(
            self,
            "Administrator",
            description="Administrators: reach the cluster and patch its nodes",
            roles=[roles.admin],
            statements=[
                iam.PolicyStatement(
                    sid="AccessCluster",
                    actions=["eks:DescribeCluster", "eks:AccessKubernetesApi"],
                    resources=[cluster.cluster_arn],
                ),
                iam.PolicyStatement(
                    sid="StartNodePatching",
                    actions=["states:StartExecution"],
                    resources=[node_patching.state_machine_arn],
                ),
            ],
        )
        allow_log_reads(administrator)
        iam.ManagedPolicy(
            self,
            "Reader",
            description="Readers and the on-call role: find the cluster",
            roles=[roles.reader, roles.on_call, roles.admin],
            statements=[
                iam.PolicyStatement(
                    sid="DescribeCluster",
                    actions=["eks:DescribeCluster", "eks:ListInsights", "eks:ListNodegroups"],
                    resources=[cluster.cluster_arn],
                ),
                iam.PolicyStatement(
                    sid="DescribeNodeGroups",
                    actions=["eks:DescribeNodegroup"],
                    resources=group_arns,
                ),
                iam.PolicyStatement(
                    sid="DescribeUpdates",
                    actions=["eks:DescribeUpdate", "eks:ListUpdates"],
                    resources=[cluster.cluster_arn, *group_arns],
                ),
            ],
        )
