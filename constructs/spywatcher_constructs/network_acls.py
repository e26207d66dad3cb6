"""Network ACLs of a three-tier VPC: one a tier, each with what the tier needs."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_ec2 as ec2

from constructs import Construct
from spywatcher_constructs.three_tier_vpc import ThreeTierVpc

_ANYWHERE = "0.0.0.0/0"
_FIRST_EPHEMERAL_PORT = 1024


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """An entry, under the number that it keeps: CloudFormation replaces a renumbered one."""

    number: int
    name: str
    range: str
    traffic: ec2.AclTraffic
    action: ec2.Action = ec2.Action.ALLOW


class TierNetworkAcls(Construct):
    """What may cross the border of each tier. What stays inside one subnet meets no ACL.

    ACLs keep no state, so what comes back needs its own entry: to the ports 1024 to 65535, since
    NAT gateways, load balancers and Lambda functions pick from all of these ("Ephemeral ports",
    Amazon VPC user guide). What ACLs cannot tell apart, the security groups do.

    - Private tier: everything inside it. EKS asks for it: kubelet, DNS, webhooks, the control
      plane's interfaces and every pod's own port, in whatever zone the other end is.
    - Database tier: no entry for what its own members exchange. RDS replicates to a standby and
      ElastiCache to a replica outside of the subnets' rules: AWS documents a rule for the
      clients and none for the members, whose security groups would need one first.
    - DNS and time: the VPC's resolver and the Amazon Time Sync Service meet no ACL.
    - "Fragmentation needed" (ICMP 3, code 4) from the internet: without it a path with a smaller
      MTU swallows large packets ("Path MTU Discovery", Amazon VPC user guide).
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ThreeTierVpc,
        public_ports: Sequence[int],
        application_ports: Sequence[int],
        database_ports: Sequence[int],
    ) -> None:
        """Make the ACLs and put each in front of its subnets.

        Args:
            scope: where the construct lives.
            construct_id: its id there.
            vpc: the VPC.
            public_ports: TCP ports that the internet may reach in the public tier, 443 among
                them: the private tier's own HTTPS enters by the same entry on its way to NAT.
            application_ports: TCP ports that the public tier may reach in the private one.
            database_ports: TCP ports, from 1024 on, that the private tier may reach in the
                database tier.
        """
        super().__init__(scope, construct_id)
        self._vpc = vpc
        self._public = vpc.tier_range("public")
        self._private = vpc.tier_range("private")
        self._database = vpc.tier_range("database")
        self._make(
            "public",
            ingress=self._into_public(public_ports),
            egress=self._out_of_public(application_ports),
        )
        self._make(
            "private",
            ingress=self._into_private(application_ports),
            egress=self._out_of_private(database_ports),
        )
        from_private = _ports(100, self._private, database_ports)
        self._make("database", ingress=from_private, egress=[_returns(300, self._private)])

    def _into_public(self, public_ports: Sequence[int]) -> list[_Entry]:
        return [
            *_ports(100, _ANYWHERE, public_ports),
            _too_large(200, _ANYWHERE),
            # From the servers that NAT reaches, and from pods to the load balancer.
            _returns(300, _ANYWHERE),
        ]

    def _out_of_public(self, application_ports: Sequence[int]) -> list[_Entry]:
        """A port from 1024 on needs no entry of its own: that of the returning traffic has it."""
        low = [port for port in application_ports if port < _FIRST_EPHEMERAL_PORT]
        return [
            *_ports(100, self._private, low),
            _Entry(number=150, name="Https", range=_ANYWHERE, traffic=ec2.AclTraffic.tcp_port(443)),
            _too_large(200, self._private),
            # To the clients, and from the servers that NAT reaches to the private tier.
            _returns(300, _ANYWHERE),
        ]

    def _into_private(self, application_ports: Sequence[int]) -> list[_Entry]:
        """Refuse the rest of the public tier: the returns' entry would let in ports from 1024."""
        everything = ec2.AclTraffic.all_traffic()
        return [
            _Entry(number=50, name="Tier", range=self._private, traffic=everything),
            *_ports(100, self._public, application_ports),
            _too_large(200, _ANYWHERE),
            _Entry(
                number=250,
                name="OtherPublic",
                range=self._public,
                traffic=everything,
                action=ec2.Action.DENY,
            ),
            # From the servers that NAT reaches, and from the database tier.
            _returns(300, _ANYWHERE),
        ]

    def _out_of_private(self, database_ports: Sequence[int]) -> list[_Entry]:
        """HTTPS goes anywhere: AWS's APIs, image registries and Discord have no fixed ranges."""
        traffic = ec2.AclTraffic
        return [
            _Entry(number=50, name="Tier", range=self._private, traffic=traffic.all_traffic()),
            *_ports(100, self._database, database_ports),
            _Entry(number=150, name="Https", range=_ANYWHERE, traffic=traffic.tcp_port(443)),
            _returns(300, self._public),
        ]

    def _make(self, tier: str, *, ingress: Sequence[_Entry], egress: Sequence[_Entry]) -> None:
        selection = ec2.SubnetSelection(subnet_group_name=tier)
        acl = ec2.NetworkAcl(self, tier.capitalize(), vpc=self._vpc, subnet_selection=selection)
        for direction, prefix, entries in (
            (ec2.TrafficDirection.INGRESS, "In", ingress),
            (ec2.TrafficDirection.EGRESS, "Out", egress),
        ):
            for entry in entries:
                acl.add_entry(
                    f"{prefix}{entry.name}",
                    direction=direction,
                    rule_number=entry.number,
                    cidr=ec2.AclCidr.ipv4(entry.range),
                    traffic=entry.traffic,
                    rule_action=entry.action,
                )


def _ports(first_number: int, range_: str, ports: Sequence[int]) -> list[_Entry]:
    return [
        _Entry(
            number=first_number + index,
            name=f"Port{port}",
            range=range_,
            traffic=ec2.AclTraffic.tcp_port(port),
        )
        for index, port in enumerate(ports)
    ]


def _returns(number: int, range_: str) -> _Entry:
    traffic = ec2.AclTraffic.tcp_port_range(_FIRST_EPHEMERAL_PORT, 65535)
    return _Entry(number=number, name="Returns", range=range_, traffic=traffic)


def _too_large(number: int, range_: str) -> _Entry:
    traffic = ec2.AclTraffic.icmp(type=3, code=4)
    return _Entry(number=number, name="FragmentationNeeded", range=range_, traffic=traffic)
