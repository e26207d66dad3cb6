"""A VPC with a public, a private and a database tier of subnets."""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Literal, cast

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs

from spywatcher_constructs.encrypted_log_group import EncryptedLogGroup

PUBLIC_SUBNETS = ec2.SubnetSelection(subnet_group_name="public")
PRIVATE_SUBNETS = ec2.SubnetSelection(subnet_group_name="private")
DATABASE_SUBNETS = ec2.SubnetSelection(subnet_group_name="database")

Tier = Literal["public", "private", "database"]

_SUBNET_TYPES: Mapping[Tier, ec2.SubnetType] = {
    "public": ec2.SubnetType.PUBLIC,
    "private": ec2.SubnetType.PRIVATE_WITH_EGRESS,
    "database": ec2.SubnetType.PRIVATE_ISOLATED,
}


class ThreeTierVpc(ec2.Vpc):
    """A VPC with a subnet of each tier in every Availability Zone, and a flow log.

    The public tier has a route to the internet, and the private tier reaches it through NAT
    gateways. The database tier has no route to it.

    The subnets of a tier form one IPv4 range, `tier_cidr`, so that a network ACL needs one entry
    for a tier. The range has space for a power of two of zones: with three zones, for a fourth.
    """

    def __init__(
        self,
        scope: cdk.Stack,
        construct_id: str,
        *,
        name: str,
        cidr: str,
        availability_zones: Sequence[str],
        nat_gateways: int,
        public_prefix_length: int,
        private_prefix_length: int,
        database_prefix_length: int,
        logs_key: kms.IKey,
        flow_log_retention_days: int,
    ) -> None:
        """Create the VPC. Its ranges and its zones cannot change after the first deployment.

        Args:
            scope: The stack.
            construct_id: The id of the construct.
            name: The name of the VPC.
            cidr: The IPv4 range of the VPC, /16 to /28.
            availability_zones: The Availability Zones.
            nat_gateways: The number of NAT gateways. With one in each zone, the loss of a zone
                does not affect the others. With fewer, zones share them.
            public_prefix_length: The prefix length of each public subnet. A load balancer needs
                /27 or a larger subnet.
            private_prefix_length: The prefix length of each private subnet.
            database_prefix_length: The prefix length of each database subnet.
            logs_key: The KMS key of the flow log. Its policy must allow CloudWatch Logs to use it.
            flow_log_retention_days: How long CloudWatch keeps the flow log.
        """
        self._zones_per_tier = 1 << (len(availability_zones) - 1).bit_length()
        super().__init__(
            scope,
            construct_id,
            vpc_name=name,
            ip_addresses=ec2.IpAddresses.cidr(cidr),
            availability_zones=list(availability_zones),
            reserved_azs=self._zones_per_tier - len(availability_zones),
            nat_gateways=nat_gateways,
            restrict_default_security_group=True,
            subnet_configuration=_subnet_configuration(
                {
                    "public": public_prefix_length,
                    "private": private_prefix_length,
                    "database": database_prefix_length,
                }
            ),
        )
        self.flow_logs = self._log_flows(logs_key, flow_log_retention_days)

    @property
    def nat_gateways(self) -> list[ec2.CfnNatGateway]:
        """The NAT gateways by zone, which the base class does not offer."""
        return [
            resource
            for subnet in self.public_subnets
            for resource in subnet.node.find_all()
            if isinstance(resource, ec2.CfnNatGateway)
        ]

    @property
    def nat_gateway_ids(self) -> list[str]:
        """The ids of the NAT gateways by zone."""
        return [gateway.attr_nat_gateway_id for gateway in self.nat_gateways]

    def tier_cidr(self, tier: Tier) -> str:
        """Return the IPv4 range that contains the subnets of a tier, and no other subnet."""
        match tier:
            case "public":
                subnet = self.public_subnets[0]
            case "private":
                subnet = self.private_subnets[0]
            case "database":
                subnet = self.isolated_subnets[0]
        first = ipaddress.IPv4Network(subnet.ipv4_cidr_block)
        return str(first.supernet(self._zones_per_tier.bit_length() - 1))

    def _log_flows(self, key: kms.IKey, retention_days: int) -> logs.ILogGroup:
        log_group = EncryptedLogGroup(
            self, "FlowLogs", encryption_key=key, retention_days=retention_days
        )
        flow_log = self.add_flow_log(
            "FlowLog",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(log_group),
            traffic_type=ec2.FlowLogTrafficType.ALL,
        )
        # A flow log without these permissions has the status "Access error", and loses records.
        resource = cast(cdk.CfnResource, flow_log.node.default_child)
        resource.node.add_dependency(flow_log.node.find_child("IAMRole"))
        return log_group


def _subnet_configuration(prefix_lengths: Mapping[Tier, int]) -> list[ec2.SubnetConfiguration]:
    """Return the tiers in the order of their size, so that the range of each is aligned to it."""
    return [
        ec2.SubnetConfiguration(
            name=tier,
            subnet_type=_SUBNET_TYPES[tier],
            cidr_mask=prefix_length,
            map_public_ip_on_launch=False if tier == "public" else None,
        )
        for tier, prefix_length in sorted(
            prefix_lengths.items(), key=lambda item: (item[1], item[0])
        )
    ]
