"""Cluster: EKS, its nodes, and who reaches whom from inside it."""

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk.lambda_layer_kubectl_v35 import KubectlV35Layer

from k8s.application import BACKEND, FRONTEND
from settings import StageSettings
from spywatcher_constructs.log_retention import log_retention
from stacks.base import StageStack
from stacks.network import PRIVATE

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
            secrets_key: encrypts Kubernetes secrets in etcd.
            volumes_key: encrypts the nodes' volumes.
            logs_key: encrypts the control plane's logs.
        """
        super().__init__(stage, "cluster", settings=settings, description="EKS and its nodes")
        self._kubectl_group = self._make_kubectl_group(vpc)
        self._control_plane_group = self._make_control_plane_group(vpc)
        made = self._make_cluster(settings, vpc, secrets_key, logs_key)
        # The library's stubs lack a member of the interface that its class implements.
        self.cluster = cast(eks.ICluster, made)
        self.node_group = self._add_nodes(settings, volumes_key)
        # Pods and nodes use the group that EKS makes for the cluster, with rules of its own: all
        # within the group, and all outwards. Not `cluster.connections`: it holds that group
        # twice, and doubles every rule.
        self._pods = ec2.SecurityGroup.from_security_group_id(
            self, "Pods", self.cluster.cluster_security_group_id
        )
        for service in (BACKEND, FRONTEND):
            self._connect(load_balancer_group, self._pods, service.port, f"ALB to {service.name}")
        self._admit(self._pods, database_group, 5432, "Pods to PostgreSQL")
        self._admit(self._pods, cache_group, 6379, "Pods to Redis")
        if endpoint_group is not None:
            self._open_endpoints(made, endpoint_group)

    def _make_cluster(
        self,
        settings: StageSettings,
        vpc: ec2.IVpc,
        secrets_key: kms.IKey,
        logs_key: kms.IKey,
    ) -> eks.Cluster:
        name = settings.resource_name()
        # EKS would make this group itself, unencrypted and kept for ever.
        log_group = logs.LogGroup(
            self,
            "ControlPlaneLogs",
            log_group_name=f"/aws/eks/{name}/cluster",
            retention=log_retention(settings.cluster.control_plane_log_retention_days),
            encryption_key=logs_key,
            removal_policy=self.removal_policy,
        )
        cluster = eks.Cluster(
            self,
            "Cluster",
            cluster_name=name,
            version=eks.KubernetesVersion.of(settings.cluster.kubernetes_version),
            vpc=vpc,
            vpc_subnets=[PRIVATE],
            endpoint_access=eks.EndpointAccess.PRIVATE,
            secrets_encryption_key=secrets_key,
            cluster_logging=_CONTROL_PLANE_LOGS,
            default_capacity_type=eks.DefaultCapacityType.NODEGROUP,
            default_capacity=0,
            security_group=self._control_plane_group,
            bootstrap_cluster_creator_admin_permissions=False,
            kubectl_provider_options=eks.KubectlProviderOptions(
                kubectl_layer=KubectlV35Layer(self, "Kubectl"),
                private_subnets=vpc.select_subnets(subnet_group_name="private").subnets,
                security_groups=[self._kubectl_group],
            ),
        )
        cluster.node.add_dependency(
            log_group,
            self._admit(
                self._kubectl_group, self._control_plane_group, 443, "Kubectl provider to the API"
            ),
        )
        return cluster

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

    def _add_nodes(self, settings: StageSettings, volumes_key: kms.IKey) -> eks.Nodegroup:
        nodes = settings.cluster.nodes
        template = ec2.LaunchTemplate(
            self,
            "NodeTemplate",
            require_imdsv2=True,
            http_put_response_hop_limit=1,
            block_devices=[
                ec2.BlockDevice(
                    device_name="/dev/xvda",
                    volume=ec2.BlockDeviceVolume.ebs(
                        nodes.volume_gib,
                        encrypted=True,
                        kms_key=volumes_key,
                        volume_type=ec2.EbsDeviceVolumeType.GP3,
                    ),
                )
            ],
        )
        return eks.Nodegroup(
            self,
            "Nodes",
            cluster=self.cluster,
            ami_type=eks.NodegroupAmiType.AL2023_X86_64_STANDARD,
            instance_types=[ec2.InstanceType(nodes.instance_type)],
            min_size=nodes.min_nodes,
            desired_size=nodes.desired_nodes,
            max_size=nodes.max_nodes,
            max_unavailable=1,
            subnets=PRIVATE,
            launch_template_spec=eks.LaunchTemplateSpec(
                id=template.launch_template_id or "",
                version=template.latest_version_number,
            ),
            node_role=self._node_role(),
        )

    def _node_role(self) -> iam.Role:
        managed = (
            "AmazonEKSWorkerNodePolicy",
            "AmazonEKS_CNI_Policy",
            "AmazonEC2ContainerRegistryPullOnly",
            "AmazonSSMManagedInstanceCore",
        )
        return iam.Role(
            self,
            "NodeRole",
            assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"),
            managed_policies=[
                iam.ManagedPolicy.from_aws_managed_policy_name(name) for name in managed
            ],
        )

    def _open_endpoints(self, cluster: eks.Cluster, endpoint_group: ec2.ISecurityGroup) -> None:
        """Let in who uses AWS's APIs, before anybody does: private DNS leads there at once."""
        cluster.node.add_dependency(
            self._admit(self._kubectl_group, endpoint_group, 443, "Kubectl provider to endpoints")
        )
        self.node_group.node.add_dependency(
            self._admit(self._pods, endpoint_group, 443, "Pods to endpoints")
        )

    def _connect(
        self, source: ec2.ISecurityGroup, target: ec2.ISecurityGroup, port: int, description: str
    ) -> None:
        """Let `source` reach `target`: out of the one and into the other."""
        self._admit(source, target, port, description)
        ec2.CfnSecurityGroupEgress(
            self,
            f"{_words(description)}Egress",
            group_id=source.security_group_id,
            destination_security_group_id=target.security_group_id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=description,
        )

    def _admit(
        self, source: ec2.ISecurityGroup, target: ec2.ISecurityGroup, port: int, description: str
    ) -> ec2.CfnSecurityGroupIngress:
        """Let `source`, which may send there already, into `target`.

        Written as a resource: `Connections` would put the rule into the stack of its group, and
        the network stack would then depend on this one.
        """
        return ec2.CfnSecurityGroupIngress(
            self,
            f"{_words(description)}Ingress",
            group_id=target.security_group_id,
            source_security_group_id=source.security_group_id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=description,
        )


def _words(description: str) -> str:
    return "".join(word.capitalize() for word in description.split())
