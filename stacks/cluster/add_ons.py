"""The EKS add-ons of the cluster, each with its configuration and its IAM role.

There is no CSI driver for volumes: PostgreSQL and Redis store the data outside the cluster.
"""

import json
from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_eks as eks_v1
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from constructs import Construct, IDependable
from k8s.cloudwatch_agent import cloudwatch_agent, node_agent_configuration
from settings.cluster import ClusterSettings
from settings.versions import add_on_version
from stacks.cluster.pod_identity import create_pod_role
from stacks.cluster.pod_logs import create_pod_logs
from stacks.shared.acknowledgement import acknowledge
from stacks.shared.names import to_pascal_case

_AGENT_NAMESPACE = "amazon-cloudwatch"
_AGENT_SERVICE_ACCOUNT = "cloudwatch-agent"


class AddOns(Construct):
    """The add-ons that are created before the nodes, and those that are created after them.

    Nodes become ready only with the first ones, whose pods are DaemonSets. The others need nodes:
    the creation of an add-on fails if its pods do not run.
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
        """Create the add-ons.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            settings: The settings of the cluster.
            cluster: The cluster.
            cluster_name: The name of the cluster, as text.
            logs_key: The KMS key of the log groups.
        """
        super().__init__(scope, construct_id)
        self._settings = settings
        self._cluster = cluster
        self._cluster_name = cluster_name
        self.before_nodes = [
            self._create_vpc_cni(),
            self._create_add_on("kube-proxy"),
            self._create_add_on("eks-pod-identity-agent"),
        ]
        self.pod_logs = create_pod_logs(
            self, settings=settings, cluster_name=cluster_name, logs_key=logs_key
        )
        self.coredns = self._create_coredns()
        self._after_nodes = [
            self.coredns,
            self._create_metrics_server(),
            self._create_cloudwatch_observability(),
        ]

    def create_after(self, nodes: IDependable) -> None:
        """Make the add-ons that need nodes depend on the nodes."""
        for add_on in self._after_nodes:
            add_on.node.add_dependency(nodes)

    def _create_add_on(
        self,
        name: str,
        configuration: Mapping[str, object] | None = None,
        role: iam.Role | None = None,
        service_account: str = "",
    ) -> eks_v1.CfnAddon:
        """Create an add-on. EKS overwrites fields that were changed by hand.

        Args:
            name: The name of the add-on in EKS.
            configuration: The configuration values, by the add-on's own schema.
            role: The IAM role of the pods of `service_account`.
            service_account: The service account that receives the role.
        """
        settings = self._settings
        association = eks_v1.CfnAddon.PodIdentityAssociationProperty
        return eks_v1.CfnAddon(
            self,
            to_pascal_case(name),
            addon_name=name,
            addon_version=add_on_version(
                settings.kubernetes_version, name, settings.add_on_versions
            ),
            cluster_name=self._cluster.cluster_name,
            configuration_values=json.dumps(configuration) if configuration else None,
            pod_identity_associations=[
                association(role_arn=role.role_arn, service_account=service_account)
            ]
            if role
            else None,
            resolve_conflicts="OVERWRITE",
        )

    def _create_vpc_cni(self) -> eks_v1.CfnAddon:
        """Create the VPC CNI, which gives pods their addresses and enforces network policies.

        It assigns single addresses, without prefix delegation, as the address plan assumes. The
        memory of a t3 node holds few more pods than its 17 or 35 addresses (docs/decisions/0004).
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
            reason="AWS updates this policy with the add-on. Without a permission that a new "
            "version needs, no pod would get an address. EKS Pod Identity gives the role to the "
            "pods of aws-node only, not to the nodes.",
        )
        return self._create_add_on("vpc-cni", {"enableNetworkPolicy": "true"}, role, "aws-node")

    def _create_coredns(self) -> eks_v1.CfnAddon:
        """Create the cluster's DNS server, with replicas in two zones if possible."""
        return self._create_add_on(
            "coredns",
            {
                "replicaCount": 2,
                "podDisruptionBudget": {"enabled": True, "maxUnavailable": 1},
                "topologySpreadConstraints": [
                    {
                        "maxSkew": 1,
                        "topologyKey": "topology.kubernetes.io/zone",
                        "whenUnsatisfiable": "ScheduleAnyway",
                        "labelSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
                    }
                ],
            },
        )

    def _create_metrics_server(self) -> eks_v1.CfnAddon:
        """Create the Metrics Server, which the autoscalers read. An outage only delays scaling."""
        replicas = self._settings.controllers.replicas
        budget = {"podDisruptionBudget": {"enabled": True, "maxUnavailable": 1}}
        return self._create_add_on(
            "metrics-server", {"replicas": replicas, **(budget if replicas > 1 else {})}
        )

    def _create_cloudwatch_observability(self) -> eks_v1.CfnAddon:
        """Create the add-on that sends logs to CloudWatch, and metrics if the settings enable them.

        It sends metrics as log events (embedded metric format). Its role therefore needs no
        cloudwatch:PutMetricData, only permissions on the log groups.
        """
        configuration: dict[str, object] = {
            "containerLogs": {"enabled": True},
            "containerInsights": {"enabled": self._settings.container_insights},
            "otelContainerInsights": {"enabled": False},
            "applicationSignals": {"enabled": False},
        }
        if not self._settings.container_insights:
            agent = node_agent_configuration(
                cluster_name=self._cluster_name, region=cdk.Stack.of(self).region
            )
            configuration["agent"] = {"config": agent}
        add_on = self._create_add_on(
            "amazon-cloudwatch-observability",
            configuration,
            self._create_agent_role(),
            _AGENT_SERVICE_ACCOUNT,
        )
        add_on.node.add_dependency(*self.pod_logs.groups())
        if self._settings.application_metrics:
            self._create_application_metrics_agent().node.add_dependency(add_on)
        return add_on

    def _create_agent_role(self) -> iam.Role:
        role = create_pod_role(
            self,
            "AgentRole",
            cluster_name=self._cluster_name,
            namespace=_AGENT_NAMESPACE,
            service_account=_AGENT_SERVICE_ACCOUNT,
        )
        policy = iam.ManagedPolicy(
            self,
            "AgentPolicy",
            description="CloudWatch agent: write to the cluster's log groups",
            statements=[
                iam.PolicyStatement(
                    sid="WriteLogs",
                    actions=[
                        "logs:CreateLogStream",
                        "logs:DescribeLogStreams",
                        "logs:PutLogEvents",
                    ],
                    resources=[group.log_group_arn for group in self.pod_logs.groups()],
                )
            ],
        )
        # A reference from the role, so that the add-on waits for the policy.
        role.add_managed_policy(policy)
        return role

    def _create_application_metrics_agent(self) -> eks.KubernetesManifest:
        """Create the agent that reads the backend's metrics. Its kind is defined by the add-on."""
        agent = cloudwatch_agent(
            cluster_name=self._cluster_name,
            region=cdk.Stack.of(self).region,
            namespace=_AGENT_NAMESPACE,
            service_account=_AGENT_SERVICE_ACCOUNT,
        )
        return eks.KubernetesManifest(
            self, "ApplicationMetrics", cluster=self._cluster, manifest=[agent], prune=True
        )
