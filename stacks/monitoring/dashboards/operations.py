"""The operators' dashboard: up, fast, full, changed, cost; from top to bottom."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds

from constructs import Construct
from k8s.names import NAMESPACE
from settings import StageSettings
from settings.model import PROJECT
from spywatcher_constructs.redis import RedisReplicationGroup
from stacks.monitoring.dashboards import capacity
from stacks.monitoring.dashboards.capacity import Row
from stacks.monitoring.dashboards.widgets import COLUMNS, HEIGHT, PERCENT, graph, heading, row
from stacks.monitoring.log_groups import LogGroups
from stacks.monitoring.metrics.application_metrics import ApplicationMetrics
from stacks.monitoring.metrics.log_metrics import LogMetrics
from stacks.monitoring.metrics.log_queries import AWS_CHANGES, KUBERNETES_CHANGES, Query
from stacks.shared.names import cluster_name, operations_dashboard_name

_MINUTE = cdk.Duration.minutes(1)
_DAY = cdk.Duration.days(1)
_TILES_A_ROW = 6
_ANSWER_WIDTH = 9
_COST_DAYS = 7


class OperationsDashboard(Construct):
    """What a person looks at first when an alarm goes off."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: StageSettings,
        alarms: Sequence[cloudwatch.IAlarm],
        load_balancer: elbv2.IApplicationLoadBalancer,
        targets: dict[str, elbv2.IApplicationTargetGroup],
        database: rds.IDatabaseInstance,
        cache: RedisReplicationGroup,
        node_group_names: Sequence[str],
        nat_gateway_ids: Sequence[str],
        log_groups: LogGroups,
        log_metrics: LogMetrics,
    ) -> None:
        """Make the dashboard.

        Args:
            scope: where the construct lives.
            construct_id: its id there.
            settings: the stage's settings.
            alarms: shown as tiles, in this order.
            load_balancer: what passes it is what users see.
            targets: the pods behind it, by service.
            database: PostgreSQL.
            cache: Redis.
            node_group_names: the cluster's node groups.
            nat_gateway_ids: the NAT gateways, zone by zone.
            log_groups: searched for changes, and counted for their cost.
            log_metrics: what the backend's own lines count.
        """
        super().__init__(scope, construct_id)
        self._settings = settings
        self._load_balancer = load_balancer
        self._cluster_name = cluster_name(settings)
        self._pods = (
            ApplicationMetrics(self._cluster_name) if settings.cluster.application_metrics else None
        )
        cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=operations_dashboard_name(settings),
            default_interval=cdk.Duration.hours(3),
            widgets=[
                [heading("## Is it up?")],
                [_tiles(alarms)],
                self._up(targets, log_metrics),
                [heading("## Is it fast?")],
                self._fast(database, cache),
                [heading("## Is it full?")],
                *capacity.node_rows(settings, self._cluster_name, node_group_names),
                capacity.postgresql_row(database, settings),
                capacity.redis_row(cache, settings),
                capacity.edge_row(load_balancer, nat_gateway_ids),
                [heading("## What changed?")],
                self._changed(log_groups),
                [heading("## What does it cost?")],
                self._cost(nat_gateway_ids, log_groups),
            ],
        )

    def _up(
        self, targets: dict[str, elbv2.IApplicationTargetGroup], log_metrics: LogMetrics
    ) -> Row:
        metrics, pods = self._load_balancer.metrics, self._pods
        threshold = self._settings.monitoring.thresholds.server_error_percent
        requests = metrics.request_count(period=_MINUTE, label="Requests")
        from_pods = metrics.http_code_target(
            elbv2.HttpCodeTarget.TARGET_5XX_COUNT, period=_MINUTE, label="5xx of pods"
        )
        from_edge = metrics.http_code_elb(
            elbv2.HttpCodeElb.ELB_5XX_COUNT, period=_MINUTE, label="5xx of the load balancer"
        )
        refused = metrics.http_code_target(
            elbv2.HttpCodeTarget.TARGET_4XX_COUNT, period=_MINUTE, label="4xx of pods"
        )
        rate = cloudwatch.MathExpression(
            expression="IF(requests > 0, 100 * (FILL(pods, 0) + FILL(edge, 0)) / requests, 0)",
            using_metrics={"requests": requests, "pods": from_pods, "edge": from_edge},
            label="Server errors",
            period=_MINUTE,
        )
        width = row(4)
        return [
            graph(
                "Pods that pass their health check",
                [
                    group.metrics.healthy_host_count(
                        statistic="Minimum", period=_MINUTE, label=service
                    )
                    for service, group in targets.items()
                ],
                width=width,
                unit="pods",
            ),
            graph(
                "Requests",
                [requests, *([pods.requests] if pods else [])],
                width=width,
                unit="a minute",
            ),
            graph(
                "Errors, of all answers",
                [rate],
                width=width,
                axis=cloudwatch.YAxisProps(min=0, label="%", show_units=False),
                threshold=(threshold, f"Alarm at {threshold:g} %"),
            ),
            graph(
                "Errors by origin",
                [
                    from_pods,
                    from_edge,
                    refused,
                    *([pods.errors] if pods else []),
                    log_metrics.application_errors.with_(period=_MINUTE),
                ],
                width=width,
                unit="a minute",
            ),
        ]

    def _fast(self, database: rds.IDatabaseInstance, cache: RedisReplicationGroup) -> Row:
        metrics, pods = self._load_balancer.metrics, self._pods
        threshold = self._settings.monitoring.thresholds.response_time_p95_seconds
        width = row(4)
        return [
            graph(
                "Response time",
                [
                    metrics.target_response_time(statistic=quantile, period=_MINUTE, label=quantile)
                    for quantile in ("p50", "p95", "p99")
                ],
                width=width,
                unit="s",
                threshold=(threshold, f"Alarm at p95 over {threshold:g} s"),
            ),
            graph(
                "Active connections",
                [
                    metrics.active_connection_count(period=_MINUTE, label="Open"),
                    metrics.new_connection_count(period=_MINUTE, label="New"),
                    *([pods.connections] if pods else []),
                ],
                width=width,
                unit="a minute",
                right=[pods.event_loop_lag] if pods else [],
                right_axis=cloudwatch.YAxisProps(min=0, label="s", show_units=False),
            ),
            graph("Cache hit rate", [_hit_rate(cache)], width=width, axis=PERCENT),
            graph(
                "Disk latency: PostgreSQL",
                [
                    database.metric(name, statistic="Average", label=label, period=_MINUTE)
                    for name, label in (("ReadLatency", "Reads"), ("WriteLatency", "Writes"))
                ],
                width=width,
                unit="s",
            ),
        ]

    def _changed(self, log_groups: LogGroups) -> Row:
        return [
            _answer(
                "Changes in Kubernetes, by people and pipelines", KUBERNETES_CHANGES, log_groups
            ),
            _answer("Changes in AWS, deployments included", AWS_CHANGES, log_groups),
            self._counts(),
        ]

    def _counts(self) -> cloudwatch.IWidget:
        """Show how many there are of what scales: a step is a deployment, a scaling or a loss."""
        if self._settings.cluster.container_insights:
            metrics: list[cloudwatch.IMetric] = [
                capacity.insights_metric(
                    self._cluster_name, "cluster_node_count", statistic="Average", label="Nodes"
                ),
                capacity.insights_metric(
                    self._cluster_name,
                    "namespace_number_of_running_pods",
                    statistic="Average",
                    label="Pods of the application",
                    dimensions={"Namespace": NAMESPACE},
                ),
            ]
            title = "Nodes and pods"
        else:
            metrics = [
                capacity.control_plane_metric(
                    self._cluster_name, name, statistic="Sum", label=label
                )
                for name, label in (
                    ("scheduler_schedule_attempts_SCHEDULED", "Pods put on a node"),
                    ("scheduler_schedule_attempts_UNSCHEDULABLE", "Found no node"),
                )
            ]
            title = "Pods that were started"
        return graph(title, metrics, width=COLUMNS - 2 * _ANSWER_WIDTH, unit="")

    def _cost(self, nat_gateway_ids: Sequence[str], log_groups: LogGroups) -> Row:
        """Show what the bill follows: CloudWatch itself knows no bill of one stage."""
        width = row(4)
        logs_taken_in = [_incoming(group, name) for name, group in _named(log_groups)]
        return [
            cloudwatch.TextWidget(markdown=self._bill(), width=width, height=HEIGHT),
            graph(
                "Cost driver: data through NAT gateways",
                [
                    capacity.nat_metric(
                        gateway,
                        "BytesOutToDestination",
                        statistic="Sum",
                        label=f"Gateway {number}",
                        period=_DAY,
                    )
                    for number, gateway in enumerate(nat_gateway_ids, start=1)
                ],
                width=width,
                unit="bytes a day",
                last_days=_COST_DAYS,
                stacked=True,
            ),
            graph(
                "Cost driver: logs taken in",
                logs_taken_in,
                width=width,
                unit="bytes a day",
                last_days=_COST_DAYS,
                stacked=True,
            ),
            graph(
                "Cost driver: load balancer capacity units",
                [
                    self._load_balancer.metrics.consumed_lc_us(
                        statistic="Average", label="Units", period=cdk.Duration.hours(1)
                    )
                ],
                width=width,
                unit="units",
                last_days=_COST_DAYS,
            ),
        ]

    def _bill(self) -> str:
        """Link to the bill by tag. Cost Explorer stands in us-east-1, whatever the stage's region.

        No graph of AWS/Billing: EstimatedCharges is the whole account's, in us-east-1 alone, and
        only where billing alerts are switched on.
        """
        stage = self._settings.stage
        home = "https://console.aws.amazon.com/costmanagement/home"
        return (
            f"**The bill**: [Cost Explorer]({home}#/cost-explorer) by the tags "
            f"`Project` = `{PROJECT}` and `Environment` = `{stage}`; "
            f"[budgets]({home}#/budgets); [anomalies]({home}#/anomaly-detection).\n\n"
            "A tag counts once it is activated for cost allocation, and a day late. "
            "Beside this, what grows with use; the rest costs the same day by day."
        )


def _tiles(alarms: Sequence[cloudwatch.IAlarm]) -> cloudwatch.AlarmStatusWidget:
    rows = -(-len(alarms) // _TILES_A_ROW)
    return cloudwatch.AlarmStatusWidget(
        title="Alarms", width=COLUMNS, height=1 + rows, alarms=list(alarms)
    )


def _answer(title: str, query: Query, log_groups: LogGroups) -> cloudwatch.LogQueryWidget:
    group: logs.ILogGroup = getattr(log_groups, query.log_group)
    return cloudwatch.LogQueryWidget(
        title=title,
        width=_ANSWER_WIDTH,
        height=HEIGHT,
        log_group_names=[group.log_group_name],
        query_string=query.text,
        view=cloudwatch.LogQueryVisualizationType.TABLE,
    )


def _hit_rate(cache: RedisReplicationGroup) -> cloudwatch.MathExpression:
    """Return hits of all look-ups, over all nodes; nothing where there were none."""
    nodes = range(1, cache.nodes + 1)
    hits = {f"hits{node}": cache.metric("CacheHits", node=node, statistic="Sum") for node in nodes}
    misses = {
        f"misses{node}": cache.metric("CacheMisses", node=node, statistic="Sum") for node in nodes
    }
    found, missed = (" + ".join(f"FILL({name}, 0)" for name in each) for each in (hits, misses))
    return cloudwatch.MathExpression(
        expression=f"100 * ({found}) / ({found} + {missed})",
        using_metrics={
            name: metric.with_(period=_MINUTE) for name, metric in {**hits, **misses}.items()
        },
        label="Hits of all look-ups",
        period=_MINUTE,
    )


def _named(log_groups: LogGroups) -> list[tuple[str, logs.ILogGroup]]:
    return [
        ("Containers", log_groups.application),
        ("Nodes", log_groups.nodes),
        ("Kubernetes API", log_groups.control_plane),
        ("PostgreSQL", log_groups.postgresql),
        ("Redis", log_groups.redis_slow_log),
        ("Firewall", log_groups.firewall),
        ("CloudTrail", log_groups.trail),
        ("Flow logs", log_groups.flows),
    ]


def _incoming(group: logs.ILogGroup, label: str) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace="AWS/Logs",
        metric_name="IncomingBytes",
        dimensions_map={"LogGroupName": group.log_group_name},
        statistic="Sum",
        label=label,
        period=_DAY,
    )
