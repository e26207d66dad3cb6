"""Reads the requests of a track, their errors and their latency from CloudWatch."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

_PERIOD_SECONDS = 60
_STATISTICS = {
    "requests": ("RequestCount", "Sum"),
    "errors": ("HTTPCode_Target_5XX_Count", "Sum"),
    "refused": ("TargetConnectionErrorCount", "Sum"),
    "p95": ("TargetResponseTime", "p95"),
}


@dataclass(frozen=True)
class TrackMetrics:
    """What the load balancer has measured of a track."""

    requests: int
    error_percent: float
    """The share of requests with a status of 500 or more, or without a connection."""
    p95_milliseconds: int


def read_track_metrics(
    client: Any,  # noqa: ANN401 - a client of CloudWatch
    rule: str,
    target_group: str,
    start: dt.datetime,
    end: dt.datetime,
) -> TrackMetrics | None:
    """Read the metrics of a track in a period; None if it has received no request.

    Args:
        client: a CloudWatch client in the Region of the stage.
        rule: the ARN of the listener rule, which has the load balancer's name.
        target_group: the ARN of the target group of the track.
        start: the beginning of the period.
        end: the end of the period.
    """
    dimensions = [
        {"Name": "LoadBalancer", "Value": _load_balancer(rule)},
        {"Name": "TargetGroup", "Value": target_group.rpartition(":")[2]},
    ]
    queries = [
        {
            "Id": name,
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/ApplicationELB",
                    "MetricName": metric,
                    "Dimensions": dimensions,
                },
                "Period": _PERIOD_SECONDS,
                "Stat": statistic,
            },
        }
        for name, (metric, statistic) in _STATISTICS.items()
    ]
    found = client.get_metric_data(MetricDataQueries=queries, StartTime=start, EndTime=end)
    values = {result["Id"]: result["Values"] for result in found["MetricDataResults"]}
    requests = sum(values["requests"])
    if not requests:
        return None
    errors = sum(values["errors"]) + sum(values["refused"])
    p95 = max(values["p95"], default=0.0)
    return TrackMetrics(int(requests), 100 * errors / requests, round(1000 * p95))


def _load_balancer(rule: str) -> str:
    """Return the dimension of the load balancer, such as app/NAME/ID, from a rule's ARN."""
    kind, name, identifier = rule.partition(":listener-rule/")[2].split("/")[:3]
    return f"{kind}/{name}/{identifier}"
