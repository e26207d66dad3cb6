"""What users notice: no pod, errors, slow answers, an expired certificate."""

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_elasticloadbalancingv2 as elbv2

from settings.services import ServiceSettings
from stacks.shared.alarm_factory import (
    ABOVE,
    AT_LEAST,
    BELOW,
    MINUTE,
    Advice,
    AlarmFactory,
    Missing,
    WarningGroup,
)


def service_down(
    make: AlarmFactory, service: str, targets: elbv2.IApplicationTargetGroup
) -> cloudwatch.Alarm:
    """Watch that a service has a pod. An empty target group reports nothing, which is as bad."""
    return make.alarm(
        f"{service}-down",
        targets.metrics.healthy_host_count(statistic="Minimum", period=MINUTE),
        BELOW,
        1,
        advice=Advice(
            section=f"{service}-down",
            means=f"No {service} pod passes its health check: users get errors.",
            look_at="kubectl -n spywatcher get pods -o wide",
        ),
        periods=2,
        missing=Missing.IS_BAD,
    )


def high_error_rate(
    make: AlarmFactory, load_balancer: elbv2.IApplicationLoadBalancer
) -> cloudwatch.Alarm:
    """Watch the share of 5xx answers. A minute without requests has no errors."""
    percent = make.settings.monitoring.thresholds.server_error_percent
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
        label="Answers with 5xx (%)",
        period=MINUTE,
    )
    return make.alarm(
        "high-error-rate",
        errors,
        ABOVE,
        percent,
        advice=Advice(
            section="high-error-rate",
            means=f"Over {percent:g} % of answers have been server errors for five minutes.",
            look_at="kubectl -n spywatcher logs deployment/spywatcher-backend --since=15m",
        ),
        periods=5,
        missing=Missing.IS_FINE,
    )


def certificate_expiring(make: AlarmFactory, certificate: acm.ICertificate) -> cloudwatch.Alarm:
    """Watch the days that are left. ACM reports twice a day, and no more once it is too late."""
    days = make.settings.monitoring.thresholds.certificate_days
    return make.alarm(
        "certificate-expiring",
        certificate.metric_days_to_expiry(statistic="Minimum", period=cdk.Duration.days(1)),
        BELOW,
        days,
        advice=Advice(
            section="certificate-expiring",
            means=f"The certificate ends in under {days} days: ACM could not renew it. Browsers "
            "refuse the site from then on.",
            look_at="aws acm list-certificates --certificate-statuses ISSUED EXPIRED",
        ),
        periods=1,
        missing=Missing.CHANGES_NOTHING,
        pages_itself=True,
    )


def slow_answers(make: AlarmFactory, load_balancer: elbv2.IApplicationLoadBalancer) -> WarningGroup:
    """Watch the slowest twentieth of answers."""
    seconds = make.settings.monitoring.thresholds.response_time_p95_seconds
    return make.warning(
        "slow-answers",
        load_balancer.metrics.target_response_time(statistic="p95", period=MINUTE),
        ABOVE,
        seconds,
        means=f"One answer in twenty takes longer than {seconds:g} s.",
        look_at="the dashboard's response time beside PostgreSQL's CPU and connections",
        periods=10,
    )


def at_maximum(
    make: AlarmFactory, service: str, targets: elbv2.IApplicationTargetGroup, sizes: ServiceSettings
) -> WarningGroup | None:
    """Watch for an autoscaler at its end: as many healthy pods as it may make.

    The load balancer counts them, so that a stage needs no Container Insights. None where the
    service has a fixed number of pods.
    """
    maximum = sizes.replicas.maximum
    if sizes.replicas.minimum == maximum:
        return None
    return make.warning(
        f"{service}-at-maximum",
        targets.metrics.healthy_host_count(statistic="Maximum", period=MINUTE),
        AT_LEAST,
        maximum,
        means=f"All {maximum} {service} pods that the autoscaler may make have run for 15 minutes: "
        "more load makes answers slower.",
        look_at=f"kubectl -n spywatcher describe hpa spywatcher-{service}",
        periods=15,
    )
