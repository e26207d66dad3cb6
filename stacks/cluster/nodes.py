"""The managed node group: the disks and metadata of its nodes, and their permissions in AWS."""

from typing import cast

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_eks as eks_v1
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from constructs import Construct
from settings.cluster import ClusterSettings, NodeGroupSettings
from spywatcher_constructs.three_tier_vpc import PRIVATE_SUBNETS
from stacks.shared.acknowledgement import acknowledge

_PULL_IMAGES = [
    "ecr:GetAuthorizationToken",
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
]
_JOIN_THE_CLUSTER = ["ec2:DescribeInstances", "ec2:DescribeInstanceTypes"]
_SESSION_MANAGER = [
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
]


class Nodes(Construct):
    """A managed node group of on-demand instances.

    No SSH: Session Manager leads to a node, and CloudTrail records who took it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: ClusterSettings,
        cluster: eks.ICluster,
        volumes_key: kms.IKey,
    ) -> None:
        """Make the group.

        Args:
            scope: where the construct lives.
            construct_id: its id there.
            settings: the cluster's settings.
            cluster: what the nodes join.
            volumes_key: encrypts their volumes.
        """
        super().__init__(scope, construct_id)
        self._cluster = cluster
        self._role = self._make_role()
        template = self._make_template(settings.nodes.volume_gib, volumes_key)
        self.template_id = template.launch_template_id or ""
        self._template = eks.LaunchTemplateSpec(
            id=self.template_id, version=template.latest_version_number
        )
        self.group = self._make_group(settings.nodes)
        # Without it, an upgrade of the control plane would leave the nodes where they are.
        cast(
            eks_v1.CfnNodegroup, self.group.node.default_child
        ).version = settings.kubernetes_version

    def _make_template(self, volume_gib: int, volumes_key: kms.IKey) -> ec2.LaunchTemplate:
        """Make the template: with a hop limit of 1 no pod reaches the node's own credentials."""
        return ec2.LaunchTemplate(
            self,
            "Template",
            require_imdsv2=True,
            http_put_response_hop_limit=1,
            block_devices=[
                ec2.BlockDevice(
                    device_name="/dev/xvda",
                    volume=ec2.BlockDeviceVolume.ebs(
                        volume_gib,
                        encrypted=True,
                        kms_key=volumes_key,
                        volume_type=ec2.EbsDeviceVolumeType.GP3,
                    ),
                )
            ],
        )

    def _make_group(self, group: NodeGroupSettings) -> eks.Nodegroup:
        # The AMI type is set: the L2's own fails from Kubernetes 1.33 on. One node at a time is
        # replaced, and not by force: a disruption budget is waited for.
        return eks.Nodegroup(
            self,
            "OnDemand",
            cluster=self._cluster,
            ami_type=eks.NodegroupAmiType.AL2023_X86_64_STANDARD,
            capacity_type=eks.CapacityType.ON_DEMAND,
            instance_types=[ec2.InstanceType(group.instance_type)],
            min_size=group.min_nodes,
            desired_size=group.desired_nodes,
            max_size=group.max_nodes,
            max_unavailable=1,
            force_update=False,
            enable_node_auto_repair=True,
            subnets=PRIVATE_SUBNETS,
            launch_template_spec=self._template,
            node_role=self._role,
        )

    def _make_role(self) -> iam.Role:
        """Make the nodes' role: what nodes need, nothing for pods, which have roles of their own.

        Instead of AWS's managed policies. AmazonEKSWorkerNodePolicy describes the whole network,
        AmazonSSMManagedInstanceCore reads every parameter.
        """
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
        policy = iam.ManagedPolicy(
            self,
            "Policy",
            description="EKS nodes: join, pull images, Session Manager, hand out pod identities",
            roles=[role],
            statements=[
                _allow([self._cluster.cluster_arn], "eks-auth:AssumeRoleForPodIdentity"),
                _allow(["*"], *_JOIN_THE_CLUSTER, *_PULL_IMAGES, *_SESSION_MANAGER),
            ],
        )
        acknowledge(
            policy,
            "AwsSolutions-IAM5[Resource::*]",
            "CKV_AWS_111",
            reason="Descriptions, registry tokens and Session Manager's channels know no narrower "
            "resource; images of the add-ons lie in AWS's registries, an account for each region. "
            "No action reads the application's data, and pods do not reach this role.",
        )
        return role


def _allow(resources: list[str], *actions: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=list(actions), resources=resources)
