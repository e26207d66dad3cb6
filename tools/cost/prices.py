"""AWS list prices in us-east-1, on demand, in USD, as of 2026-11-23: the one table to update.

Neither a free tier of new accounts, nor a Savings Plan, nor tax. The volume steps that this system
does not reach are left out. Each price says where it was checked on that day; several of these
sources are older than it. UNCHECKED ones are known from AWS's pricing pages, but were not found
again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

AS_OF = dt.date(2026, 11, 23)
REGION = "us-east-1"
HOURS = Decimal(730)
"""Of a month, as AWS's calculator counts: 365 x 24 / 12."""

PRICE_LIST = "AWS price list, as infracost's test data and published outputs show it"
CLOUDWATCH = "aws.amazon.com/cloudwatch/pricing (free tier); signoz.io/guides/cloudwatch-pricing"
EKS = "AWS Containers Blog, Amazon EKS extended support for Kubernetes versions pricing"
GUARDDUTY = "factualminds.com/blog/amazon-guardduty-pricing-data-sources-multi-account"
LOAD_BALANCING = "awsnegotiations.com/elastic-load-balancer-cost"
RDS_GUIDE = "infratally.com/articles/aws-rds-pricing-explained-2026"
CACHE_GUIDE = "dragonflydb.io/finops/elasticache"
KMS_GUIDE = "cloudburn.io/blog/aws-kms-pricing (rotation as of May 2024)"
COMPOSITE_GUIDE = "c3x.dev/resources/aws/aws_cloudwatch_metric_alarm"
UNCHECKED = "not re-checked"

EACH = "each"
"""The unit of what is counted, not measured."""


class Price(NamedTuple):
    """What one unit costs."""

    usd: Decimal
    unit: str
    source: str


def _price(usd: str, unit: str, source: str) -> Price:
    return Price(Decimal(usd), unit, source)


def _hourly(source: str, prices: Mapping[str, str]) -> dict[str, Price]:
    return {name: _price(usd, "h", source) for name, usd in prices.items()}


NODE_HOURS = {
    **_hourly(PRICE_LIST, {"t3.medium": "0.0416", "t3.large": "0.0832", "m6i.large": "0.096"}),
    **_hourly(
        UNCHECKED,
        {
            "t3.xlarge": "0.1664",
            "t3.2xlarge": "0.3328",
            "m6i.xlarge": "0.192",
            "m7i.large": "0.1008",
            "m7i.xlarge": "0.2016",
        },
    ),
}
"""EC2 with Linux. T instances that use more than their baseline pay for it on top."""

POSTGRESQL_HOURS = {
    **_hourly(PRICE_LIST, {"db.t3.medium": "0.072", "db.t3.large": "0.145"}),
    **_hourly(RDS_GUIDE, {"db.t4g.medium": "0.065"}),
    **_hourly(
        UNCHECKED,
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
"""RDS for PostgreSQL in one zone; Multi-AZ runs two, at exactly twice the price."""

REDIS_HOURS = {
    **_hourly(CACHE_GUIDE, {"cache.t3.medium": "0.068"}),
    **_hourly(PRICE_LIST, {"cache.t4g.small": "0.032"}),
    **_hourly(
        UNCHECKED,
        {
            "cache.t3.small": "0.034",
            "cache.t4g.medium": "0.065",
            "cache.m6g.large": "0.149",
            "cache.r6g.large": "0.206",
        },
    ),
}
"""ElastiCache for Redis OSS, a node."""

CLUSTER_HOUR = _price("0.10", "h", EKS)
CLUSTER_HOUR_EXTENDED = _price("0.60", "h", EKS)
"""From the end of a version's standard support on."""

NODE_VOLUME = {
    "gp3": _price("0.08", "GiB", PRICE_LIST),
    "gp2": _price("0.10", "GiB", PRICE_LIST),
}
DATABASE_STORAGE = {
    "gp3": _price("0.115", "GiB", PRICE_LIST),
    "gp2": _price("0.115", "GiB", PRICE_LIST),
}
DATABASE_BACKUP = _price("0.095", "GiB", PRICE_LIST)
DATABASE_EXTENDED_SUPPORT = _price("0.10", "vCPU-h", PRICE_LIST)
"""The first two years after standard support; the third costs twice as much."""
CACHE_BACKUP = _price("0.085", "GiB", PRICE_LIST)

LOAD_BALANCER_HOUR = _price("0.0225", "h", LOAD_BALANCING)
LOAD_BALANCER_CAPACITY = _price("0.008", "LCU-h", LOAD_BALANCING)
NAT_HOUR = _price("0.045", "h", PRICE_LIST)
NAT_GIB = _price("0.045", "GiB", PRICE_LIST)
ADDRESS_HOUR = _price("0.005", "h", PRICE_LIST)
"""A public IPv4 address, in use or not, since 2024-02-01."""
ENDPOINT_HOUR = _price("0.01", "h", PRICE_LIST)
ENDPOINT_GIB = _price("0.01", "GiB", PRICE_LIST)
DATA_OUT = _price("0.09", "GiB", PRICE_LIST)
CROSS_ZONE = _price("0.02", "GiB", PRICE_LIST)
"""0.01 on each side."""

KEY = _price("1.00", EACH, PRICE_LIST)
KEY_ROTATION = _price("1.00", EACH, KMS_GUIDE)
KEY_REQUESTS = _price("0.03", "10,000 requests", PRICE_LIST)
SECRET = _price("0.40", EACH, PRICE_LIST)
SECRET_REQUESTS = _price("0.05", "10,000 requests", PRICE_LIST)
FIREWALL = _price("5.00", EACH, PRICE_LIST)
FIREWALL_RULE = _price("1.00", EACH, PRICE_LIST)
FIREWALL_REQUESTS = _price("0.60", "million requests", PRICE_LIST)

ALARM_METRIC = _price("0.10", EACH, PRICE_LIST)
ALARM_METRIC_HIGH_RESOLUTION = _price("0.30", EACH, PRICE_LIST)
COMPOSITE_ALARM = _price("0.50", EACH, COMPOSITE_GUIDE)
DASHBOARD = _price("3.00", EACH, PRICE_LIST)
CUSTOM_METRIC = _price("0.30", EACH, CLOUDWATCH)
LOG_INGESTION = _price("0.50", "GiB", PRICE_LIST)
LOG_STORAGE = _price("0.03", "GiB", PRICE_LIST)
INSIGHTS_OBSERVATIONS = _price("0.21", "million observations", UNCHECKED)
"""Container Insights with enhanced observability, as settings/cluster.py quotes it."""

TRAIL_EVENTS = _price("2.00", "100,000 events", PRICE_LIST)
"""Management events, from an account's second trail on."""
CONFIG_ITEM = _price("0.003", EACH, PRICE_LIST)
CONFIG_EVALUATION = _price("0.001", EACH, PRICE_LIST)
THREAT_EVENTS = _price("4.00", "million events", GUARDDUTY)
THREAT_LOGS = _price("1.00", "GiB", GUARDDUTY)
SHIELD_ADVANCED = _price("3000.00", EACH, UNCHECKED)

BUCKET_GIB = _price("0.023", "GiB", PRICE_LIST)
BUCKET_REQUESTS = _price("0.005", "1,000 requests", PRICE_LIST)
FUNCTION_GIB_SECOND = _price("0.0000166667", "GiB-s", PRICE_LIST)
ADVANCED_PARAMETER = _price("0.05", EACH, UNCHECKED)

FREE_DASHBOARDS = 3
FREE_ALARM_METRICS = 10
FREE_LOG_GIB = 5
FREE_DATA_OUT_GIB = 100
"""What each account has free for ever ("Amazon CloudWatch pricing", "EC2 On-Demand pricing")."""
