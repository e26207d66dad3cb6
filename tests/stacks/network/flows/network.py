"""The network of a stage, as its templates describe it.

It has the subnets, routes, entries of network ACLs and rules of security groups that CloudFormation
would create.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.synthesis import SynthesizedStage

Address = ipaddress.IPv4Address
Range = ipaddress.IPv4Network
Ports = tuple[int, int]

ANYWHERE = Range("0.0.0.0/0")
NOWHERE = Range("255.255.255.255/32")
ALL_PORTS: Ports = (0, 65535)
ALL_PROTOCOLS = "-1"
S3_RANGE = Range("52.216.0.0/15")
"""Represents the prefix list of S3, which a gateway endpoint adds to its route tables."""

_PROTOCOLS = {"-1": "-1", "6": "tcp", "17": "udp", "1": "icmp"}


def icmp(kind: int, code: int) -> int:
    """Return one number for an ICMP type and code, to compare it as if it were a port."""
    return kind * 256 + code


@dataclass(frozen=True, kw_only=True)
class AclEntry:
    id: str
    acl: str
    egress: bool
    number: int
    allow: bool
    protocol: str
    ports: Ports
    range: Range


@dataclass(frozen=True, kw_only=True)
class GroupRule:
    id: str
    group: str
    egress: bool
    protocol: str
    ports: Ports
    peer: Range | str
    """A range of addresses, or a security group."""

    @property
    def is_placeholder(self) -> bool:
        """Whether CDK wrote it to keep EC2 from adding its default rule for outbound traffic."""
        return self.peer == NOWHERE


@dataclass(frozen=True, kw_only=True)
class Route:
    range: Range
    kind: str
    """`local`, `internet`, `nat` or `endpoint`."""
    target: str = ""


@dataclass(frozen=True, kw_only=True)
class Subnet:
    id: str
    tier: str
    zone: str
    range: Range
    acl: str
    routes: tuple[Route, ...]


@dataclass(frozen=True, kw_only=True)
class Network:
    subnets: Mapping[str, Subnet]
    nat_gateways: Mapping[str, str]
    """The subnet of each NAT gateway."""
    groups: Mapping[str, tuple[str, ...]]
    """The security groups of each kind of network interface."""
    endpoints: tuple[str, ...]
    """The logical ids of the interface endpoints."""
    entries: tuple[AclEntry, ...]
    rules: tuple[GroupRule, ...]
    managed_rules: tuple[GroupRule, ...]
    """The rules that EKS adds to the security group of the cluster. No template contains them."""

    @cached_property
    def entries_of(self) -> dict[tuple[str, bool], list[AclEntry]]:
        found: dict[tuple[str, bool], list[AclEntry]] = {}
        for entry in sorted(self.entries, key=lambda entry: entry.number):
            found.setdefault((entry.acl, entry.egress), []).append(entry)
        return found

    @cached_property
    def rules_of(self) -> dict[tuple[str, bool], list[GroupRule]]:
        found: dict[tuple[str, bool], list[GroupRule]] = {}
        for rule in (*self.rules, *self.managed_rules, *self._default_rules()):
            found.setdefault((rule.group, rule.egress), []).append(rule)
        return found

    def _default_rules(self) -> Iterator[GroupRule]:
        """Yield EC2's rule for groups without egress rules: it allows all ("Default rules")."""
        known = {group for groups in self.groups.values() for group in groups}
        inline = {rule.group for rule in self.rules if rule.egress and "/" in rule.id}
        managed = {rule.group for rule in self.managed_rules}
        for group in known - inline - managed:
            yield _allow_everything(group, egress=True, peer=ANYWHERE)

    def subnet(self, tier: str, zone: str) -> Subnet:
        (found,) = (s for s in self.subnets.values() if s.tier == tier and s.zone == zone)
        return found

    @property
    def zones(self) -> list[str]:
        return sorted({subnet.zone for subnet in self.subnets.values()})


def read_network(stage: SynthesizedStage) -> Network:
    """Read the network of a stage from the templates of network, cluster and data."""
    return _Reader(stage).read()


def _allow_everything(group: str, *, egress: bool, peer: Range | str) -> GroupRule:
    direction = "egress" if egress else "ingress"
    return GroupRule(
        id=f"{group} default {direction}",
        group=group,
        egress=egress,
        protocol=ALL_PROTOCOLS,
        ports=ALL_PORTS,
        peer=peer,
    )


class _Reader:
    def __init__(self, stage: SynthesizedStage) -> None:
        self._stage = stage
        self._exports = stage.exports()

    def read(self) -> Network:
        groups = self._groups()
        (cluster_group,) = groups["pod"]
        gateways = self._properties("network", "AWS::EC2::NatGateway")
        return Network(
            subnets=self._subnets(),
            nat_gateways={key: self._name(item["SubnetId"]) for key, item in gateways.items()},
            groups=groups,
            endpoints=tuple(key for key, item in self._endpoints("Interface")),
            entries=tuple(self._entries()),
            rules=tuple(self._rules()),
            # "Default cluster security group", Amazon EKS user guide.
            managed_rules=(
                _allow_everything(cluster_group, egress=False, peer=cluster_group),
                _allow_everything(cluster_group, egress=True, peer=ANYWHERE),
            ),
        )

    def _properties(self, stack: str, kind: str) -> dict[str, dict[str, Any]]:
        found = self._stage.resources(stack, kind)
        return {key: resource["Properties"] for key, resource in found.items()}

    def _name(self, value: Any) -> str:
        """Return the logical id of a reference, also if it is to an export of another stack."""
        if "Fn::ImportValue" in value:
            _, exported = self._exports[value["Fn::ImportValue"]]
            return self._name(exported)
        if "Ref" in value:
            return str(value["Ref"])
        logical_id, attribute = value["Fn::GetAtt"]
        return f"{logical_id}.{attribute}" if attribute.startswith("Cluster") else str(logical_id)

    def _names(self, values: list[Any]) -> tuple[str, ...]:
        return tuple(self._name(value) for value in values)

    def _subnets(self) -> dict[str, Subnet]:
        tables = self._by_subnet("AWS::EC2::SubnetRouteTableAssociation", "RouteTableId")
        acls = self._by_subnet("AWS::EC2::SubnetNetworkAclAssociation", "NetworkAclId")
        routes = self._routes()
        subnets = {}
        for key, subnet in self._properties("network", "AWS::EC2::Subnet").items():
            tags = {tag["Key"]: tag["Value"] for tag in subnet["Tags"]}
            assert subnet.get("MapPublicIpOnLaunch", False) is False
            subnets[key] = Subnet(
                id=key,
                tier=tags["aws-cdk:subnet-name"],
                zone=subnet["AvailabilityZone"],
                range=Range(subnet["CidrBlock"]),
                acl=acls[key],
                routes=tuple(routes[tables[key]]),
            )
        return subnets

    def _by_subnet(self, kind: str, key: str) -> dict[str, str]:
        found = self._properties("network", kind).values()
        return {self._name(item["SubnetId"]): self._name(item[key]) for item in found}

    def _routes(self) -> dict[str, list[Route]]:
        vpc = Range(self._stage.only("network", "AWS::EC2::VPC")["CidrBlock"])
        tables = {
            key: [Route(range=vpc, kind="local")]
            for key in self._properties("network", "AWS::EC2::RouteTable")
        }
        for item in self._properties("network", "AWS::EC2::Route").values():
            kind = "nat" if "NatGatewayId" in item else "internet"
            target = self._name(item["NatGatewayId" if kind == "nat" else "GatewayId"])
            route = Route(range=Range(item["DestinationCidrBlock"]), kind=kind, target=target)
            tables[self._name(item["RouteTableId"])].append(route)
        for _, endpoint in self._endpoints("Gateway"):
            for table in self._names(endpoint["RouteTableIds"]):
                tables[table].append(Route(range=S3_RANGE, kind="endpoint"))
        return tables

    def _endpoints(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for key, item in self._properties("network", "AWS::EC2::VPCEndpoint").items():
            if item["VpcEndpointType"] == kind:
                yield key, item

    def _entries(self) -> Iterator[AclEntry]:
        for key, item in self._properties("network", "AWS::EC2::NetworkAclEntry").items():
            ports = item.get("PortRange", {"From": ALL_PORTS[0], "To": ALL_PORTS[1]})
            if "Icmp" in item:
                number = icmp(item["Icmp"]["Type"], item["Icmp"]["Code"])
                ports = {"From": number, "To": number}
            yield AclEntry(
                id=key,
                acl=self._name(item["NetworkAclId"]),
                egress=item.get("Egress", False),
                number=item["RuleNumber"],
                allow=item["RuleAction"] == "allow",
                protocol=_PROTOCOLS[str(item["Protocol"])],
                ports=(ports["From"], ports["To"]),
                range=Range(item["CidrBlock"]),
            )

    def _rules(self) -> Iterator[GroupRule]:
        """Yield the rules: those in the properties of a group have a `/` in their id."""
        for stack in ("network", "cluster"):
            for key, group in self._properties(stack, "AWS::EC2::SecurityGroup").items():
                for name in ("Ingress", "Egress"):
                    for index, item in enumerate(group.get(f"SecurityGroup{name}", [])):
                        egress = name == "Egress"
                        yield self._rule(f"{key}/{name}{index}", key, item, egress=egress)
            for name in ("Ingress", "Egress"):
                kind = f"AWS::EC2::SecurityGroup{name}"
                for key, item in self._properties(stack, kind).items():
                    group_id = self._name(item["GroupId"])
                    yield self._rule(key, group_id, item, egress=name == "Egress")

    def _rule(self, key: str, group: str, item: dict[str, Any], *, egress: bool) -> GroupRule:
        assert item["Description"], f"{key} has no description"
        peer: Range | str
        if "CidrIp" in item:
            peer = Range(item["CidrIp"])
        else:
            side = "Destination" if egress else "Source"
            peer = self._name(item[f"{side}SecurityGroupId"])
        ports = (item.get("FromPort", ALL_PORTS[0]), item.get("ToPort", ALL_PORTS[1]))
        if item["IpProtocol"] == "icmp":
            ports = (icmp(*ports), icmp(*ports))
        return GroupRule(
            id=key,
            group=group,
            egress=egress,
            protocol=item["IpProtocol"],
            ports=ports,
            peer=peer,
        )

    def _groups(self) -> dict[str, tuple[str, ...]]:
        balancer = self._stage.only("network", "AWS::ElasticLoadBalancingV2::LoadBalancer")
        database = self._stage.only("data", "AWS::RDS::DBInstance")
        cache = self._stage.only("data", "AWS::ElastiCache::ReplicationGroup")
        cluster = self._stage.only("cluster", "AWS::EKS::Cluster")["ResourcesVpcConfig"]
        template = self._stage.only("cluster", "AWS::EC2::LaunchTemplate")["LaunchTemplateData"]
        # EKS gives nodes the cluster's group where their launch template names no group.
        assert not {"SecurityGroupIds", "NetworkInterfaces"} & template.keys()
        (own,) = self._properties("cluster", "AWS::EKS::Cluster")
        own_group = f"{own}.ClusterSecurityGroupId"
        control_plane = self._names(cluster["SecurityGroupIds"])
        functions = [
            self._names(function["VpcConfig"]["SecurityGroupIds"])
            for function in self._properties("cluster", "AWS::Lambda::Function").values()
            if "VpcConfig" in function
        ]
        assert len(set(functions)) == 1
        rotations = [
            self._names(function["VpcConfig"]["SecurityGroupIds"])
            for function in self._properties("data", "AWS::Lambda::Function").values()
        ]
        ((rotation,),) = set(rotations)
        (cloudshell,) = (
            key
            for key in self._properties("cluster", "AWS::EC2::SecurityGroup")
            if key.startswith("CloudShell")
        )
        groups = {
            "alb": self._names(balancer["SecurityGroups"]),
            "pod": (own_group,),
            "api": (own_group, *control_plane),
            "control-plane-group": control_plane,
            "kubectl": functions[0],
            "rotation": (rotation,),
            "cloudshell": (cloudshell,),
            "database": self._names(database["VPCSecurityGroups"]),
            "cache": self._names(cache["SecurityGroupIds"]),
        }
        for _, endpoint in self._endpoints("Interface"):
            groups["endpoint"] = self._names(endpoint["SecurityGroupIds"])
        return groups
