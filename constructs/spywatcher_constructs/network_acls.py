"""The network ACLs of a three-tier VPC, one for each tier."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_ec2 as ec2

from constructs import Construct
from spywatcher_constructs.three_tier_vpc import ThreeTierVpc, Tier

_ANY_IPV4 = "0.0.0.0/0"
_FIRST_EPHEMERAL_PORT = 1024


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """An entry of a network ACL. Never change its number: CloudFormation replaces the entry."""

    number: int
    name: str
    cidr: str
    traffic: ec2.AclTraffic
    action: ec2.Action = ec2.Action.ALLOW


class TierNetworkAcls(Construct):
    """The traffic that may enter and leave each tier, as far as network ACLs can express it.

    Network ACLs filter traffic between subnets, and are stateless. Return traffic therefore needs
    its own entry, for the ports 1024 to 65535: NAT gateways, load balancers and Lambda functions
    use all of them ("Ephemeral ports", Amazon VPC user guide). Security groups filter the rest.

    - The private tier allows all traffic within itself. EKS needs it between its nodes, its pods
      and the network interfaces of the control plane, which are in different zones.
    - The database tier has no entry for traffic within itself. RDS and ElastiCache replicate
      outside the rules of the subnets: AWS documents a rule for clients and none for replicas.
    - Network ACLs do not filter DNS queries to the VPC resolver, or the Amazon Time Sync Service.
    - The ICMP message "fragmentation needed" (type 3, code 4) is allowed from the internet.
      Without it, large packets are lost on paths with a smaller MTU ("Path MTU Discovery",
      Amazon VPC user guide).
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
        """Create the network ACLs and associate them with the subnets.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            vpc: The VPC.
            public_ports: The TCP ports that the internet may reach in the public tier. One of them
                is 443, because the HTTPS requests of the private tier need this entry on their way
                to the NAT gateways.
            application_ports: The TCP ports that the public tier may reach in the private tier.
            database_ports: The TCP ports, from 1024 on, that the private tier may reach in the
                database tier.
        """
        super().__init__(scope, construct_id)
        self._vpc = vpc
        self._public = vpc.tier_cidr("public")
        self._private = vpc.tier_cidr("private")
        self._database = vpc.tier_cidr("database")
        self._create_acl(
            "public",
            ingress=self._public_ingress(public_ports),
            egress=self._public_egress(application_ports),
        )
        self._create_acl(
            "private",
            ingress=self._private_ingress(application_ports),
            egress=self._private_egress(database_ports),
        )
        self._create_acl(
            "database",
            ingress=_tcp_ports(100, self._private, database_ports),
            egress=[_return_traffic(300, self._private)],
        )

    def _public_ingress(self, public_ports: Sequence[int]) -> list[_Entry]:
        return [
            *_tcp_ports(100, _ANY_IPV4, public_ports),
            _fragmentation_needed(200, _ANY_IPV4),
            # From the servers that the NAT gateways reach, and from pods to the load balancer.
            _return_traffic(300, _ANY_IPV4),
        ]

    def _public_egress(self, application_ports: Sequence[int]) -> list[_Entry]:
        """Allow application ports below 1024. The entry for return traffic allows the others."""
        low_ports = [port for port in application_ports if port < _FIRST_EPHEMERAL_PORT]
        return [
            *_tcp_ports(100, self._private, low_ports),
            _Entry(number=150, name="Https", cidr=_ANY_IPV4, traffic=ec2.AclTraffic.tcp_port(443)),
            _fragmentation_needed(200, self._private),
            # To the clients, and from the servers that the NAT gateways reach to the private tier.
            _return_traffic(300, _ANY_IPV4),
        ]

    def _private_ingress(self, application_ports: Sequence[int]) -> list[_Entry]:
        """Deny all other traffic of the public tier, which the return entry would allow."""
        all_traffic = ec2.AclTraffic.all_traffic()
        return [
            _Entry(number=50, name="Tier", cidr=self._private, traffic=all_traffic),
            *_tcp_ports(100, self._public, application_ports),
            _fragmentation_needed(200, _ANY_IPV4),
            _Entry(
                number=250,
                name="OtherPublic",
                cidr=self._public,
                traffic=all_traffic,
                action=ec2.Action.DENY,
            ),
            # From the servers that the NAT gateways reach, and from the database tier.
            _return_traffic(300, _ANY_IPV4),
        ]

    def _private_egress(self, database_ports: Sequence[int]) -> list[_Entry]:
        """Allow HTTPS to any address: AWS APIs, image registries and Discord change theirs."""
        traffic = ec2.AclTraffic
        return [
            _Entry(number=50, name="Tier", cidr=self._private, traffic=traffic.all_traffic()),
            *_tcp_ports(100, self._database, database_ports),
            _Entry(number=150, name="Https", cidr=_ANY_IPV4, traffic=traffic.tcp_port(443)),
            _return_traffic(300, self._public),
        ]

    def _create_acl(
        self, tier: Tier, *, ingress: Sequence[_Entry], egress: Sequence[_Entry]
    ) -> None:
        subnets = ec2.SubnetSelection(subnet_group_name=tier)
        acl = ec2.NetworkAcl(self, tier.capitalize(), vpc=self._vpc, subnet_selection=subnets)
        for direction, prefix, entries in (
            (ec2.TrafficDirection.INGRESS, "In", ingress),
            (ec2.TrafficDirection.EGRESS, "Out", egress),
        ):
            for entry in entries:
                acl.add_entry(
                    f"{prefix}{entry.name}",
                    direction=direction,
                    rule_number=entry.number,
                    cidr=ec2.AclCidr.ipv4(entry.cidr),
                    traffic=entry.traffic,
                    rule_action=entry.action,
                )


def _tcp_ports(first_number: int, cidr: str, ports: Sequence[int]) -> list[_Entry]:
    return [
        _Entry(
            number=first_number + index,
            name=f"Port{port}",
            cidr=cidr,
            traffic=ec2.AclTraffic.tcp_port(port),
        )
        for index, port in enumerate(ports)
    ]


def _return_traffic(number: int, cidr: str) -> _Entry:
    traffic = ec2.AclTraffic.tcp_port_range(_FIRST_EPHEMERAL_PORT, 65535)
    return _Entry(number=number, name="Returns", cidr=cidr, traffic=traffic)


def _fragmentation_needed(number: int, cidr: str) -> _Entry:
    traffic = ec2.AclTraffic.icmp(type=3, code=4)
    return _Entry(number=number, name="FragmentationNeeded", cidr=cidr, traffic=traffic)
