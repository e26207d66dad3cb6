"""Business metrics, counted from what the backend writes (docs/log-fields.md).

CloudWatch reads its log lines: the application needs no library, and no permission.
"""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs

from constructs import Construct
from k8s.application import BACKEND
from k8s.names import NAMESPACE
from settings.monitoring import BusinessSettings

_Condition = logs.JsonPattern


class LogMetrics(Construct):
    """Metric filters on the containers' log group, and the metrics that they make.

    A filter only takes lines of the backend's own containers: what another pod writes counts
    nothing. Tiers and features are listed in the pattern, so that a stray value makes no metric,
    and no cost.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: str,
        settings: BusinessSettings,
        log_group: logs.ILogGroup,
    ) -> None:
        """Make the filters.

        Args:
            scope: where the construct lives.
            construct_id: its id there.
            stage: part of the metrics' namespace, which keeps stages of one account apart.
            settings: the tiers and the features to count by.
            log_group: what containers write, as Fluent Bit wraps it.
        """
        super().__init__(scope, construct_id)
        self.namespace = f"SpyWatcher/{stage}"
        self._settings = settings
        self._log_group = log_group
        self._count("ApiRequests", "api_request", {"Tier": "tier"}, settings.tiers)
        self._count("FeatureUses", "feature_used", {"Feature": "feature"}, settings.features)
        self._count("SessionsStarted", "session_started")
        self._gauge("ActiveUsers", "activeUsers")
        self._gauge("Sessions", "sessions")
        self._filter("ApplicationErrors", _is("level", "error"), "1")

    @property
    def active_users(self) -> cloudwatch.Metric:
        """Users of the last five minutes: every backend pod reports the same number."""
        return self._metric("ActiveUsers", "Maximum", label="Active users")

    @property
    def sessions(self) -> cloudwatch.Metric:
        """Sessions that are open, likewise."""
        return self._metric("Sessions", "Maximum", label="Open")

    @property
    def sessions_started(self) -> cloudwatch.Metric:
        """Sign-ins that succeeded."""
        return self._metric("SessionsStarted", "Sum", label="Started")

    @property
    def application_errors(self) -> cloudwatch.Metric:
        """Lines of level error."""
        return self._metric("ApplicationErrors", "Sum", label="Logged by the backend")

    def api_requests(self) -> list[cloudwatch.Metric]:
        """Return the requests of each tier."""
        return [
            self._metric("ApiRequests", "Sum", label=tier, dimensions={"Tier": tier})
            for tier in self._settings.tiers
        ]

    def feature_uses(self) -> list[cloudwatch.Metric]:
        """Return how often each feature was used."""
        return [
            self._metric("FeatureUses", "Sum", label=feature, dimensions={"Feature": feature})
            for feature in self._settings.features
        ]

    def _count(
        self,
        name: str,
        event: str,
        dimensions: Mapping[str, str] | None = None,
        values: Sequence[str] = (),
    ) -> None:
        """Count the lines of an event, by a field that has one of these values."""
        conditions = [_is("event", event)]
        for field in (dimensions or {}).values():
            alternatives = [_is(field, value) for value in values]
            conditions.append(
                logs.FilterPattern.any(*alternatives) if len(alternatives) > 1 else alternatives[0]
            )
        self._filter(name, logs.FilterPattern.all(*conditions), "1", dimensions)

    def _gauge(self, name: str, field: str) -> None:
        """Take a number out of the line that the backend writes every minute."""
        pattern = logs.FilterPattern.all(
            _is("event", "gauge"), logs.FilterPattern.number_value(_path(field), ">=", 0)
        )
        self._filter(name, pattern, _path(field))

    def _filter(
        self,
        name: str,
        condition: _Condition,
        value: str,
        dimensions: Mapping[str, str] | None = None,
    ) -> None:
        logs.MetricFilter(
            self,
            name,
            log_group=self._log_group,
            filter_pattern=logs.FilterPattern.all(
                logs.FilterPattern.string_value("$.kubernetes.namespace_name", "=", NAMESPACE),
                logs.FilterPattern.string_value("$.kubernetes.container_name", "=", BACKEND.name),
                condition,
            ),
            metric_namespace=self.namespace,
            metric_name=name,
            metric_value=value,
            unit=cloudwatch.Unit.COUNT,
            dimensions={key: _path(field) for key, field in dimensions.items()}
            if dimensions
            else None,
        )

    def _metric(
        self,
        name: str,
        statistic: str,
        *,
        label: str,
        dimensions: Mapping[str, str] | None = None,
    ) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=self.namespace,
            metric_name=name,
            dimensions_map=dict(dimensions) if dimensions else None,
            statistic=statistic,
            label=label,
        )


def _path(field: str) -> str:
    """Return where a field of the backend's line is: Fluent Bit puts it below `log_processed`."""
    return f"$.log_processed.{field}"


def _is(field: str, value: str) -> _Condition:
    return logs.FilterPattern.string_value(_path(field), "=", value)
