"""Cluster: EKS, its nodes, and who reaches whom from inside it."""

from collections.abc import Sequence
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_eks as eks_v1
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk.lambda_layer_kubectl_v35 import KubectlV35Layer

from k8s.application import BACKEND, FRONTEND
from settings import StageSettings
from settings.names import SecretNames
from spywatcher_constructs.encrypted_log_group import EncryptedLogGroup
from spywatcher_constructs.three_tier_vpc import PRIVATE_SUBNETS
from stacks.cluster import kubectl_provider
from stacks.cluster.access_entries import ClusterAccess
from stacks.cluster.add_ons import AddOns
from stacks.cluster.controllers.cluster_autoscaler import cluster_autoscaler
from stacks.cluster.controllers.controller import Controller
from stacks.cluster.controllers.controller_releases import ControllerReleases
from stacks.cluster.controllers.external_secrets import external_secrets
from stacks.cluster.controllers.keda import keda
from stacks.cluster.controllers.load_balancer_controller import NAME as LOAD_BALANCER_CONTROLLER
from stacks.cluster.controllers.load_balancer_controller import load_balancer_controller
from stacks.cluster.controllers.reloader import reloader
from stacks.cluster.node_group import NodeGroup
from stacks.cluster.node_patching import NodePatching
from stacks.cluster.role_policies import RolePolicies
from stacks.shared.acknowledgement import acknowledge
from stacks.shared.base import StageStack
from stacks.shared.names import cluster_name, to_pascal_case
from stacks.shared.tags import stage_tags

_CONTROL_PLANE_LOGS = [
    eks.ClusterLoggingTypes.API,
    eks.ClusterLoggingTypes.AUDIT,
    eks.ClusterLoggingTypes.AUTHENTICATOR,
    eks.ClusterLoggingTypes.CONTROLLER_MANAGER,
    eks.ClusterLoggingTypes.SCHEDULER,
]


class ClusterStack(StageStack):
    """Kubernetes, reached from inside the VPC only."""

    def __init__(
        self,
        stage: cdk.Stage,
        *,
        settings: StageSettings,
        vpc: ec2.IVpc,
        load_balancer_group: ec2.ISecurityGroup,
        database_group: ec2.ISecurityGroup,
        cache_group: ec2.ISecurityGroup,
        endpoint_group: ec2.ISecurityGroup | None,
        admin_role: iam.IRole,
        reader_role: iam.IRole,
        on_call_role: iam.IRole,
        etcd_key: kms.IKey,
        secrets_key: kms.IKey,
        volumes_key: kms.IKey,
        logs_key: kms.IKey,
    ) -> None:
        """Make the stack for the stage.

        Args:
            stage: the stage that the stack belongs to.
            settings: the stage's settings.
            vpc: its private subnets take the nodes and the pods.
            load_balancer_group: may reach the pods.
            database_group: the pods may reach it.
            cache_group: the pods may reach it.
            endpoint_group: the pods and the kubectl provider may reach it, where there is one.
            admin_role: administers the cluster.
            reader_role: reads in it, secrets aside.
            on_call_role: restarts, scales and rolls back the application.
            etcd_key: encrypts Kubernetes secrets in etcd.
            secrets_key: encrypts what External Secrets reads from Secrets Manager.
            volumes_key: encrypts the nodes' volumes.
            logs_key: encrypts the logs of control plane and pods.
        """
        super().__init__(stage, "cluster", settings=settings, description="EKS and its nodes")
        self._kubectl_group = self._make_kubectl_group(vpc)
        self._control_plane_group = self._make_control_plane_group(vpc)
        made = self._make_cluster(settings, vpc, etcd_key, logs_key)
        # The library's stubs lack a member of the interface that its class implements.
        self.cluster = cast(eks.ICluster, made)
        ClusterAccess(
            self,
            "Access",
            cluster=self.cluster,
            admin=admin_role,
            reader=reader_role,
            on_call=on_call_role,
        )
        self._add_ons = self._install_add_ons(settings, logs_key)
        self.pod_logs = self._add_ons.pod_logs
        self.nodes = NodeGroup(
            self,
            "Nodes",
            settings=settings.cluster,
            cluster=self.cluster,
            volumes_key=volumes_key,
        )
        self.nodes.node.add_dependency(*self._add_ons.before_nodes)
        self._add_ons.create_after(self.nodes)
        node_patching = NodePatching(
            self,
            "NodePatching",
            settings=settings,
            groups=[self.nodes.nodegroup],
            launch_template_id=self.nodes.launch_template_id,
            logs_key=logs_key,
        )
        RolePolicies(
            self,
            "RolePolicies",
            cluster=self.cluster,
            node_patching=node_patching.state_machine,
            admin=admin_role,
            reader=reader_role,
            on_call=on_call_role,
        )
        self.node_group_names = [self.nodes.nodegroup.nodegroup_name]
        self.controllers = self._install_controllers(settings, vpc, secrets_key)
        self.target_registration_role = self.controllers.roles[LOAD_BALANCER_CONTROLLER]
        self._pods = self._open_ports(load_balancer_group, database_group, cache_group)
        if endpoint_group is not None:
            self._open_endpoints(made, endpoint_group)
        self._harden(made, settings, logs_key)

    def _make_cluster(
        self,
        settings: StageSettings,
        vpc: ec2.IVpc,
        etcd_key: kms.IKey,
        logs_key: kms.IKey,
    ) -> eks.Cluster:
        self.control_plane_logs = self._make_log_group(settings, logs_key)
        cluster = eks.Cluster(
            self,
            "Cluster",
            cluster_name=cluster_name(settings),
            version=eks.KubernetesVersion.of(settings.cluster.kubernetes_version),
            vpc=vpc,
            vpc_subnets=[PRIVATE_SUBNETS],
            endpoint_access=_endpoint_access(settings.cluster.public_access_ranges),
            secrets_encryption_key=etcd_key,
            cluster_logging=_CONTROL_PLANE_LOGS,
            default_capacity_type=eks.DefaultCapacityType.NODEGROUP,
            default_capacity=0,
            # What EKS would install unversioned, before the add-ons take over. Fixed by the first
            # deployment: a change replaces the cluster.
            bootstrap_self_managed_addons=False,
            security_group=self._control_plane_group,
            bootstrap_cluster_creator_admin_permissions=False,
            kubectl_provider_options=self._kubectl_options(vpc),
        )
        cluster.node.add_dependency(
            self.control_plane_logs,
            self._allow_ingress(
                self._kubectl_group, self._control_plane_group, 443, "Kubectl provider to the API"
            ),
        )
        return cluster

    def _harden(self, cluster: eks.Cluster, settings: StageSettings, logs_key: kms.IKey) -> None:
        """Set what the L2 has no property for, and acknowledge what stays."""
        cfn_cluster = cast(eks_v1.CfnCluster, cluster.node.default_child)
        cfn_cluster.deletion_protection = settings.deletion_protection
        acknowledge(
            cluster.node.find_child("Role"),
            "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/AmazonEKSClusterPolicy]",
            reason="What the control plane of EKS needs, which AWS changes with EKS; only the "
            "service eks.amazonaws.com takes the role.",
        )
        kubectl_provider.encrypt_logs(cluster, logs_key)
        kubectl_provider.tag_barrier(cluster, stage_tags(settings))
        kubectl_provider.acknowledge_findings(cluster)

    def _make_log_group(self, settings: StageSettings, logs_key: kms.IKey) -> logs.LogGroup:
        """Make the control plane's log group: EKS would make it itself, kept for ever."""
        return EncryptedLogGroup(
            self,
            "ControlPlaneLogs",
            log_group_name=f"/aws/eks/{cluster_name(settings)}/cluster",
            encryption_key=logs_key,
            retention_days=settings.cluster.control_plane_log_retention_days,
        )

    def _make_control_plane_group(self, vpc: ec2.IVpc) -> ec2.SecurityGroup:
        """Make the group that the API's interfaces carry beside the cluster's own.

        Left out, CDK would make one that lets everything out. It needs no way out: what the
        control plane asks of nodes and pods, the cluster's own group lets through.
        """
        return ec2.SecurityGroup(
            self,
            "ControlPlaneGroup",
            vpc=vpc,
            description="EKS API: who reaches it from outside of the cluster",
            allow_all_outbound=False,
        )

    def _kubectl_options(self, vpc: ec2.IVpc) -> eks.KubectlProviderOptions:
        return eks.KubectlProviderOptions(
            kubectl_layer=KubectlV35Layer(self, "Kubectl"),
            private_subnets=vpc.private_subnets,
            security_groups=[self._kubectl_group],
        )

    def _make_kubectl_group(self, vpc: ec2.IVpc) -> ec2.SecurityGroup:
        """Make the group of the functions that apply manifests and charts.

        Left out, they would share the cluster's own group, and reach every pod and every
        database that pods reach. HTTPS leads to the API, AWS's APIs and chart repositories, which
        have no fixed ranges.
        """
        group = ec2.SecurityGroup(
            self,
            "KubectlGroup",
            vpc=vpc,
            description="kubectl provider: to the EKS API and AWS APIs",
            allow_all_outbound=False,
        )
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "HTTPS")
        return group

    def _install_add_ons(self, settings: StageSettings, logs_key: kms.IKey) -> AddOns:
        return AddOns(
            self,
            "AddOns",
            settings=settings.cluster,
            cluster=self.cluster,
            cluster_name=cluster_name(settings),
            logs_key=logs_key,
        )

    def _install_controllers(
        self, settings: StageSettings, vpc: ec2.IVpc, secrets_key: kms.IKey
    ) -> ControllerReleases:
        """Install them side by side: none waits for another's webhook."""
        controllers = self._controllers(settings, vpc, secrets_key)
        return ControllerReleases(
            self,
            "Controllers",
            controllers=controllers,
            cluster=self.cluster,
            cluster_name=cluster_name(settings),
            dependencies=[self.nodes, self._add_ons.coredns],
        )

    def _controllers(
        self, settings: StageSettings, vpc: ec2.IVpc, secrets_key: kms.IKey
    ) -> list[Controller]:
        name, region = cluster_name(settings), self.region
        secrets = SecretNames(settings.resource_name())
        replicas = settings.cluster.controllers.replicas
        return [
            load_balancer_controller(
                cluster_name=name, region=region, vpc_id=vpc.vpc_id, replicas=replicas
            ),
            cluster_autoscaler(
                cluster_name=name,
                kubernetes_version=settings.cluster.kubernetes_version,
                region=region,
                node_group_arns=[self.nodes.nodegroup.nodegroup_arn],
                replicas=replicas,
            ),
            external_secrets(
                # By name: the data stack, which owns three of them, stands beside this one.
                secret_arns=[
                    self._secret_arn(secret)
                    for secret in (
                        secrets.application,
                        secrets.cache_token,
                        secrets.database_admin,
                        secrets.database_application,
                    )
                ],
                secrets_key_arn=secrets_key.key_arn,
                secrets_manager=f"secretsmanager.{region}.amazonaws.com",
                replicas=replicas,
            ),
            reloader(replicas=replicas),
            keda(replicas=replicas),
        ]

    def _secret_arn(self, name: str) -> str:
        """Return the ARN of a secret of another stack by its name.

        Secrets Manager adds six characters, for which the question marks stand ("Permissions
        policy examples", AWS Secrets Manager).
        """
        return self.format_arn(
            service="secretsmanager",
            resource="secret",
            resource_name=f"{name}-??????",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )

    def _open_ports(
        self,
        load_balancer_group: ec2.ISecurityGroup,
        database_group: ec2.ISecurityGroup,
        cache_group: ec2.ISecurityGroup,
    ) -> ec2.ISecurityGroup:
        """Let the load balancer reach the pods, and the pods the data stores; return their group.

        Pods and nodes use the group that EKS makes for the cluster, with rules of its own: all
        within the group, and all outwards. Not `cluster.connections`: it holds that group twice,
        and doubles every rule.
        """
        pods = ec2.SecurityGroup.from_security_group_id(
            self, "Pods", self.cluster.cluster_security_group_id
        )
        for service in (BACKEND, FRONTEND):
            self._connect(load_balancer_group, pods, service.port, f"ALB to {service.name}")
        self._allow_ingress(pods, database_group, 5432, "Pods to PostgreSQL")
        self._allow_ingress(pods, cache_group, 6379, "Pods to Redis")
        return pods

    def _open_endpoints(self, cluster: eks.Cluster, endpoint_group: ec2.ISecurityGroup) -> None:
        """Let in who uses AWS's APIs, before anybody does: private DNS leads there at once."""
        cluster.node.add_dependency(
            self._allow_ingress(
                self._kubectl_group, endpoint_group, 443, "Kubectl provider to endpoints"
            )
        )
        self.nodes.node.add_dependency(
            self._allow_ingress(self._pods, endpoint_group, 443, "Pods to endpoints")
        )

    def _connect(
        self, source: ec2.ISecurityGroup, target: ec2.ISecurityGroup, port: int, description: str
    ) -> None:
        """Let `source` reach `target`: out of the one and into the other."""
        self._allow_ingress(source, target, port, description)
        ec2.CfnSecurityGroupEgress(
            self,
            f"{to_pascal_case(description)}Egress",
            group_id=source.security_group_id,
            destination_security_group_id=target.security_group_id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=description,
        )

    def _allow_ingress(
        self, source: ec2.ISecurityGroup, target: ec2.ISecurityGroup, port: int, description: str
    ) -> ec2.CfnSecurityGroupIngress:
        """Let `source`, which may send there already, into `target`.

        Written as a resource: `Connections` would put the rule into the stack of its group, and
        the network stack would then depend on this one.
        """
        return ec2.CfnSecurityGroupIngress(
            self,
            f"{to_pascal_case(description)}Ingress",
            group_id=target.security_group_id,
            source_security_group_id=source.security_group_id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=description,
        )


def _endpoint_access(public_ranges: Sequence[str]) -> eks.EndpointAccess:
    if public_ranges:
        return eks.EndpointAccess.PUBLIC_AND_PRIVATE.only_from(*public_ranges)
    return eks.EndpointAccess.PRIVATE
