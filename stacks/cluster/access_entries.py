"""The EKS access entries: the IAM roles of people that have access to the Kubernetes API.

Each role requires a second factor. The role that deploys has no entry, because CloudFormation
applies manifests through the kubectl provider. Neither has the creator of the cluster.
"""

from aws_cdk import aws_eks as eks_v1
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam

from constructs import Construct
from k8s.charts import cluster_access_chart
from k8s.roles import ON_CALL, READERS
from stacks.security.roles import Roles


class AccessEntries(Construct):
    """The access entries, and the cluster-wide Kubernetes roles of readers."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: eks.ICluster,
        roles: Roles,
    ) -> None:
        """Create the access entries.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            cluster: The cluster.
            roles: The roles of people. Administrators may do everything in the cluster, and
                readers view everything except secrets. On-call engineers are readers with more
                permissions in the application's namespace (k8s/roles.py).
        """
        super().__init__(scope, construct_id)
        self._cluster = cluster
        eks.AccessEntry(
            self,
            "Admin",
            cluster=cluster,
            principal=roles.admin.role_arn,
            access_policies=[_cluster_policy("AmazonEKSClusterAdminPolicy")],
        )
        self._add_viewer("Reader", roles.reader, [READERS])
        self._add_viewer("OnCall", roles.on_call, [READERS, ON_CALL])
        eks.KubernetesManifest(self, "Readers", cluster=cluster, manifest=cluster_access_chart())

    def _add_viewer(self, construct_id: str, role: iam.IRole, groups: list[str]) -> None:
        """Add an entry with AmazonEKSViewPolicy. The L2 has no property for Kubernetes groups."""
        eks_v1.CfnAccessEntry(
            self,
            construct_id,
            cluster_name=self._cluster.cluster_name,
            principal_arn=role.role_arn,
            kubernetes_groups=groups,
            access_policies=[
                eks_v1.CfnAccessEntry.AccessPolicyProperty(
                    policy_arn=_cluster_policy("AmazonEKSViewPolicy").policy,
                    access_scope=eks_v1.CfnAccessEntry.AccessScopeProperty(type="cluster"),
                )
            ],
        )


def _cluster_policy(name: str) -> eks.IAccessPolicy:
    return eks.AccessPolicy.from_access_policy_name(
        name, access_scope_type=eks.AccessScopeType.CLUSTER
    )
