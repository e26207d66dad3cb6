"""The operations dashboard: availability, speed, capacity, recent changes and cost."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_logs as logs

from constructs import Construct
from k8s.application import BACKEND, FRONTEND
from k8s.names import NAMESPACE
from settings import StageSettings
from spywatcher_constructs.redis import RedisReplicationGroup
from stacks.monitoring.dashboards import capacity
from stacks.monitoring.dashboards.cost import cost_row
from stacks.monitoring.dashboards.releases import releases_row
from stacks.monitoring.dashboards.widgets import (
    COLUMNS,
    HEIGHT,
    PERCENT,
    Row,
    graph,
    heading,
    widget_width,
)
from stacks.monitoring.metrics.application_metrics import ApplicationMetrics
from stacks.monitoring.metrics.log_metrics import LogMetrics
from stacks.monitoring.metrics.log_queries import AWS_CHANGES, KUBERNETES_CHANGES, Query
from stacks.monitoring.metrics.service_metrics import (
    container_insights_metrics,
    control_plane_metrics,
)
from stacks.monitoring.metrics.track_metrics import track_name
from stacks.monitoring.monitored_resources import MonitoredResources
from stacks.shared.names import cluster_name, operations_dashboard_name

_MINUTE = cdk.Duration.minutes(1)
_FIVE_MINUTES = cdk.Duration.minutes(5)
_ALARMS_PER_ROW = 6
_QUERY_WIDTH = 9
_WIDTH = widget_width(4)


class OperationsDashboard(Construct):
    """The dashboard that operators open first when an alarm goes off."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: StageSettings,
        alarms: Sequence[cloudwatch.IAlarm],
        resources: MonitoredResources,
        log_metrics: LogMetrics,
    ) -> None:
        """Create the dashboard.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            settings: The stage's settings.
            alarms: The alarms whose state it shows, in this order.
            resources: The resources whose metrics and logs it shows.
            log_metrics: The metrics of the backend's log.
        """
        super().__init__(scope, construct_id)
        self._settings = settings
        self._resources = resources
        self._log_metrics = log_metrics
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
                heading("Availability"),
                [_alarm_states(alarms)],
                [self._healthy_pods(), self._requests(), self._error_rate(), self._errors()],
                heading("Performance"),
                [
                    self._response_time(),
                    self._connections(),
                    self._cache_hit_rate(),
                    self._disk_latency(),
                ],
                heading("Capacity"),
                *self._capacity_rows(),
                heading("Releases"),
                releases_row(self, settings, resources),
                heading("Recent changes"),
                [*self._changes(), self._nodes_and_pods()],
                heading("Cost"),
                cost_row(
                    settings.stage,
                    resources.load_balancer,
                    resources.nat_gateway_ids,
                    resources.log_groups,
                ),
            ],
        )

    def _healthy_pods(self) -> cloudwatch.GraphWidget:
        targets = {
            BACKEND: self._resources.backend_targets,
            FRONTEND: self._resources.frontend_targets,
        }
        return graph(
            "Healthy pods",
            [
                target_group.metrics.healthy_host_count(
                    statistic="Minimum",
                    period=_MINUTE,
                    label=f"{track_name(service, track, tracks)}, port {service.port}",
                )
                for service, tracks in targets.items()
                for track, target_group in tracks.items()
            ],
            width=_WIDTH,
            unit="pods",
        )

    def _requests(self) -> cloudwatch.GraphWidget:
        return graph(
            "Requests",
            [self._request_count(), *([self._pods.requests] if self._pods else [])],
            width=_WIDTH,
            unit="per minute",
        )

    def _error_rate(self) -> cloudwatch.GraphWidget:
        threshold = self._settings.monitoring.thresholds.server_error_percent
        rate = cloudwatch.MathExpression(
            expression="IF(requests > 0, 100 * (FILL(pods, 0) + FILL(edge, 0)) / requests, 0)",
            using_metrics={
                "requests": self._request_count(),
                "pods": self._target_errors(),
                "edge": self._load_balancer_errors(),
            },
            label="Error rate",
            period=_MINUTE,
        )
        return graph(
            "Error rate",
            [rate],
            width=_WIDTH,
            axis=cloudwatch.YAxisProps(min=0, label="%", show_units=False),
            threshold=(threshold, f"Alarm at {threshold:g} %"),
        )

    def _errors(self) -> cloudwatch.GraphWidget:
        client_errors = self._resources.load_balancer.metrics.http_code_target(
            elbv2.HttpCodeTarget.TARGET_4XX_COUNT, period=_MINUTE, label="4xx of pods"
        )
        return graph(
            "Errors by origin",
            [
                self._target_errors(),
                self._load_balancer_errors(),
                client_errors,
                *([self._pods.errors] if self._pods else []),
                self._log_metrics.application_errors.with_(period=_MINUTE),
            ],
            width=_WIDTH,
            unit="per minute",
        )

    def _request_count(self) -> cloudwatch.Metric:
        metrics = self._resources.load_balancer.metrics
        return metrics.request_count(period=_MINUTE, label="Requests")

    def _target_errors(self) -> cloudwatch.Metric:
        return self._resources.load_balancer.metrics.http_code_target(
            elbv2.HttpCodeTarget.TARGET_5XX_COUNT, period=_MINUTE, label="5xx of pods"
        )

    def _load_balancer_errors(self) -> cloudwatch.Metric:
        return self._resources.load_balancer.metrics.http_code_elb(
            elbv2.HttpCodeElb.ELB_5XX_COUNT, period=_MINUTE, label="5xx of the load balancer"
        )

    def _response_time(self) -> cloudwatch.GraphWidget:
        metrics = self._resources.load_balancer.metrics
        threshold = self._settings.monitoring.thresholds.response_time_p95_seconds
        return graph(
            "Response time",
            [
                metrics.target_response_time(statistic=percentile, period=_MINUTE, label=percentile)
                for percentile in ("p50", "p95", "p99")
            ],
            width=_WIDTH,
            unit="s",
            threshold=(threshold, f"Alarm at p95 over {threshold:g} s"),
        )

    def _connections(self) -> cloudwatch.GraphWidget:
        metrics, pods = self._resources.load_balancer.metrics, self._pods
        return graph(
            "Active connections",
            [
                metrics.active_connection_count(period=_MINUTE, label="Open"),
                metrics.new_connection_count(period=_MINUTE, label="New"),
                *([pods.connections] if pods else []),
            ],
            width=_WIDTH,
            unit="per minute",
            right=[pods.event_loop_lag] if pods else [],
            right_unit="s",
        )

    def _cache_hit_rate(self) -> cloudwatch.GraphWidget:
        return graph(
            "Cache hit rate", [_hit_rate(self._resources.cache)], width=_WIDTH, axis=PERCENT
        )

    def _disk_latency(self) -> cloudwatch.GraphWidget:
        database = self._resources.database
        return graph(
            "Disk latency: PostgreSQL",
            [
                database.metric(name, statistic="Average", label=label, period=_MINUTE)
                for name, label in (("ReadLatency", "Reads"), ("WriteLatency", "Writes"))
            ],
            width=_WIDTH,
            unit="s",
        )

    def _capacity_rows(self) -> list[Row]:
        settings, resources = self._settings, self._resources
        return [
            *capacity.node_rows(settings, self._cluster_name, resources.node_group_names),
            capacity.postgresql_row(resources.database, settings),
            capacity.redis_row(resources.cache, settings),
            capacity.network_row(resources.load_balancer, resources.nat_gateway_ids),
        ]

    def _changes(self) -> Row:
        log_groups = self._resources.log_groups
        return [
            _query_result(
                "Changes in Kubernetes, by people and pipelines",
                KUBERNETES_CHANGES,
                log_groups.control_plane,
            ),
            _query_result("Changes in AWS, including deployments", AWS_CHANGES, log_groups.trail),
        ]

    def _nodes_and_pods(self) -> cloudwatch.GraphWidget:
        """Show numbers that a deployment, a scaling activity or a failure changes."""
        width = COLUMNS - 2 * _QUERY_WIDTH
        if not self._settings.cluster.container_insights:
            return graph("Scheduled pods", self._scheduled_pods(), width=width, unit="")
        cluster = container_insights_metrics(self._cluster_name)
        namespace = container_insights_metrics(self._cluster_name, {"Namespace": NAMESPACE})
        return graph(
            "Nodes and pods",
            [
                cluster.metric(
                    "cluster_node_count", statistic="Average", label="Nodes", period=_FIVE_MINUTES
                ),
                namespace.metric(
                    "namespace_number_of_running_pods",
                    statistic="Average",
                    label="Pods of the application",
                    period=_FIVE_MINUTES,
                ),
            ],
            width=width,
            unit="",
        )

    def _scheduled_pods(self) -> list[cloudwatch.Metric]:
        control_plane = control_plane_metrics(self._cluster_name)
        return [
            control_plane.metric(name, statistic="Sum", label=label, period=_FIVE_MINUTES)
            for name, label in (
                ("scheduler_schedule_attempts_SCHEDULED", "Scheduled"),
                ("scheduler_schedule_attempts_UNSCHEDULABLE", "Unschedulable"),
            )
        ]


def _alarm_states(alarms: Sequence[cloudwatch.IAlarm]) -> cloudwatch.AlarmStatusWidget:
    rows = -(-len(alarms) // _ALARMS_PER_ROW)
    return cloudwatch.AlarmStatusWidget(
        title="Alarms", width=COLUMNS, height=1 + rows, alarms=list(alarms)
    )


def _query_result(title: str, query: Query, log_group: logs.ILogGroup) -> cloudwatch.LogQueryWidget:
    return cloudwatch.LogQueryWidget(
        title=title,
        width=_QUERY_WIDTH,
        height=HEIGHT,
        log_group_names=[log_group.log_group_name],
        query_string=query.text,
        view=cloudwatch.LogQueryVisualizationType.TABLE,
    )


def _hit_rate(cache: RedisReplicationGroup) -> cloudwatch.MathExpression:
    """Return hits as a percentage of all lookups of all nodes; no data without a lookup."""

    def per_node(metric_name: str, prefix: str) -> dict[str, cloudwatch.IMetric]:
        return {
            f"{prefix}{node}": cache.metric(metric_name, node=node, statistic="Sum").with_(
                period=_MINUTE
            )
            for node in range(1, cache.nodes + 1)
        }

    hits, misses = per_node("CacheHits", "hits"), per_node("CacheMisses", "misses")
    all_hits, all_misses = (
        " + ".join(f"FILL({name}, 0)" for name in metrics) for metrics in (hits, misses)
    )
    return cloudwatch.MathExpression(
        expression=f"100 * ({all_hits}) / ({all_hits} + {all_misses})",
        using_metrics={**hits, **misses},
        label="Hit rate",
        period=_MINUTE,
    )
