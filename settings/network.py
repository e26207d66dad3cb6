"""Settings of the network: the VPC, its subnets, its gateways, and the public domain name."""

import ipaddress
import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from settings.base import Settings, invalid_setting
from settings.field_types import RetentionDays, each_once, matching, one_of

_SUBNETS_PER_TIER = 4
"""The address plan has three Availability Zones, and space for a fourth one."""

_INTERFACE_ENDPOINTS = (
    *("autoscaling", "ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "elasticloadbalancing"),
    *("guardduty-data", "kms", "logs", "monitoring", "secretsmanager", "sns", "sqs"),
    *("ssm", "ssmmessages", "sts", "wafv2", "xray"),
)
"""The services that nodes, pods and functions call ("AWS services that integrate with AWS
PrivateLink", 2026-11-23). S3 is not among them: every stage has its gateway endpoint, which is
free."""


_PRIVATE_RANGES = [
    ipaddress.IPv4Network(cidr) for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
]
"""RFC 1918, which AWS recommends ("VPC CIDR blocks" in the Amazon VPC User Guide)."""


def _check_vpc_range(value: str) -> str:
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError:
        raise ValueError("an IPv4 range such as 10.0.0.0/16, with no host bits set") from None
    if not 16 <= network.prefixlen <= 28 or not any(map(network.subnet_of, _PRIVATE_RANGES)):
        ranges = ", ".join(map(str, _PRIVATE_RANGES))
        raise ValueError(f"a range from /16 to /28, as a VPC takes, within {ranges}")
    return value


def _check_domain_name(value: str) -> str:
    label = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
    if not re.fullmatch(rf"{label}(\.{label})+", value) or len(value) > 253:
        raise ValueError("a domain name in lower case, such as spywatcher.example.com")
    return value


_MAX_COMMON_NAME_LENGTH = 64

VpcRange = Annotated[str, AfterValidator(_check_vpc_range)]
DomainName = Annotated[str, AfterValidator(_check_domain_name)]
PrefixLength = Annotated[int, Field(ge=16, le=28)]
"""The prefix length of a subnet. A VPC allows /16 to /28."""


class SubnetSettings(Settings):
    """The size of the subnets of each tier.

    Choose it before the first deployment: a later change conflicts with the ranges in use.
    """

    public_prefix_length: PrefixLength = 24
    """The subnets of the load balancer and the NAT gateways."""
    private_prefix_length: PrefixLength = 20
    """The subnets of nodes, pods and functions. The VPC CNI gives each pod an address."""
    database_prefix_length: PrefixLength = 24
    """The subnets of PostgreSQL and Redis."""


class NetworkSettings(Settings):
    """The VPC of a stage."""

    cidr: VpcRange
    """The IPv4 range of the VPC. The ranges of two stages must not overlap, so that the VPCs can be
    peered. The design's is 10.0.0.0/16."""
    nat_gateways: int = Field(ge=1, le=3)
    """One NAT gateway for each Availability Zone keeps the others connected when a zone fails. A
    single one costs a third."""
    subnets: SubnetSettings = SubnetSettings()
    interface_endpoints: Annotated[
        tuple[Annotated[str, one_of(_INTERFACE_ENDPOINTS)], ...], each_once("name")
    ] = ()
    """The AWS services that the private subnets reach through interface endpoints, without NAT.

    An endpoint costs 0.01 USD an hour for each Availability Zone, which is 21.90 USD a month for
    three. It is cheaper than NAT from 626 GB a month on (docs/decisions/0002).
    """
    flow_log_retention_days: RetentionDays = 30
    """How long CloudWatch keeps the VPC flow logs. The default is the existing deployment's."""

    @model_validator(mode="after")
    def _check_subnets_fit(self) -> Self:
        prefix_lengths = (
            self.subnets.public_prefix_length,
            self.subnets.private_prefix_length,
            self.subnets.database_prefix_length,
        )
        required = _SUBNETS_PER_TIER * sum(2 ** (32 - length) for length in prefix_lengths)
        vpc = ipaddress.IPv4Network(self.cidr)
        if required > vpc.num_addresses:
            sizes = ", ".join(f"/{length}" for length in prefix_lengths)
            raise invalid_setting(
                "cidr",
                self.cidr,
                f"a range of at least {required} addresses: {_SUBNETS_PER_TIER} subnets each of "
                f"{sizes} (this one has {vpc.num_addresses})",
            )
        return self


class DomainSettings(Settings):
    """The public domain name of the stage, and its hosted zone in Route 53."""

    name: DomainName
    """The domain name of the website and the API."""
    hosted_zone_id: Annotated[
        str, matching(r"Z[A-Z0-9]{1,31}", "the ID of a hosted zone, such as Z0123456789ABCDEFGHIJ")
    ]
    """The ID of an existing public hosted zone, in which the stage creates its records."""
    hosted_zone_name: DomainName
    """The domain name of that zone."""
    certificate_arn: (
        Annotated[
            str,
            matching(
                r"arn:aws:acm:[a-z0-9-]+:\d{12}:certificate/[0-9a-f-]{36}",
                "the ARN of an ACM certificate, such as "
                "arn:aws:acm:us-east-1:111122223333:certificate/1234abcd-...",
            ),
        ]
        | None
    ) = None
    """An existing ACM certificate for the load balancer. By default, the stage creates one, which
    ACM validates and renews through records in the hosted zone."""

    @model_validator(mode="after")
    def _check_length_for_certificate(self) -> Self:
        """Check that ACM can create the certificate ("RequestCertificate", ACM API Reference)."""
        if self.certificate_arn is None and len(self.name) > _MAX_COMMON_NAME_LENGTH:
            raise invalid_setting(
                "name",
                self.name,
                f"at most {_MAX_COMMON_NAME_LENGTH} characters, or a certificate_arn: ACM creates "
                "no certificate for a longer name",
            )
        return self

    @model_validator(mode="after")
    def _check_name_is_in_zone(self) -> Self:
        zone = self.hosted_zone_name
        if self.name != zone and not self.name.endswith(f".{zone}"):
            raise invalid_setting("name", self.name, f"{zone} or a name below it")
        return self
