"""The managed node group: its launch template, and the IAM role of its nodes."""

import hashlib
import string
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
_JOIN_CLUSTER = ["ec2:DescribeInstances", "ec2:DescribeInstanceTypes"]
_SESSION_MANAGER = [
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
]


_AMI_TYPE = eks.NodegroupAmiType.AL2023_X86_64_STANDARD
"""The L2's default AMI type fails from Kubernetes 1.33 on."""
_CAPACITY_TYPE = eks.CapacityType.ON_DEMAND


def node_group_name(cluster_name: str, instance_type: str) -> str:
    """Return the name of the node group, such as spywatcher-staging-t3-medium-hkebfjadln.

    The last word is a digest, in letters, of what replaces the group. A replacement therefore has
    another name, as CloudFormation requires. The dashboards search for the word.
    """
    replacing = (cluster_name, instance_type, _AMI_TYPE.value, _CAPACITY_TYPE.value)
    digest = hashlib.sha256("|".join(replacing).encode()).digest()[:10]
    word = "".join(string.ascii_lowercase[byte % 26] for byte in digest)
    return f"{cluster_name}-{instance_type.replace('.', '-')}-{word}"


class NodeGroup(Construct):
    """A managed node group of on-demand instances.

    The nodes have no SSH key. Session Manager reaches them, and CloudTrail records each session.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: ClusterSettings,
        cluster: eks.ICluster,
        cluster_name: str,
        volumes_key: kms.IKey,
    ) -> None:
        """Create the node group.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            settings: The settings of the cluster.
            cluster: The cluster of the nodes.
            cluster_name: The name of the cluster.
            volumes_key: The KMS key of the nodes' volumes.
        """
        super().__init__(scope, construct_id)
        self._cluster = cluster
        self.name = node_group_name(cluster_name, settings.nodes.instance_type)
        role = self._create_role()
        template = self._create_launch_template(settings.nodes.volume_gib, volumes_key)
        self.launch_template_id = template.launch_template_id or ""
        self.nodegroup = self._create_nodegroup(settings.nodes, template, role)
        # Without a version, an upgrade of the control plane would not upgrade the nodes.
        cfn_nodegroup = cast(eks_v1.CfnNodegroup, self.nodegroup.node.default_child)
        cfn_nodegroup.version = settings.kubernetes_version

    def _create_launch_template(self, volume_gib: int, volumes_key: kms.IKey) -> ec2.LaunchTemplate:
        """Create the template. A hop limit of 1 keeps pods from the credentials of the node."""
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

    def _create_nodegroup(
        self, settings: NodeGroupSettings, template: ec2.LaunchTemplate, role: iam.Role
    ) -> eks.Nodegroup:
        """Create the node group. An update replaces one node at a time.

        Without `force_update`, EKS waits for the disruption budgets of the pods.
        """
        return eks.Nodegroup(
            self,
            "OnDemand",
            cluster=self._cluster,
            nodegroup_name=self.name,
            ami_type=_AMI_TYPE,
            capacity_type=_CAPACITY_TYPE,
            instance_types=[ec2.InstanceType(settings.instance_type)],
            min_size=settings.min_nodes,
            desired_size=settings.desired_nodes,
            max_size=settings.max_nodes,
            max_unavailable=1,
            force_update=False,
            enable_node_auto_repair=True,
            subnets=PRIVATE_SUBNETS,
            launch_template_spec=eks.LaunchTemplateSpec(
                id=self.launch_template_id, version=template.latest_version_number
            ),
            node_role=role,
        )

    def _create_role(self) -> iam.Role:
        """Create the role of the nodes. Pods have roles of their own (EKS Pod Identity).

        AWS's managed policies permit more: AmazonEKSWorkerNodePolicy describes the whole network,
        and AmazonSSMManagedInstanceCore reads every parameter.
        """
        policy = iam.ManagedPolicy(
            self,
            "Policy",
            description="EKS nodes: join, pull images, Session Manager, hand out pod identities",
            statements=[
                iam.PolicyStatement(
                    actions=["eks-auth:AssumeRoleForPodIdentity"],
                    resources=[self._cluster.cluster_arn],
                ),
                iam.PolicyStatement(
                    actions=[*_JOIN_CLUSTER, *_PULL_IMAGES, *_SESSION_MANAGER], resources=["*"]
                ),
            ],
        )
        acknowledge(
            policy,
            "AwsSolutions-IAM5[Resource::*]",
            "CKV_AWS_111",
            reason="Descriptions, registry tokens and the channels of Session Manager support no "
            "resource-level permissions. The images of the add-ons are in AWS's registries, in a "
            "different account for each region. No action reads the application's data, and pods "
            "cannot use this role.",
        )
        # The role refers to the policy, so that the nodes wait for it. A node that starts without
        # these permissions cannot join the cluster.
        return iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"),
            managed_policies=[policy],
        )
