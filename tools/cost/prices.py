"""AWS list prices in us-east-1, on demand, in USD, as of 2026-11-23.

The prices include no tax, no Savings Plan and no Free Tier of new accounts. Of prices that fall
with the volume, only the first step is listed, because a stage does not reach the next one.

Each price has the source that confirmed it on that day. Some sources are older. The prices with the
source NOT_RECHECKED come from AWS's pricing pages, but no source confirmed them on that day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

AS_OF = dt.date(2026, 11, 23)
REGION = "us-east-1"
HOURS_PER_MONTH = Decimal(730)
"""365 x 24 / 12, as in the AWS Pricing Calculator."""

PRICE_LIST = "AWS price list, as infracost's test data and published outputs show it"
CLOUDWATCH = "aws.amazon.com/cloudwatch/pricing (free tier); signoz.io/guides/cloudwatch-pricing"
EKS = "AWS Containers Blog, Amazon EKS extended support for Kubernetes versions pricing"
GUARDDUTY = "factualminds.com/blog/amazon-guardduty-pricing-data-sources-multi-account"
GUARDDUTY_PAGE = "aws.amazon.com/guardduty/pricing, the examples of us-east-1 (2026-10-07)"
LOAD_BALANCING = "awsnegotiations.com/elastic-load-balancer-cost"
RDS_GUIDE = "infratally.com/articles/aws-rds-pricing-explained-2026"
CACHE_GUIDE = "dragonflydb.io/finops/elasticache"
KMS_GUIDE = "cloudburn.io/blog/aws-kms-pricing (rotation as of May 2024)"
COMPOSITE_GUIDE = "c3x.dev/resources/aws/aws_cloudwatch_metric_alarm"
NOT_RECHECKED = "not re-checked"

EACH = "each"
"""The unit of resources that are counted."""


class Price(NamedTuple):
    """The price of one unit."""

    usd: Decimal
    unit: str
    source: str


def _price(usd: str, unit: str, source: str) -> Price:
    return Price(Decimal(usd), unit, source)


def _hourly(source: str, prices: Mapping[str, str]) -> dict[str, Price]:
    return {name: _price(usd, "h", source) for name, usd in prices.items()}


EC2_HOURS = {
    **_hourly(PRICE_LIST, {"t3.medium": "0.0416", "t3.large": "0.0832", "m6i.large": "0.096"}),
    **_hourly(
        NOT_RECHECKED,
        {
            "t3.xlarge": "0.1664",
            "t3.2xlarge": "0.3328",
            "m6i.xlarge": "0.192",
            "m7i.large": "0.1008",
            "m7i.xlarge": "0.2016",
        },
    ),
}
"""EC2 instances with Linux. T instances pay more if they use more than their baseline."""

RDS_HOURS = {
    **_hourly(PRICE_LIST, {"db.t3.medium": "0.072", "db.t3.large": "0.145"}),
    **_hourly(RDS_GUIDE, {"db.t4g.medium": "0.065"}),
    **_hourly(
        NOT_RECHECKED,
        {
            "db.t3.xlarge": "0.290",
            "db.t4g.large": "0.129",
            "db.m6i.large": "0.178",
            "db.m6i.xlarge": "0.356",
            "db.r6i.large": "0.250",
            "db.r6i.xlarge": "0.500",
        },
    ),
}
"""RDS for PostgreSQL in one Availability Zone. Multi-AZ costs exactly twice as much."""

ELASTICACHE_HOURS = {
    **_hourly(CACHE_GUIDE, {"cache.t3.medium": "0.068"}),
    **_hourly(PRICE_LIST, {"cache.t4g.small": "0.032"}),
    **_hourly(
        NOT_RECHECKED,
        {
            "cache.t3.small": "0.034",
            "cache.t4g.medium": "0.065",
            "cache.m6g.large": "0.149",
            "cache.r6g.large": "0.206",
        },
    ),
}
"""Nodes of ElastiCache for Redis OSS."""

EKS_HOUR = _price("0.10", "h", EKS)
EKS_HOUR_EXTENDED_SUPPORT = _price("0.60", "h", EKS)
"""The price after the end of a version's standard support."""

EBS_GIB = {
    "gp3": _price("0.08", "GiB", PRICE_LIST),
    "gp2": _price("0.10", "GiB", PRICE_LIST),
}
RDS_STORAGE_GIB = {
    "gp3": _price("0.115", "GiB", PRICE_LIST),
    "gp2": _price("0.115", "GiB", PRICE_LIST),
}
RDS_BACKUP_GIB = _price("0.095", "GiB", PRICE_LIST)
RDS_VCPU_HOUR_EXTENDED_SUPPORT = _price("0.10", "vCPU-h", PRICE_LIST)
"""The price in the first two years after standard support. It doubles in the third year."""
ELASTICACHE_BACKUP_GIB = _price("0.085", "GiB", PRICE_LIST)

ALB_HOUR = _price("0.0225", "h", LOAD_BALANCING)
ALB_LCU_HOUR = _price("0.008", "LCU-h", LOAD_BALANCING)
NAT_GATEWAY_HOUR = _price("0.045", "h", PRICE_LIST)
NAT_GATEWAY_GIB = _price("0.045", "GiB", PRICE_LIST)
PUBLIC_IPV4_HOUR = _price("0.005", "h", PRICE_LIST)
"""The price of a public IPv4 address, in use or idle. AWS charges it since 2024-02-01."""
INTERFACE_ENDPOINT_HOUR = _price("0.01", "h", PRICE_LIST)
INTERFACE_ENDPOINT_GIB = _price("0.01", "GiB", PRICE_LIST)
INTERNET_GIB = _price("0.09", "GiB", PRICE_LIST)
CROSS_ZONE_GIB = _price("0.02", "GiB", PRICE_LIST)
"""0.01 in each direction."""

KMS_KEY = _price("1.00", EACH, PRICE_LIST)
KMS_ROTATION = _price("1.00", EACH, KMS_GUIDE)
KMS_REQUESTS = _price("0.03", "10,000 requests", PRICE_LIST)
SECRET = _price("0.40", EACH, PRICE_LIST)
SECRET_REQUESTS = _price("0.05", "10,000 requests", PRICE_LIST)
WEB_ACL = _price("5.00", EACH, PRICE_LIST)
WEB_ACL_RULE = _price("1.00", EACH, PRICE_LIST)
WEB_ACL_REQUESTS = _price("0.60", "million requests", PRICE_LIST)

ALARM_METRIC = _price("0.10", EACH, PRICE_LIST)
ALARM_METRIC_HIGH_RESOLUTION = _price("0.30", EACH, PRICE_LIST)
COMPOSITE_ALARM = _price("0.50", EACH, COMPOSITE_GUIDE)
DASHBOARD = _price("3.00", EACH, PRICE_LIST)
CUSTOM_METRIC = _price("0.30", EACH, CLOUDWATCH)
LOG_INGESTION_GIB = _price("0.50", "GiB", PRICE_LIST)
LOG_STORAGE_GIB = _price("0.03", "GiB", PRICE_LIST)
CONTAINER_INSIGHTS_OBSERVATIONS = _price("0.21", "million observations", NOT_RECHECKED)
"""Container Insights with enhanced observability."""

CLOUDTRAIL_EVENTS = _price("2.00", "100,000 events", PRICE_LIST)
"""Management events of the second trail of an account, and of each further one."""
CONFIG_ITEM = _price("0.003", EACH, PRICE_LIST)
CONFIG_EVALUATION = _price("0.001", EACH, PRICE_LIST)
GUARDDUTY_EVENTS = _price("4.00", "million events", GUARDDUTY)
GUARDDUTY_LOG_GIB = _price("1.00", "GiB", GUARDDUTY)
GUARDDUTY_AUDIT_EVENTS = _price("1.60", "million events", GUARDDUTY_PAGE)
GUARDDUTY_OBJECT_EVENTS = _price("0.80", "million events", GUARDDUTY_PAGE)
GUARDDUTY_SCANNED_GIB = _price("0.03", "GiB", GUARDDUTY_PAGE)
GUARDDUTY_DATABASE_VCPU = _price("1.00", "vCPU", GUARDDUTY_PAGE)
SHIELD_ADVANCED = _price("3000.00", EACH, NOT_RECHECKED)

S3_GIB = _price("0.023", "GiB", PRICE_LIST)
S3_REQUESTS = _price("0.005", "1,000 requests", PRICE_LIST)
LAMBDA_GIB_SECOND = _price("0.0000166667", "GiB-s", PRICE_LIST)
ADVANCED_PARAMETER = _price("0.05", EACH, NOT_RECHECKED)

FREE_DASHBOARDS = 3
FREE_ALARM_METRICS = 10
FREE_LOG_GIB = 5
FREE_DATA_OUT_GIB = 100
"""The Free Tier that does not end ("Amazon CloudWatch pricing", "EC2 On-Demand pricing")."""
