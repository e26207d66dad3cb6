"""The row of releases on the operations dashboard."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_elasticloadbalancingv2 as elbv2

from constructs import IConstruct
from k8s.application import BACKEND, FRONTEND, Service
from settings import StageSettings
from stacks.monitoring.dashboards.widgets import Row, graph, widget_width
from stacks.monitoring.metrics.service_metrics import ServiceMetrics
from stacks.monitoring.metrics.track_metrics import track_name
from stacks.monitoring.monitored_resources import MonitoredResources, TrackTargets
from stacks.shared.names import release_machine_name

_MINUTE = cdk.Duration.minutes(1)
_EXECUTIONS = {
    "ExecutionsStarted": "started",
    "ExecutionsSucceeded": "released",
    "ExecutionsFailed": "refused or returned",
    "ExecutionsAborted": "stopped",
}


def releases_row(scope: IConstruct, settings: StageSettings, resources: MonitoredResources) -> Row:
    """Return the executions of the release machine, and the requests and errors of each track.

    The machine belongs to a later stack, so the scope gives the account and the Region of its ARN.
    """
    machine = cdk.Stack.of(scope).format_arn(
        service="states",
        resource="stateMachine",
        resource_name=release_machine_name(settings),
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )
    states = ServiceMetrics("AWS/States", {"StateMachineArn": machine})
    width = widget_width(3)
    executions = graph(
        "Releases",
        [
            states.metric(name, statistic="Sum", period=_MINUTE, label=label)
            for name, label in _EXECUTIONS.items()
        ],
        width=width,
        unit="executions",
    )
    return [
        executions,
        graph("Requests by track", _requests(resources), width=width, unit="per minute"),
        graph("Errors by track", _errors(resources), width=width, unit="per minute"),
    ]


def _requests(resources: MonitoredResources) -> list[cloudwatch.IMetric]:
    return [
        group.metrics.request_count(period=_MINUTE, label=track_name(service, track, tracks))
        for service, tracks in _targets(resources)
        for track, group in tracks.items()
    ]


def _errors(resources: MonitoredResources) -> list[cloudwatch.IMetric]:
    return [
        group.metrics.http_code_target(
            elbv2.HttpCodeTarget.TARGET_5XX_COUNT,
            period=_MINUTE,
            label=track_name(service, track, tracks),
        )
        for service, tracks in _targets(resources)
        for track, group in tracks.items()
    ]


def _targets(resources: MonitoredResources) -> Sequence[tuple[Service, TrackTargets]]:
    return ((BACKEND, resources.backend_targets), (FRONTEND, resources.frontend_targets))
