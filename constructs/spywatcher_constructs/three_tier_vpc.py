"""A VPC of three tiers: what the internet reaches, what runs, and what is kept."""

import ipaddress
from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs

from spywatcher_constructs.encrypted_log_group import EncryptedLogGroup

PUBLIC_SUBNETS = ec2.SubnetSelection(subnet_group_name="public")
PRIVATE_SUBNETS = ec2.SubnetSelection(subnet_group_name="private")
DATABASE_SUBNETS = ec2.SubnetSelection(subnet_group_name="database")

_TYPES = {
    "public": ec2.SubnetType.PUBLIC,
    "private": ec2.SubnetType.PRIVATE_WITH_EGRESS,
    "database": ec2.SubnetType.PRIVATE_ISOLATED,
}


class ThreeTierVpc(ec2.Vpc):
    """Public, private and database subnets, and a log of what passes.

    The private tier reaches the internet through NAT gateways; the database tier has no route to
    it. Every tier lies in one range of a power of two, `tier_range`, so that a network ACL names
    it in one entry. Where the zones are three, that leaves the room of a fourth in each tier.
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
        """Make the VPC. Its ranges and zones are fixed by the first deploy.

        Args:
            scope: the stack.
            construct_id: its id there.
            name: the VPC's name.
            cidr: an IPv4 range, /16 to /28.
            availability_zones: the zones; a subnet of each tier in every one.
            nat_gateways: one a zone survives the loss of a zone; with fewer, zones share.
            public_prefix_length: of each public subnet; load balancers ask for /27 or larger.
            private_prefix_length: of each private subnet.
            database_prefix_length: of each database subnet.
            logs_key: encrypts the flow log; its policy must let CloudWatch Logs use it.
            flow_log_retention_days: how long the flow log is kept.
        """
        self._zones = len(availability_zones)
        lengths = {
            "public": public_prefix_length,
            "private": private_prefix_length,
            "database": database_prefix_length,
        }
        super().__init__(
            scope,
            construct_id,
            vpc_name=name,
            ip_addresses=ec2.IpAddresses.cidr(cidr),
            availability_zones=list(availability_zones),
            reserved_azs=self._places - self._zones,
            nat_gateways=nat_gateways,
            restrict_default_security_group=True,
            # The largest first: each tier then begins at a multiple of its own size.
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name=tier,
                    subnet_type=_TYPES[tier],
                    cidr_mask=length,
                    map_public_ip_on_launch=False if tier == "public" else None,
                )
                for tier, length in sorted(lengths.items(), key=lambda item: (item[1], item[0]))
            ],
        )
        self.flow_logs = self._log_flows(logs_key, flow_log_retention_days)

    @property
    def _places(self) -> int:
        """How many zones each tier has room for."""
        return 1 << (self._zones - 1).bit_length()

    @property
    def nat_gateway_ids(self) -> list[str]:
        """The ids of the NAT gateways, zone by zone: CDK's VPC keeps them to itself."""
        return [
            part.attr_nat_gateway_id
            for subnet in self.public_subnets
            for part in subnet.node.find_all()
            if isinstance(part, ec2.CfnNatGateway)
        ]

    def tier_range(self, tier: str) -> str:
        """Return the range of `public`, `private` or `database`: its subnets, and no other."""
        subnets = {
            "public": self.public_subnets,
            "private": self.private_subnets,
            "database": self.isolated_subnets,
        }[tier]
        first = ipaddress.IPv4Network(subnets[0].ipv4_cidr_block)
        return str(first.supernet(self._places.bit_length() - 1))

    def _log_flows(self, key: kms.IKey, retention_days: int) -> logs.LogGroup:
        group = EncryptedLogGroup(
            self, "FlowLogs", encryption_key=key, retention_days=retention_days
        )
        self.add_flow_log(
            "FlowLog",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(group),
            traffic_type=ec2.FlowLogTrafficType.ALL,
        )
        return group
