"""Alarms on the services as users see them: healthy pods, errors, response times, certificate."""

from collections.abc import Iterator

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk.aws_cloudwatch import ComparisonOperator, TreatMissingData

from k8s.application import BACKEND, FRONTEND, Service
from settings.services import ServiceSettings
from stacks.monitoring.metrics.track_metrics import healthy_pods
from stacks.monitoring.monitored_resources import MonitoredResources, TrackTargets
from stacks.shared.alarm_factory import (
    MINUTE,
    AlarmDescription,
    AlarmFactory,
    WarningGroup,
)


class ServiceAlarms:
    """The alarms that mean that users cannot use a service."""

    def __init__(self, factory: AlarmFactory, resources: MonitoredResources) -> None:
        """Create the alarms, with the thresholds of the factory's settings."""
        self._factory = factory
        self.backend_down = self._service_down(BACKEND, resources.backend_targets)
        self.frontend_down = self._service_down(FRONTEND, resources.frontend_targets)
        self.error_rate = self._error_rate(resources.load_balancer)

    def _service_down(self, service: Service, targets: TrackTargets) -> cloudwatch.Alarm:
        """Alarm when no pod of a service passes its health check."""
        return self._factory.create_alarm(
            f"{service.name}-down",
            healthy_pods(targets, statistic="Minimum"),
            ComparisonOperator.LESS_THAN_THRESHOLD,
            1,
            description=AlarmDescription(
                runbook_section=f"{service.name}-down",
                summary=f"No {service.name} pod passes its health check on port {service.port}. "
                "Users get errors.",
                first_check="kubectl -n spywatcher get pods -o wide",
            ),
            evaluation_periods=2,
            # A target group without any target reports no data.
            treat_missing_data=TreatMissingData.BREACHING,
        )

    def _error_rate(self, load_balancer: elbv2.IApplicationLoadBalancer) -> cloudwatch.Alarm:
        """Alarm on the percentage of responses that are 5xx errors."""
        percent = self._factory.settings.monitoring.thresholds.server_error_percent
        metrics = load_balancer.metrics
        errors = cloudwatch.MathExpression(
            expression="IF(requests > 0, 100 * (FILL(target, 0) + FILL(elb, 0)) / requests, 0)",
            using_metrics={
                "requests": metrics.request_count(period=MINUTE),
                "target": metrics.http_code_target(
                    elbv2.HttpCodeTarget.TARGET_5XX_COUNT, period=MINUTE
                ),
                "elb": metrics.http_code_elb(elbv2.HttpCodeElb.ELB_5XX_COUNT, period=MINUTE),
            },
            label="Responses with 5xx (%)",
            period=MINUTE,
        )
        return self._factory.create_alarm(
            "high-error-rate",
            errors,
            ComparisonOperator.GREATER_THAN_THRESHOLD,
            percent,
            description=AlarmDescription(
                runbook_section="high-error-rate",
                summary=f"More than {percent:g} % of the responses have been server errors for "
                "five minutes.",
                first_check="kubectl -n spywatcher logs deployment/spywatcher-backend --since=15m",
            ),
            evaluation_periods=5,
            # A minute without requests has no errors.
            treat_missing_data=TreatMissingData.NOT_BREACHING,
        )


def create_certificate_alarm(
    factory: AlarmFactory, certificate: acm.ICertificate
) -> cloudwatch.Alarm:
    """Alarm on the days until the certificate expires.

    The description names what replaces the certificate: the domain and the hosted zone
    (stacks/shared/weak_references.py).
    """
    days, domain = factory.settings.monitoring.thresholds.certificate_days, factory.settings.domain
    record = f" with its record in the hosted zone {domain.hosted_zone_id}"
    return factory.create_alarm(
        "certificate-expiring",
        certificate.metric_days_to_expiry(statistic="Minimum", period=cdk.Duration.days(1)),
        ComparisonOperator.LESS_THAN_THRESHOLD,
        days,
        description=AlarmDescription(
            runbook_section="certificate-expiring",
            summary=f"The certificate of {domain.name} expires in less than {days} days, because "
            f"ACM could not renew it{'' if domain.certificate_arn else record}. Browsers refuse "
            "the site after that.",
            first_check="aws acm list-certificates --certificate-statuses ISSUED EXPIRED",
        ),
        evaluation_periods=1,
        # ACM reports twice a day, and stops when the certificate has expired.
        treat_missing_data=TreatMissingData.IGNORE,
        has_own_action=True,
    )


def create_service_warnings(
    factory: AlarmFactory, resources: MonitoredResources
) -> Iterator[WarningGroup]:
    """Yield the warnings about response times, and about services that cannot scale out further."""
    services = factory.settings.services
    yield _response_time(factory, resources.load_balancer)
    yield from _maximum_replicas(factory, BACKEND, resources.backend_targets, services.backend)
    yield from _maximum_replicas(factory, FRONTEND, resources.frontend_targets, services.frontend)


def _response_time(
    factory: AlarmFactory, load_balancer: elbv2.IApplicationLoadBalancer
) -> WarningGroup:
    seconds = factory.settings.monitoring.thresholds.response_time_p95_seconds
    return factory.create_warning(
        "slow-answers",
        load_balancer.metrics.target_response_time(statistic="p95", period=MINUTE),
        ComparisonOperator.GREATER_THAN_THRESHOLD,
        seconds,
        summary=f"The 95th percentile of the response time is above {seconds:g} s.",
        first_check="The response time on the dashboard, and the CPU and connections of PostgreSQL",
        evaluation_periods=10,
    )


def _maximum_replicas(
    factory: AlarmFactory,
    service: Service,
    targets: TrackTargets,
    settings: ServiceSettings,
) -> Iterator[WarningGroup]:
    """Yield a warning if the service has a HorizontalPodAutoscaler, for when it is at its maximum.

    The load balancer counts the pods, so the stage needs no Container Insights.
    """
    maximum = settings.replicas.maximum
    if settings.replicas.minimum == maximum:
        return
    yield factory.create_warning(
        f"{service.name}-at-maximum",
        healthy_pods(targets, statistic="Maximum"),
        ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        maximum,
        summary=f"The {service.name} has had its maximum of {maximum} pods on port {service.port} "
        "for 15 minutes. More load makes responses slower.",
        first_check=f"kubectl -n spywatcher describe hpa spywatcher-{service.name}",
        evaluation_periods=15,
    )
