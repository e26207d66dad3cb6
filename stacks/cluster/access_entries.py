"""Who may do what in the cluster.

Administrators, readers and who is on call, each through an IAM role that asks for a second factor.
The role that
deploys has no entry: CloudFormation applies charts through the kubectl provider, and the workflow
itself never speaks to the API. Nor has the one who created the cluster.
"""

from aws_cdk import aws_eks as eks_v1
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam

from constructs import Construct
from k8s.charts import cluster_access_chart
from k8s.roles import ON_CALL, READERS


class ClusterAccess(Construct):
    """The access entries, and what AWS's view policy leaves out for readers."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: eks.ICluster,
        admin: iam.IRole,
        reader: iam.IRole,
        on_call: iam.IRole,
    ) -> None:
        """Let both in.

        Args:
            scope: where the construct lives.
            construct_id: its id there.
            cluster: what they get into.
            admin: may do everything there.
            reader: reads everything but secrets: Kubernetes' own `view`, and the nodes.
            on_call: reads the same, and does in the application's namespace what its Role says.
        """
        super().__init__(scope, construct_id)
        eks.AccessEntry(
            self,
            "Admin",
            cluster=cluster,
            principal=admin.role_arn,
            access_policies=[_everywhere("AmazonEKSClusterAdminPolicy")],
        )
        for name, role, groups in (
            ("Reader", reader, [READERS]),
            ("OnCall", on_call, [READERS, ON_CALL]),
        ):
            self._let_view(name, cluster, role, groups)
        eks.KubernetesManifest(self, "Readers", cluster=cluster, manifest=cluster_access_chart())

    def _let_view(
        self, name: str, cluster: eks.ICluster, role: iam.IRole, groups: list[str]
    ) -> None:
        """Let the role in with `view`, and with what its groups may do. The L2 knows no groups."""
        view = _everywhere("AmazonEKSViewPolicy")
        eks_v1.CfnAccessEntry(
            self,
            name,
            cluster_name=cluster.cluster_name,
            principal_arn=role.role_arn,
            kubernetes_groups=groups,
            access_policies=[
                eks_v1.CfnAccessEntry.AccessPolicyProperty(
                    policy_arn=view.policy,
                    access_scope=eks_v1.CfnAccessEntry.AccessScopeProperty(type="cluster"),
                )
            ],
        )


def _everywhere(policy: str) -> eks.IAccessPolicy:
    return eks.AccessPolicy.from_access_policy_name(
        policy, access_scope_type=eks.AccessScopeType.CLUSTER
    )
