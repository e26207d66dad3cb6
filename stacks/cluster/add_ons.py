"""What EKS itself installs and keeps running in the cluster.

No driver for volumes: nothing in the cluster keeps data. PostgreSQL and Redis do, outside of it.
"""

import json
from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_eks as eks_v1
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs

from constructs import Construct, IDependable
from k8s.cloudwatch_agent import LOG_GROUP_SUFFIX, cloudwatch_agent
from settings.cluster import ClusterSettings
from settings.names import container_insights_log_group
from settings.versions import add_on_version
from spywatcher_constructs.encrypted_log_group import EncryptedLogGroup
from stacks.cluster.pod_identity import create_pod_role
from stacks.shared.acknowledgement import acknowledge
from stacks.shared.names import to_pascal_case

_BY_ZONE = {
    "maxSkew": 1,
    "topologyKey": "topology.kubernetes.io/zone",
    "whenUnsatisfiable": "ScheduleAnyway",
}
_AGENT_NAMESPACE = "amazon-cloudwatch"
_AGENT_ACCOUNT = "cloudwatch-agent"


class AddOns(Construct):
    """Those that nodes need to become ready, and those that need nodes.

    An add-on whose pods do not run is DEGRADED, which fails the stack: so the first kind comes
    before the nodes (its daemons start with each of them), the second after.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: ClusterSettings,
        cluster: eks.ICluster,
        cluster_name: str,
        logs_key: kms.IKey,
    ) -> None:
        """Make the add-ons.

        Args:
            scope: where the construct lives.
            construct_id: its id there.
            settings: the cluster's settings.
            cluster: where they run.
            cluster_name: its name, as text: roles and log groups carry it.
            logs_key: encrypts the pods' logs.
        """
        super().__init__(scope, construct_id)
        self._settings = settings
        self._cluster = cluster
        self._cluster_name = cluster_name
        self.before_nodes = [
            self._network(),
            self._add_on("kube-proxy"),
            self._add_on("eks-pod-identity-agent"),
        ]
        self.dns = self._dns()
        self.after_nodes = [
            self.dns,
            self._metrics_server(),
            self._cloudwatch(logs_key),
        ]

    def order(self, nodes: IDependable) -> None:
        """Put the nodes between the two kinds."""
        for add_on in self.after_nodes:
            add_on.node.add_dependency(nodes)

    def _add_on(
        self,
        name: str,
        configuration: Mapping[str, object] | None = None,
        identities: Sequence[eks_v1.CfnAddon.PodIdentityAssociationProperty] = (),
    ) -> eks_v1.CfnAddon:
        """Install an add-on. What somebody changed by hand is overwritten: the template rules."""
        settings = self._settings
        return eks_v1.CfnAddon(
            self,
            to_pascal_case(name),
            addon_name=name,
            addon_version=add_on_version(
                settings.kubernetes_version, name, settings.add_on_versions
            ),
            cluster_name=self._cluster.cluster_name,
            configuration_values=json.dumps(configuration) if configuration else None,
            pod_identity_associations=list(identities) or None,
            resolve_conflicts="OVERWRITE",
        )

    def _network(self) -> eks_v1.CfnAddon:
        """Give every pod an address, and enforce network policies.

        One address at a time, no prefix delegation: the address plan counts so, and of these pods
        a t3's memory holds few more than its 17 or 35 addresses (docs/decisions/0004).
        """
        role = create_pod_role(
            self,
            "NetworkRole",
            cluster_name=self._cluster_name,
            namespace="kube-system",
            service_account="aws-node",
        )
        role.add_managed_policy(
            iam.ManagedPolicy.from_aws_managed_policy_name("AmazonEKS_CNI_Policy")
        )
        acknowledge(
            role,
            "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/AmazonEKS_CNI_Policy]",
            reason="AWS changes it with the add-on; without the right permission no pod gets an "
            "address. Pod Identity gives it to the pods of aws-node alone, not to the nodes.",
        )
        return self._add_on(
            "vpc-cni",
            {"enableNetworkPolicy": "true"},
            [_identity(role, "aws-node")],
        )

    def _dns(self) -> eks_v1.CfnAddon:
        selector = {"labelSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}
        return self._add_on(
            "coredns",
            {
                "replicaCount": 2,
                "podDisruptionBudget": {"enabled": True, "maxUnavailable": 1},
                "topologySpreadConstraints": [{**_BY_ZONE, **selector}],
            },
        )

    def _metrics_server(self) -> eks_v1.CfnAddon:
        """Tell the autoscalers of pods how busy those are. A gap only delays them."""
        replicas = self._settings.controllers.replicas
        budget = {"podDisruptionBudget": {"enabled": True, "maxUnavailable": 1}}
        return self._add_on(
            "metrics-server", {"replicas": replicas, **(budget if replicas > 1 else {})}
        )

    def _cloudwatch(self, logs_key: kms.IKey) -> eks_v1.CfnAddon:
        """Send what containers write, and by setting how they do, to CloudWatch.

        Its permissions name its log groups, and these exist before: metrics travel as log events
        (embedded metric format), so that it needs no cloudwatch:PutMetricData.
        """
        kinds = ["application", "dataplane", "host", "performance"]
        if self._settings.application_metrics:
            kinds.append(LOG_GROUP_SUFFIX)
        self.log_groups = {kind: self._log_group(kind, logs_key) for kind in kinds}
        role = self._agent_role(list(self.log_groups.values()))
        add_on = self._add_on(
            "amazon-cloudwatch-observability",
            {
                "containerLogs": {"enabled": True},
                "containerInsights": {"enabled": self._settings.container_insights},
                "otelContainerInsights": {"enabled": False},
                "applicationSignals": {"enabled": False},
            },
            [_identity(role, _AGENT_ACCOUNT)],
        )
        add_on.node.add_dependency(*self.log_groups.values())
        if self._settings.application_metrics:
            self._read_application_metrics(add_on)
        return add_on

    def _read_application_metrics(self, add_on: eks_v1.CfnAddon) -> None:
        """Run an agent for the backend's own metrics, once the add-on has brought its kind."""
        agent = cloudwatch_agent(
            cluster_name=self._cluster_name,
            region=cdk.Stack.of(self).region,
            namespace=_AGENT_NAMESPACE,
            service_account=_AGENT_ACCOUNT,
        )
        eks.KubernetesManifest(
            self, "ApplicationMetrics", cluster=self._cluster, manifest=[agent], prune=True
        ).node.add_dependency(add_on)

    def _agent_role(self, groups: Sequence[logs.ILogGroup]) -> iam.Role:
        role = create_pod_role(
            self,
            "AgentRole",
            cluster_name=self._cluster_name,
            namespace=_AGENT_NAMESPACE,
            service_account=_AGENT_ACCOUNT,
        )
        iam.ManagedPolicy(
            self,
            "AgentPolicy",
            description="CloudWatch agent: write to the cluster's log groups",
            roles=[role],
            statements=[
                iam.PolicyStatement(
                    sid="WriteLogs",
                    actions=[
                        "logs:CreateLogStream",
                        "logs:DescribeLogStreams",
                        "logs:PutLogEvents",
                    ],
                    resources=[group.log_group_arn for group in groups],
                )
            ],
        )
        return role

    def _log_group(self, kind: str, logs_key: kms.IKey) -> logs.LogGroup:
        """Make a group that the agent would make itself, unencrypted and kept for ever."""
        return EncryptedLogGroup(
            self,
            f"{kind.capitalize()}Logs",
            log_group_name=container_insights_log_group(self._cluster_name, kind),
            encryption_key=logs_key,
            retention_days=self._settings.pod_log_retention_days,
        )


def _identity(
    role: iam.Role, service_account: str
) -> eks_v1.CfnAddon.PodIdentityAssociationProperty:
    return eks_v1.CfnAddon.PodIdentityAssociationProperty(
        role_arn=role.role_arn, service_account=service_account
    )
