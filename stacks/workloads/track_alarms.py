"""The alarms of a track, which the release machine observes while it moves the traffic."""

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk.aws_cloudwatch import ComparisonOperator, TreatMissingData

from k8s.application import Service
from settings.delivery import Track, other_track
from stacks.shared.acknowledgement import acknowledge
from stacks.shared.alarm_factory import MINUTE, AlarmDescription, AlarmFactory
from stacks.workloads.routing import Routing

MIN_REQUESTS_PER_MINUTE = 20
"""With fewer requests in a minute, one failed request would be more than the limit of 5 %."""
TIMES_OTHER_ERRORS = 2
"""A track is bad only with more than twice the errors of the other one, so that a failure of the
database, which affects both, does not end a release."""
TIMES_OTHER_RESPONSE_TIME = 1.5
_EVALUATION_PERIODS = 2


class TrackAlarms:
    """The alarms on errors and on slow responses of each track of a service.

    They have no action: the release machine reads their state.
    """

    def __init__(self, factory: AlarmFactory, routing: Routing, service: Service) -> None:
        """Create the alarms.

        Args:
            factory: The factory of the alarms, with the thresholds of the stage.
            routing: The target groups of the tracks.
            service: A service with two tracks.
        """
        self._factory = factory
        self._routing = routing
        self._service = service
        for track in routing.tracks(service):
            self._alarm_on_errors(track)
            self._alarm_on_slow_responses(track)

    def _alarm_on_errors(self, track: Track) -> None:
        """Alarm on the percentage of requests with a 5xx status or a failed connection."""
        percent = self._factory.settings.monitoring.thresholds.server_error_percent
        share = "100 * (FILL(errors, 0) + FILL(failures, 0)) / requests"
        other = (
            "100 * (FILL(other_errors, 0) + FILL(other_failures, 0)) "
            "/ MAX([FILL(other_requests, 0), 1])"
        )
        own, others = self._metrics(track), self._metrics(other_track(track), "other_")
        self._create_alarm(
            f"{self._service.name}-{track}-errors",
            cloudwatch.MathExpression(
                expression=f"IF((requests >= {MIN_REQUESTS_PER_MINUTE}) AND "
                f"({share} > {TIMES_OTHER_ERRORS} * {other}), {share}, 0)",
                using_metrics={**own, **others},
                label=f"Failed requests of the {track} track (%)",
                period=MINUTE,
            ),
            percent,
            AlarmDescription(
                runbook_section="track-errors",
                summary=f"More than {percent:g} % of the requests to the {track} track of the "
                f"{self._service.name} fail, and more than twice as many as on the other track.",
                first_check=f"python3 dev.py release status {self._factory.settings.stage}",
            ),
        )

    def _alarm_on_slow_responses(self, track: Track) -> None:
        """Alarm on the 95th percentile of the response time."""
        seconds = self._factory.settings.monitoring.thresholds.response_time_p95_seconds
        self._create_alarm(
            f"{self._service.name}-{track}-slow",
            cloudwatch.MathExpression(
                expression=f"IF((requests >= {MIN_REQUESTS_PER_MINUTE}) AND "
                f"(time > {TIMES_OTHER_RESPONSE_TIME:g} * FILL(other_time, 0)), time, 0)",
                using_metrics={
                    "requests": self._targets(track).metrics.request_count(period=MINUTE),
                    "time": self._response_time(track),
                    "other_time": self._response_time(other_track(track)),
                },
                label=f"Response time of the {track} track (s)",
                period=MINUTE,
            ),
            seconds,
            AlarmDescription(
                runbook_section="track-slow",
                summary=f"The 95th percentile of the response time of the {track} track of the "
                f"{self._service.name} is above {seconds:g} s, and above 1.5 times that of the "
                "other track.",
                first_check=f"python3 dev.py release status {self._factory.settings.stage}",
            ),
        )

    def _metrics(self, track: Track, prefix: str = "") -> dict[str, cloudwatch.IMetric]:
        metrics = self._targets(track).metrics
        return {
            f"{prefix}requests": metrics.request_count(period=MINUTE),
            f"{prefix}errors": metrics.http_code_target(
                elbv2.HttpCodeTarget.TARGET_5XX_COUNT, period=MINUTE
            ),
            f"{prefix}failures": metrics.target_connection_error_count(period=MINUTE),
        }

    def _response_time(self, track: Track) -> cloudwatch.IMetric:
        return self._targets(track).metrics.target_response_time(statistic="p95", period=MINUTE)

    def _targets(self, track: Track) -> elbv2.ApplicationTargetGroup:
        return self._routing.target_group(self._service, track)

    def _create_alarm(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        threshold: float,
        description: AlarmDescription,
    ) -> None:
        alarm = self._factory.create_alarm(
            name,
            metric,
            ComparisonOperator.GREATER_THAN_THRESHOLD,
            threshold,
            description=description,
            evaluation_periods=_EVALUATION_PERIODS,
            # A track without requests shows nothing.
            treat_missing_data=TreatMissingData.NOT_BREACHING,
            has_own_action=True,
        )
        acknowledge(
            alarm,
            "NIST.800.53.R5-CloudWatchAlarmAction",
            reason="The release machine reads the state of this alarm during a release, and "
            "returns the traffic. Outside a release, the alarms of the monitoring stack page.",
        )
