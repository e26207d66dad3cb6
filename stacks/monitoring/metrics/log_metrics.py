"""Business metrics from the backend's log (docs/log-fields.md).

Metric filters read the log, so the backend needs no AWS library and no permission.
"""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs

from constructs import Construct
from k8s.application import BACKEND
from k8s.names import NAMESPACE
from settings.monitoring import BusinessSettings


class LogMetrics(Construct):
    """Metric filters on the log group of the containers, and their metrics.

    Each filter matches log events of the backend's containers alone. The patterns list the tiers
    and the features of the settings, because each other value would become another billed metric.
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
        """Create the metric filters.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            stage: The last part of the metric namespace, because stages may share an account.
            settings: The tiers and the features, which become dimensions.
            log_group: The output of the containers, in the format of Fluent Bit.
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
        self._create_filter("ApplicationErrors", _equals("level", "error"), "1")

    @property
    def active_users(self) -> cloudwatch.Metric:
        """The users of the last five minutes. Every backend pod reports the same number."""
        return self._metric("ActiveUsers", "Maximum", label="Active users")

    @property
    def sessions(self) -> cloudwatch.Metric:
        """The open sessions. Every backend pod reports the same number."""
        return self._metric("Sessions", "Maximum", label="Open")

    @property
    def sessions_started(self) -> cloudwatch.Metric:
        """The successful sign-ins."""
        return self._metric("SessionsStarted", "Sum", label="Started")

    @property
    def application_errors(self) -> cloudwatch.Metric:
        """The log events of level error."""
        return self._metric("ApplicationErrors", "Sum", label="Errors in the log")

    def api_requests(self) -> list[cloudwatch.Metric]:
        """Return one metric for each tier."""
        return [
            self._metric("ApiRequests", "Sum", label=tier, dimensions={"Tier": tier})
            for tier in self._settings.tiers
        ]

    def feature_uses(self) -> list[cloudwatch.Metric]:
        """Return one metric for each feature."""
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
        """Create a filter that counts the log events of a kind.

        Args:
            name: The metric's name.
            event: The value of the field `event`.
            dimensions: The metric's dimensions, and the field with the value of each.
            values: The values that the fields of the dimensions may have.
        """
        conditions = [_equals("event", event)]
        for field in (dimensions or {}).values():
            alternatives = [_equals(field, value) for value in values]
            conditions.append(
                logs.FilterPattern.any(*alternatives) if len(alternatives) > 1 else alternatives[0]
            )
        self._create_filter(name, logs.FilterPattern.all(*conditions), "1", dimensions)

    def _gauge(self, name: str, field: str) -> None:
        """Create a filter for a number that the backend logs every minute."""
        pattern = logs.FilterPattern.all(
            _equals("event", "gauge"), logs.FilterPattern.number_value(_path(field), ">=", 0)
        )
        self._create_filter(name, pattern, _path(field))

    def _create_filter(
        self,
        name: str,
        condition: logs.JsonPattern,
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
    """Return the path of a field of the backend's log. Fluent Bit nests it in `log_processed`."""
    return f"$.log_processed.{field}"


def _equals(field: str, value: str) -> logs.JsonPattern:
    return logs.FilterPattern.string_value(_path(field), "=", value)
