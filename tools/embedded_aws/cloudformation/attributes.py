"""Generates the identifiers and attributes that AWS would give a resource.

`Ref` and `Fn::GetAtt` must return values in AWS's formats: other resources use them in policies,
endpoints and names, which are checked by patterns. The schema of a resource type lists the
properties that AWS sets, with their patterns. The tables below add the prefixes of ids, which no
schema contains.

Every value is a function of the physical id. Therefore it does not change as long as the resource
exists, and need not be stored.
"""

from __future__ import annotations

import base64
import hashlib
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tools.embedded_aws.cloudformation.properties import matches
from tools.templates.schemas import JsonValue, PropertyPath, ResourceSchema

ID_PREFIXES = {
    "DHCPOptions": "dopt-",
    "EIP": "eipalloc-",
    "EIPAssociation": "eipassoc-",
    "EgressOnlyInternetGateway": "eigw-",
    "FlowLog": "fl-",
    "Instance": "i-",
    "InternetGateway": "igw-",
    "KeyPair": "key-",
    "LaunchTemplate": "lt-",
    "NatGateway": "nat-",
    "NetworkAcl": "acl-",
    "NetworkInterface": "eni-",
    "PodIdentityAssociation": "a-",
    "PlacementGroup": "pg-",
    "PrefixList": "pl-",
    "RouteTable": "rtb-",
    "SecurityGroup": "sg-",
    "SecurityGroupEgress": "sgr-",
    "SecurityGroupIngress": "sgr-",
    "Subnet": "subnet-",
    "SubnetCidrBlock": "subnet-cidr-assoc-",
    "SubnetNetworkAclAssociation": "aclassoc-",
    "SubnetRouteTableAssociation": "rtbassoc-",
    "TransitGateway": "tgw-",
    "TransitGatewayAttachment": "tgw-attach-",
    "VPC": "vpc-",
    "VPCCidrBlock": "vpc-cidr-assoc-",
    "VPCEndpoint": "vpce-",
    "VPCEndpointService": "vpce-svc-",
    "VPCPeeringConnection": "pcx-",
    "VPNGateway": "vgw-",
    "Volume": "vol-",
}
"""The prefix of an id by resource type, from the examples of the API references."""

ATTRIBUTE_PREFIXES = {
    "CidrBlockAssociations": "vpc-cidr-assoc-",
    "ClusterSecurityGroupId": "sg-",
    "DefaultNetworkAcl": "acl-",
    "DefaultSecurityGroup": "sg-",
    "EniId": "eni-",
    "GroupId": "sg-",
    "NetworkInterfaceId": "eni-",
    "NetworkInterfaceIds": "eni-",
    "PrimaryNetworkInterfaceId": "eni-",
    "RouteTableId": "rtb-",
    "SubnetId": "subnet-",
    "VpcId": "vpc-",
}
"""The prefix of an id by the attribute that contains it."""

ARN_RESOURCES = {
    "AWS::Budgets::Budget": "budget/{name}",
    "AWS::CloudWatch::Alarm": "alarm:{name}",
    "AWS::CloudWatch::CompositeAlarm": "alarm:{name}",
    "AWS::EKS::Addon": "addon/{parents}/{id}",
    "AWS::EKS::AccessEntry": "access-entry/{parents}/{id}",
    "AWS::EKS::PodIdentityAssociation": "podidentityassociation/{parents}/{own_id}",
    "AWS::EC2::EIP": "elastic-ip/{name}",
    "AWS::EC2::NatGateway": "natgateway/{name}",
    "AWS::EC2::FlowLog": "vpc-flow-log/{name}",
    "AWS::GuardDuty::Detector": "detector/{name}",
    "AWS::IAM::OIDCProvider": "oidc-provider/{url}",
    "AWS::Logs::DeliverySource": "delivery-source:{name}",
    "AWS::RDS::DBProxy": "db-proxy:prx-{id}",
    "AWS::RDS::EventSubscription": "es:{name}",
    "AWS::WAFv2::IPSet": "regional/ipset/{name}/{id}",
    "AWS::WAFv2::RegexPatternSet": "regional/regexpatternset/{name}/{id}",
    "AWS::WAFv2::RuleGroup": "regional/rulegroup/{name}/{id}",
}
"""The last part of the ARN where it is not `<type-in-kebab-case>/<name>`."""

REF_PROPERTIES: dict[str, PropertyPath] = {
    "AWS::Budgets::Budget": ("Budget", "BudgetName"),
    "AWS::EC2::EIP": ("PublicIp",),
}
"""The property that `Ref` returns where it is not the primary identifier."""

COPIED_PROPERTIES: dict[tuple[str, str], PropertyPath] = {
    ("AWS::EKS::Cluster", "EncryptionConfigKeyArn"): (
        "EncryptionConfig",
        "0",
        "Provider",
        "KeyArn",
    ),
}
"""Attributes whose value is that of a property with another name; a number is a list index."""

READABLE_PROPERTIES = {
    "AWS::EC2::VPC": ("CidrBlock",),
    "AWS::EC2::Subnet": ("AvailabilityZone", "CidrBlock", "OutpostArn", "VpcId"),
    "AWS::EC2::SecurityGroup": ("VpcId",),
    "AWS::SNS::Topic": ("TopicName",),
    "AWS::SSM::Parameter": ("Type", "Value"),
    "AWS::RDS::DBInstance": ("DBInstanceIdentifier",),
}
"""Properties that the template sets and that `Fn::GetAtt` returns, by CloudFormation's manual."""

_GLOBAL_SERVICES = {"budgets", "ce", "cloudfront", "iam", "route53", "organizations"}
_ACCOUNTLESS_SERVICES = {"route53"}
_SERVICE_ALIASES = {"elasticloadbalancingv2": "elasticloadbalancing"}
_PORTS = {"elasticache": "6379", "rds": "5432", "docdb": "27017", "redshift": "5439"}
_HEALTHY_STATES = ("active", "available", "enabled", "ready", "inservice", "complete", "issued")
_EPOCH = "2026-01-01T00:00:00Z"
_MAXIMUM_DEPTH = 3


@dataclass(frozen=True)
class Scope:
    """The account and region of a resource."""

    account: str
    region: str

    @property
    def partition(self) -> str:
        """The partition that the region belongs to."""
        if self.region.startswith("cn-"):
            return "aws-cn"
        return "aws-us-gov" if self.region.startswith("us-gov-") else "aws"


@dataclass(frozen=True)
class AttributeGenerator:
    """Generates the identifiers and attributes of one resource."""

    schema: ResourceSchema
    scope: Scope
    properties: Mapping[str, Any]
    seed: str
    """The source of the values: the physical id, or a random text before there is one."""
    default_name: str
    """The name of the resource if the template does not set one."""

    @classmethod
    def of_existing(
        cls,
        schema: ResourceSchema,
        scope: Scope,
        properties: Mapping[str, Any],
        physical_id: str,
    ) -> AttributeGenerator:
        """Return the generator of a resource that has a physical id."""
        name = re.split(r"[:/|]", physical_id)[-1]
        return cls(schema, scope, properties, seed=physical_id, default_name=name)

    def physical_id(self) -> str:
        """Return the value of `Ref`: mostly the primary identifier, its parts joined by `|`."""
        documented = REF_PROPERTIES.get(self.schema.type_name)
        paths = (documented,) if documented else self.schema.primary_identifier
        return "|".join(self._identifier(path) for path in paths)

    def attributes(self, physical_id: str) -> dict[str, Any]:
        """Return the values of `Fn::GetAtt` by attribute; nested names contain a dot."""
        values: dict[str, Any] = dict(self._identifiers(physical_id))
        for path in self.schema.read_only:
            if "*" not in path and ".".join(path) not in values:
                self._add(values, path)
        for name in READABLE_PROPERTIES.get(self.schema.type_name, ()):
            if name in self.properties:
                values.setdefault(name, self.properties[name])
        return values

    def _identifiers(self, physical_id: str) -> Iterator[tuple[str, str]]:
        documented = REF_PROPERTIES.get(self.schema.type_name)
        paths = (documented,) if documented else self.schema.primary_identifier
        parts = physical_id.split("|") if len(paths) > 1 else [physical_id]
        if len(parts) == len(paths):
            for path, part in zip(paths, parts, strict=True):
                yield ".".join(path), part

    def _identifier(self, path: PropertyPath) -> str:
        given = _value_at(self.properties, path)
        if given is not None:
            return str(given)
        if path in self.schema.read_only:
            return str(self._value(path, self.schema.at(path)))
        return self._first_fit(self.schema.at(path), _names(self.default_name))

    def _add(self, values: dict[str, Any], path: PropertyPath) -> None:
        node = self.schema.at(path)
        value = self._value(path, node)
        values[".".join(path)] = value
        if isinstance(value, dict):
            for name in value:
                self._add(values, (*path, name))

    # Values -----------------------------------------------------------------------------

    def _value(self, path: PropertyPath, node: Mapping[str, Any], depth: int = 0) -> JsonValue:
        copied = COPIED_PROPERTIES.get((self.schema.type_name, path[-1]), path)
        given = _value_at(self.properties, copied)
        if given is not None:
            return given
        kind = _kind(node)
        if kind == "object":
            return self._object(path, node, depth)
        if kind == "array":
            if path[-1].startswith("Ipv6"):
                return []
            items = self.schema.resolve(node.get("items", {}))
            return [self._value((*path, "*"), items, depth + 1)]
        if kind in ("integer", "number"):
            given = (node.get(keyword) for keyword in ("default", "minimum"))
            return next((number for number in given if number is not None), 1)
        if kind == "boolean":
            return bool(node.get("default", False))
        return self._text(path, node)

    def _object(self, path: PropertyPath, node: Mapping[str, Any], depth: int) -> dict[str, Any]:
        if depth >= _MAXIMUM_DEPTH:
            return {}
        properties = node.get("properties", {})
        return {
            name: self._value((*path, name), self.schema.resolve(child), depth + 1)
            for name, child in properties.items()
        }

    def _text(self, path: PropertyPath, node: Mapping[str, Any]) -> str:
        if "enum" in node:
            return _healthy_state(node["enum"])
        name = next(part for part in reversed(path) if part != "*")
        generate = next(function for pattern, function in _GENERATORS if pattern.search(name))
        text = generate(self, name)
        return self._first_fit(
            node, [text, f"{text}/{self._uuid(name)}", *self._fallback_texts(path)]
        )

    def _first_fit(self, node: Mapping[str, Any], candidates: list[str]) -> str:
        limit = node.get("maxLength")
        fitting = [text[:limit] for text in candidates]
        pattern = str(node.get("pattern", ""))
        return next((text for text in fitting if matches(pattern, text)), fitting[0])

    def _fallback_texts(self, path: PropertyPath) -> list[str]:
        digest = self._digest(".".join(path))
        shorter = [digest[:length] for length in (32, 17, 12, 8)]
        return [str(uuid.UUID(digest[:32])), *shorter, self.scope.account, digest.upper()[:21]]

    # Texts ------------------------------------------------------------------------------

    def _arn(self, name: str) -> str:
        service = self.schema.service
        service = _SERVICE_ALIASES.get(service, service)
        region = "" if service in _GLOBAL_SERVICES else self.scope.region
        account = "" if service in _ACCOUNTLESS_SERVICES else self.scope.account
        return f"arn:{self.scope.partition}:{service}:{region}:{account}:{self._arn_resource()}"

    def _arn_resource(self) -> str:
        template = ARN_RESOURCES.get(self.schema.type_name)
        if template is None:
            template = _arn_resource_of(self.schema) + "{name}"
        return template.format(
            id=self._uuid("Arn"),
            name=self._own_name(),
            own_id=self._id("Id"),
            parents=self._parents(),
            url=str(self.properties.get("Url", "")).partition("://")[2],
        )

    def _own_name(self) -> str:
        kind = self.schema.type_name.split("::")[2]
        for name in (f"{kind}Name", "Name", f"{kind}Identifier", f"{kind}Id", "Id"):
            given = _value_at(self.properties, (name,))
            if isinstance(given, str):
                return given
        if kind in ID_PREFIXES:
            return self._id("Id")
        return self.default_name

    def _parents(self) -> str:
        settable = [p for p in self.schema.create_only if p[-1] in _PARENT_PROPERTIES]
        return "/".join(str(_value_at(self.properties, path)) for path in settable)

    def _id(self, name: str) -> str:
        kind = self.schema.type_name.split("::")[2]
        own = ID_PREFIXES.get(kind)
        if own and (name in _OWN_IDS or name == f"{kind}Id"):
            known = re.search(rf"\b{own}[0-9a-f]{{17}}\b", self.seed)
            return known.group() if known else f"{own}{self._digest('Id')[:17]}"
        if self.schema.type_name == "AWS::GuardDuty::Detector":
            return self._digest(name)[:32]
        prefix = ATTRIBUTE_PREFIXES.get(name)
        return f"{prefix}{self._digest(name)[:17]}" if prefix else self._uuid(name)

    def _uuid(self, name: str) -> str:
        return str(uuid.UUID(self._digest(name)[:32]))

    def _host(self, name: str) -> str:
        label = re.sub(r"[^a-z0-9-]+", "-", self._own_name().lower()).strip("-")
        service = _SERVICE_ALIASES.get(self.schema.service, self.schema.service)
        return f"{label}.{self._digest(name)[:12]}.{self.scope.region}.{service}.amazonaws.com"

    def _address(self, name: str) -> str:
        number = int(self._digest(name)[:6], 16)
        # RFC 2544 reserves 198.18.0.0/15 for benchmarks: no host has such an address.
        host = f"{number >> 8 & 255}.{number % 254 + 1}"
        return f"198.{18 + (number >> 16 & 1)}.{host}" if "Public" in name else f"10.0.{host}"

    def _port(self, _name: str) -> str:
        given = self.properties.get("Port")
        return str(given if given is not None else _PORTS.get(self.schema.service, "443"))

    def _zone(self, name: str) -> str:
        return f"Z{self._digest(name)[:13].upper()}"

    def _dns_entry(self, name: str) -> str:
        region = self.scope.region
        label = f"{self._own_name()}-{self._digest(name)[:8]}"
        return f"{self._zone(name)}:{label}.vpce.{region}.vpce.amazonaws.com"

    def _encoded(self, name: str) -> str:
        return base64.b64encode(self._digest(name).encode()).decode()

    def _name(self, _name: str) -> str:
        return self._own_name()

    def _account(self, _name: str) -> str:
        return self.scope.account

    def _region(self, _name: str) -> str:
        return self.scope.region

    def _state(self, _name: str) -> str:
        return "ACTIVE"

    def _time(self, _name: str) -> str:
        return _EPOCH

    def _plain(self, name: str) -> str:
        return f"{name.lower()}-{self._digest(name)[:8]}"

    def _digest(self, name: str) -> str:
        text = "|".join((self.schema.type_name, self.scope.account, self.seed, name))
        return hashlib.sha256(text.encode()).hexdigest()


_PARENT_PROPERTIES = ("ClusterName",)
_OWN_IDS = ("Id", "AllocationId", "AssociationId")

_GENERATORS: tuple[tuple[re.Pattern[str], Callable[[AttributeGenerator, str], str]], ...] = (
    (re.compile(r"(Arn|ARN|Arns|ARNs|ArnForPolicy)$"), AttributeGenerator._arn),
    (re.compile(r"(OwnerId|AccountId|RegistryId)$"), AttributeGenerator._account),
    (re.compile(r"Ports?(List)?$"), AttributeGenerator._port),
    (re.compile(r"HostedZoneI[dD]$"), AttributeGenerator._zone),
    (re.compile(r"DnsEntries$"), AttributeGenerator._dns_entry),
    (re.compile(r"(Data|Certificate)$"), AttributeGenerator._encoded),
    (re.compile(r"Region$"), AttributeGenerator._region),
    (re.compile(r"(Date|Time|At|Timestamp|Start|NotAfter|NotBefore)$"), AttributeGenerator._time),
    (re.compile(r"(Status|State)$"), AttributeGenerator._state),
    (re.compile(r"(IpAddress(es)?|Ip|PrivateIps?)$"), AttributeGenerator._address),
    (
        re.compile(r"(Endpoint|Url|URL|DNSName|DnsName|DomainName|Address(es)?(List)?)$"),
        AttributeGenerator._host,
    ),
    (
        re.compile(r"(Ids?|ID|Identifiers?|DefaultSecurityGroup|DefaultNetworkAcl|Associations)$"),
        AttributeGenerator._id,
    ),
    (re.compile(r"Name$"), AttributeGenerator._name),
    (re.compile(r""), AttributeGenerator._plain),
)


def _value_at(properties: Mapping[str, Any], path: PropertyPath) -> JsonValue:
    value: JsonValue = properties
    for name in path:
        if isinstance(value, Mapping):
            value = value.get(name)
        elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value


def _kind(node: Mapping[str, Any]) -> str:
    kinds = node.get("type", "object" if "properties" in node else "string")
    return str(kinds if isinstance(kinds, str) else kinds[0])


def _healthy_state(allowed: list[Any]) -> str:
    healthy = (item for item in allowed if str(item).lower().replace("_", "") in _HEALTHY_STATES)
    return str(next(healthy, allowed[0]))


def _names(name: str) -> list[str]:
    plain = re.sub(r"[^A-Za-z0-9]", "", name)
    return [name, name.lower(), plain, plain.lower()]


def _arn_resource_of(schema: ResourceSchema) -> str:
    """Return the resource type in an ARN, with its separator.

    It is read from the pattern of the ARN if the schema has one, else from the type's name.
    """
    for path in schema.read_only:
        pattern = str(schema.at(path).get("pattern", "")).replace("\\/", "/")
        kinds = re.findall(r":([a-z][a-z0-9-]+)([/:])", pattern)
        if path[-1].lower().endswith("arn") and kinds and kinds[-1][0] != schema.service:
            return "".join(kinds[-1])
    kind = schema.type_name.split("::")[2]
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", kind).lower() + "/"
