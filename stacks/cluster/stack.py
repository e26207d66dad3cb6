"""The cluster stack: EKS with its nodes, add-ons and controllers."""

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_kms as kms

from settings import StageSettings
from settings.names import SecretNames
from stacks.cluster import cloudshell, kubectl_provider
from stacks.cluster.access_entries import AccessEntries
from stacks.cluster.add_ons import AddOns
from stacks.cluster.control_plane import create_cluster, create_log_group
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
from stacks.cluster.security_group_rules import allow_https_to_endpoints, allow_pod_traffic
from stacks.network.security_groups import SecurityGroups
from stacks.security.keys import Keys
from stacks.security.roles import Roles
from stacks.shared.kubectl_concurrency import limit_kubectl_concurrency
from stacks.shared.names import cluster_name
from stacks.shared.stage_stack import StageStack


class ClusterStack(StageStack):
    """The Kubernetes cluster. Its API is private, unless the settings name public ranges."""

    def __init__(
        self,
        stage: cdk.Stage,
        *,
        settings: StageSettings,
        vpc: ec2.IVpc,
        security_groups: SecurityGroups,
        roles: Roles,
        keys: Keys,
    ) -> None:
        """Create the stack.

        Args:
            stage: The stage of the stack.
            settings: The settings of the stage.
            vpc: The VPC, whose private subnets hold the nodes and the pods.
            security_groups: The groups of the load balancer, the data stores and the endpoints.
            roles: The roles of people, which get access to the cluster.
            keys: The KMS keys of etcd, the nodes' volumes, the logs and the pods' secrets.
        """
        super().__init__(stage, "cluster", settings=settings, description="EKS and its nodes")
        kubectl_group = kubectl_provider.create_security_group(self, vpc)
        cloudshell_group = cloudshell.create_security_group(self, settings, vpc)
        self.control_plane_logs = create_log_group(self, settings, keys.logs)
        cluster = create_cluster(
            self,
            settings=settings,
            vpc=vpc,
            log_group=self.control_plane_logs,
            kubectl_group=kubectl_group,
            cloudshell_group=cloudshell_group,
            etcd_key=keys.cluster,
            logs_key=keys.logs,
        )
        # The library's stub of the class lacks a member of the interface that it implements.
        self.cluster = cast(eks.ICluster, cluster)
        AccessEntries(self, "Access", cluster=self.cluster, roles=roles)
        add_ons = AddOns(
            self,
            "AddOns",
            settings=settings.cluster,
            cluster=self.cluster,
            cluster_name=cluster_name(settings),
            logs_key=keys.logs,
        )
        self.pod_logs = add_ons.pod_logs
        nodes = NodeGroup(
            self,
            "Nodes",
            settings=settings.cluster,
            cluster=self.cluster,
            cluster_name=cluster_name(settings),
            volumes_key=keys.volumes,
        )
        nodes.node.add_dependency(*add_ons.before_nodes)
        add_ons.create_after(nodes)
        self.node_group_names = [nodes.name]
        node_patching = NodePatching(
            self,
            "NodePatching",
            settings=settings,
            groups=[nodes.nodegroup],
            launch_template_id=nodes.launch_template_id,
            logs_key=keys.logs,
        )
        RolePolicies(
            self,
            "RolePolicies",
            cluster=self.cluster,
            node_groups=[nodes.nodegroup],
            node_patching=node_patching.state_machine,
            roles=roles,
        )
        cloudshell.CloudShellPolicy(
            self,
            "CloudShellPolicy",
            vpc=vpc,
            security_group=cloudshell_group,
            roles=[roles.reader, roles.on_call, roles.admin],
        )
        controllers = ControllerReleases(
            self,
            "Controllers",
            controllers=self._declare_controllers(settings, vpc, nodes.nodegroup, keys.secrets),
            cluster=self.cluster,
            cluster_name=cluster_name(settings),
            dependencies=[nodes, add_ons.coredns],
        )
        self.target_registration_role = controllers.roles[LOAD_BALANCER_CONTROLLER]
        self._allow_traffic(cluster, nodes, kubectl_group, security_groups)
        if security_groups.endpoints is not None:
            allow_https_to_endpoints(
                self, cloudshell_group, security_groups.endpoints, "CloudShell"
            )
        limit_kubectl_concurrency(self)

    def _allow_traffic(
        self,
        cluster: eks.Cluster,
        nodes: NodeGroup,
        kubectl_group: ec2.ISecurityGroup,
        security_groups: SecurityGroups,
    ) -> None:
        """Add the security group rules of the pods and of the VPC endpoints."""
        # Not `cluster.connections`: it contains this group twice, and would double each rule.
        pods = ec2.SecurityGroup.from_security_group_id(
            self, "Pods", cluster.cluster_security_group_id
        )
        allow_pod_traffic(self, pods, security_groups)
        endpoints = security_groups.endpoints
        if endpoints is not None:
            cluster.node.add_dependency(
                allow_https_to_endpoints(self, kubectl_group, endpoints, "Kubectl provider")
            )
            nodes.node.add_dependency(allow_https_to_endpoints(self, pods, endpoints, "Pods"))

    def _declare_controllers(
        self,
        settings: StageSettings,
        vpc: ec2.IVpc,
        nodegroup: eks.Nodegroup,
        secrets_key: kms.IKey,
    ) -> list[Controller]:
        name, region = cluster_name(settings), self.region
        replicas = settings.cluster.controllers.replicas
        return [
            load_balancer_controller(
                cluster_name=name, region=region, vpc_id=vpc.vpc_id, replicas=replicas
            ),
            cluster_autoscaler(
                cluster_name=name,
                kubernetes_version=settings.cluster.kubernetes_version,
                region=region,
                node_group_arns=[nodegroup.nodegroup_arn],
                replicas=replicas,
            ),
            external_secrets(
                secret_arns=self._secret_arns(settings.secret_names),
                secrets_key_arn=secrets_key.key_arn,
                secrets_manager=f"secretsmanager.{region}.amazonaws.com",
                replicas=replicas,
            ),
            reloader(replicas=replicas),
            keda(replicas=replicas),
        ]

    def _secret_arns(self, names: SecretNames) -> list[str]:
        """Return the ARNs of the secrets that the pods use.

        The names replace references, because this stack must not depend on the data stack.
        Secrets Manager adds six characters to each name, which the question marks match
        ("Permissions policy examples", AWS Secrets Manager).
        """
        return [
            self.format_arn(
                service="secretsmanager",
                resource="secret",
                resource_name=f"{name}-??????",
                arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
            )
            for name in (
                names.application,
                names.cache_token,
                names.database_admin,
                names.database_application,
            )
        ]
