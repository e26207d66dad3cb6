"""The row of the operations dashboard about cost: the usage that the bill depends on."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_elasticloadbalancingv2 as elbv2

from settings.model import PROJECT
from stacks.monitoring.dashboards.widgets import HEIGHT, Row, graph, widget_width
from stacks.monitoring.log_groups import LogGroups
from stacks.monitoring.metrics.service_metrics import log_group_metrics, nat_gateway_metrics

_DAY = cdk.Duration.days(1)
_LAST_DAYS = 7
_WIDTH = widget_width(4)


def cost_row(
    stage: str,
    load_balancer: elbv2.IApplicationLoadBalancer,
    nat_gateway_ids: Sequence[str],
    log_groups: LogGroups,
) -> Row:
    """Return links to the bill, and the usage of the last week that changes from day to day."""
    return [
        cloudwatch.TextWidget(markdown=_billing_links(stage), width=_WIDTH, height=HEIGHT),
        graph(
            "Cost driver: data through NAT gateways",
            [
                nat_gateway_metrics(gateway_id).metric(
                    "BytesOutToDestination",
                    statistic="Sum",
                    label=f"Gateway {number}",
                    period=_DAY,
                )
                for number, gateway_id in enumerate(nat_gateway_ids, start=1)
            ],
            width=_WIDTH,
            unit="bytes per day",
            last_days=_LAST_DAYS,
            stacked=True,
        ),
        graph(
            "Cost driver: ingested logs",
            _ingested_bytes(log_groups),
            width=_WIDTH,
            unit="bytes per day",
            last_days=_LAST_DAYS,
            stacked=True,
        ),
        graph(
            "Cost driver: load balancer capacity units",
            [
                load_balancer.metrics.consumed_lc_us(
                    statistic="Average", label="Units", period=cdk.Duration.hours(1)
                )
            ],
            width=_WIDTH,
            unit="units",
            last_days=_LAST_DAYS,
        ),
    ]


def _billing_links(stage: str) -> str:
    """Return links to Cost Explorer, whose console is in us-east-1 for every Region.

    A graph of AWS/Billing would not do: EstimatedCharges has the sum of the whole account, exists
    in us-east-1 alone, and needs billing alerts to be on.
    """
    home = "https://console.aws.amazon.com/costmanagement/home"
    return (
        f"**The bill**: [Cost Explorer]({home}#/cost-explorer) with the tags "
        f"`Project` = `{PROJECT}` and `Environment` = `{stage}`, "
        f"[budgets]({home}#/budgets), [anomalies]({home}#/anomaly-detection).\n\n"
        "A tag counts from its activation as a cost allocation tag, a day later. "
        "The graphs show the usage that changes the cost from day to day."
    )


def _ingested_bytes(log_groups: LogGroups) -> list[cloudwatch.Metric]:
    return [
        log_group_metrics(log_group).metric(
            "IncomingBytes", statistic="Sum", label=label, period=_DAY
        )
        for label, log_group in (
            ("Containers", log_groups.application),
            ("Nodes", log_groups.nodes),
            ("Kubernetes API", log_groups.control_plane),
            ("PostgreSQL", log_groups.postgresql),
            ("Redis", log_groups.redis_slow_log),
            ("Firewall", log_groups.firewall),
            ("CloudTrail", log_groups.trail),
            ("Flow logs", log_groups.flows),
        )
    ]
