"""Network settings: the address plan, the way out, the public name."""

import ipaddress
import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from settings.base import Settings, reject
from settings.retention import RetentionDays

TIERS = ("public", "private", "database")
PLACES = 4
"""Subnets that each tier has room for: three zones, and a fourth, so that one range holds them."""

INTERFACE_ENDPOINTS = (
    *("autoscaling", "ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "elasticloadbalancing"),
    *("guardduty-data", "kms", "logs", "monitoring", "secretsmanager", "sns", "sqs"),
    *("ssm", "ssmmessages", "sts", "wafv2", "xray"),
)
"""Services that nodes, pods and functions call ("AWS services that integrate with AWS PrivateLink",
2026-11-23). S3 has its gateway endpoint, which costs nothing, in any case."""


def _vpc_range(value: str) -> str:
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError:
        raise ValueError("an IPv4 range such as 10.0.0.0/16, with no host bits set") from None
    if not network.is_private or not 16 <= network.prefixlen <= 28:
        raise ValueError("a private IPv4 range from /16 to /28, as a VPC takes")
    return value


def _domain_name(value: str) -> str:
    label = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
    if not re.fullmatch(rf"{label}(\.{label})+", value) or len(value) > 253:
        raise ValueError("a domain name in lower case, such as spywatcher.example.com")
    return value


def _endpoint_name(value: str) -> str:
    if value not in INTERFACE_ENDPOINTS:
        raise ValueError(f"one of {', '.join(INTERFACE_ENDPOINTS)}")
    return value


def _each_once(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) != len(values):
        raise ValueError("each name once")
    return values


VpcRange = Annotated[str, AfterValidator(_vpc_range)]
DomainName = Annotated[str, AfterValidator(_domain_name)]
EndpointName = Annotated[str, AfterValidator(_endpoint_name)]


class SubnetSettings(Settings):
    """The prefix length of the subnets of each tier.

    Fixed by the first deploy: a later change conflicts with the ranges in use.
    """

    public_prefix_length: int = Field(24, ge=16, le=28)
    private_prefix_length: int = Field(20, ge=16, le=28)
    """The pods' tier: the VPC CNI takes an address for every pod."""
    database_prefix_length: int = Field(24, ge=16, le=28)

    def addresses(self, tier: str) -> int:
        """Return how many addresses a subnet of the tier spans, AWS's own five included."""
        return int(2 ** (32 - getattr(self, f"{tier}_prefix_length")))


class NetworkSettings(Settings):
    """The VPC of a stage."""

    cidr: VpcRange
    nat_gateways: int = Field(ge=1, le=3)
    """One per availability zone survives the loss of a zone; one alone costs a third."""
    subnets: SubnetSettings = SubnetSettings()
    interface_endpoints: Annotated[tuple[EndpointName, ...], AfterValidator(_each_once)] = ()
    """AWS services that the private tier reaches without NAT. Each costs 0.01 USD an hour a zone,
    21.90 USD a month over three: worth it from 626 GB a month (docs/decisions/0002).
    """
    flow_log_retention_days: RetentionDays = 30

    @model_validator(mode="after")
    def _holds_the_subnets(self) -> Self:
        sizes = [getattr(self.subnets, f"{tier}_prefix_length") for tier in TIERS]
        needed = PLACES * sum(2 ** (32 - size) for size in sizes)
        vpc = ipaddress.IPv4Network(self.cidr)
        if needed > vpc.num_addresses:
            shapes = ", ".join(f"/{size}" for size in sizes)
            reject(
                "cidr", self.cidr,
                f"a range of at least {needed} addresses: {PLACES} subnets each of {shapes} "
                f"(this one has {vpc.num_addresses})",
            )  # fmt: skip
        return self


class DomainSettings(Settings):
    """The name that the stage answers to, and the public zone that holds it."""

    name: DomainName
    hosted_zone_id: str = Field(pattern=r"^Z[A-Z0-9]{1,31}$")
    hosted_zone_name: DomainName
    certificate_arn: str | None = Field(
        None, pattern=r"^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[0-9a-f-]{36}$"
    )
    """A certificate made elsewhere. Left out, the stage makes its own, validated in the zone."""

    @model_validator(mode="after")
    def _lies_in_its_zone(self) -> Self:
        if self.name != self.hosted_zone_name and not self.name.endswith(
            f".{self.hosted_zone_name}"
        ):
            reject("name", self.name, f"{self.hosted_zone_name} or a name below it")
        return self
