"""Monitoring: alarms, who hears of them, the dashboards, and the saved queries."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns

from settings import StageSettings
from settings.monitoring import ThresholdSettings
from spywatcher_constructs.redis import RedisReplicationGroup
from stacks.access_review import AccessReview
from stacks.audit_alarms import AuditAlarms
from stacks.base import StageStack
from stacks.budget import Budget
from stacks.dashboards.business import BusinessDashboard
from stacks.dashboards.operations import OperationsDashboard
from stacks.log_groups import LogGroups
from stacks.log_metrics import LogMetrics
from stacks.log_queries import LogQueries
from stacks.maintenance import Maintenance
from stacks.publishing import let_services_publish
from stacks.tags import stage_tags

_ABOVE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
_BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
_GIB = 1024**3


class MonitoringStack(StageStack):
    """What tells the operators that something is wrong, and shows them where."""

    def __init__(
        self,
        stage: cdk.Stage,
        *,
        settings: StageSettings,
        load_balancer: elbv2.IApplicationLoadBalancer,
        backend_targets: elbv2.IApplicationTargetGroup,
        frontend_targets: elbv2.IApplicationTargetGroup,
        database: rds.IDatabaseInstance,
        cache: RedisReplicationGroup,
        node_group_names: Sequence[str],
        nat_gateway_ids: Sequence[str],
        log_groups: LogGroups,
        audit_bucket: s3.IBucket,
        topics_key: kms.IKey,
        logs_key: kms.IKey,
    ) -> None:
        """Make the stack for the stage.

        Args:
            stage: the stage that the stack belongs to.
            settings: the stage's settings.
            load_balancer: its answers are the application's health.
            backend_targets: the backend's pods.
            frontend_targets: the frontend's pods.
            database: PostgreSQL.
            cache: Redis.
            node_group_names: the cluster's node groups.
            nat_gateway_ids: the NAT gateways, zone by zone.
            log_groups: what the parts of the stage write.
            audit_bucket: keeps what the access review collects.
            topics_key: encrypts the topics; its policy lets AWS's services publish.
            logs_key: encrypts the logs of the state machines.
        """
        super().__init__(
            stage, "monitoring", settings=settings, description="Alarms and dashboards"
        )
        thresholds = settings.monitoring.thresholds
        self._prefix = settings.resource_name()
        self.critical = self._topic("Critical", topics_key)
        self.warning = self._topic("Warning", topics_key)
        self._service_down("backend", backend_targets)
        self._service_down("frontend", frontend_targets)
        self._answers(load_balancer, thresholds)
        self._database(settings, database)
        self._cache(cache, thresholds)
        self._govern(settings, audit_bucket, log_groups.trail, topics_key, logs_key)
        LogQueries(self, "Queries", name=self._prefix, log_groups=log_groups)
        log_metrics = LogMetrics(
            self,
            "LogMetrics",
            stage=settings.stage,
            settings=settings.monitoring.business,
            log_group=log_groups.application,
        )
        OperationsDashboard(
            self,
            "Operations",
            settings=settings,
            # All of the stack's, whoever made them: none can be forgotten.
            alarms=[
                part for part in self.node.find_all() if isinstance(part, cloudwatch.AlarmBase)
            ],
            load_balancer=load_balancer,
            targets={"backend": backend_targets, "frontend": frontend_targets},
            database=database,
            cache=cache,
            node_group_names=node_group_names,
            nat_gateway_ids=nat_gateway_ids,
            log_groups=log_groups,
            log_metrics=log_metrics,
        )
        BusinessDashboard(
            self,
            "Business",
            settings=settings,
            log_metrics=log_metrics,
            load_balancer=load_balancer,
        )

    def _govern(
        self,
        settings: StageSettings,
        audit_bucket: s3.IBucket,
        trail_logs: logs.ILogGroup,
        topics_key: kms.IKey,
        logs_key: kms.IKey,
    ) -> None:
        """Make what is not about the application's health: maintenance, access, cost."""
        Maintenance(
            self,
            "Maintenance",
            settings=settings,
            warning=self.warning,
            topics_key=topics_key,
            logs_key=logs_key,
            removal_policy=self.removal_policy,
        )
        AccessReview(
            self,
            "AccessReview",
            settings=settings,
            bucket=audit_bucket,
            topic=self.warning,
            topics_key=topics_key,
            logs_key=logs_key,
            removal_policy=self.removal_policy,
        )
        if settings.account_wide.owned:
            AuditAlarms(
                self,
                "AuditAlarms",
                settings=settings,
                trail_logs=trail_logs,
                topic=self.critical,
            )
        Budget(self, "Budget", settings=settings, topic=self.warning, tags=stage_tags(settings))

    def _topic(self, urgency: str, key: kms.IKey) -> sns.Topic:
        topic = sns.Topic(
            self,
            urgency,
            topic_name=f"{self._prefix}-{urgency.lower()}",
            master_key=key,
            enforce_ssl=True,
        )
        let_services_publish(topic)
        return topic

    def _alarm(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        comparison: cloudwatch.ComparisonOperator,
        threshold: float,
        *,
        topic: sns.ITopic,
        means: str,
        minutes: int,
        missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
    ) -> cloudwatch.Alarm:
        """Make an alarm that tells the topic when it goes off and when it is over.

        Args:
            name: the last part of its name.
            metric: what it watches, in periods of a minute.
            comparison: on which side of the threshold it goes off.
            threshold: in the metric's unit.
            topic: whom it tells.
            means: what it means for users, for the one it wakes.
            minutes: how long the metric must be on that side without a break.
            missing: what a minute without data stands for.
        """
        alarm = cloudwatch.Alarm(
            self,
            "".join(word.capitalize() for word in name.split("-")),
            alarm_name=f"{self._prefix}-{name}",
            alarm_description=means,
            metric=metric,
            comparison_operator=comparison,
            threshold=threshold,
            evaluation_periods=minutes,
            treat_missing_data=missing,
        )
        alarm.add_alarm_action(actions.SnsAction(topic))
        alarm.add_ok_action(actions.SnsAction(topic))
        return alarm

    def _service_down(
        self, service: str, targets: elbv2.IApplicationTargetGroup
    ) -> cloudwatch.Alarm:
        return self._alarm(
            f"{service}-down",
            targets.metrics.healthy_host_count(statistic="Minimum", period=cdk.Duration.minutes(1)),
            _BELOW,
            1,
            topic=self.critical,
            means=f"No {service} pod passes its health check: users get errors.",
            minutes=2,
            missing=cloudwatch.TreatMissingData.BREACHING,
        )

    def _answers(
        self, load_balancer: elbv2.IApplicationLoadBalancer, thresholds: ThresholdSettings
    ) -> list[cloudwatch.Alarm]:
        minute = cdk.Duration.minutes(1)
        metrics = load_balancer.metrics
        errors = cloudwatch.MathExpression(
            expression="IF(requests > 0, 100 * (FILL(target, 0) + FILL(elb, 0)) / requests, 0)",
            using_metrics={
                "requests": metrics.request_count(period=minute),
                "target": metrics.http_code_target(
                    elbv2.HttpCodeTarget.TARGET_5XX_COUNT, period=minute
                ),
                "elb": metrics.http_code_elb(elbv2.HttpCodeElb.ELB_5XX_COUNT, period=minute),
            },
            label="Answers with 5xx (%)",
            period=minute,
        )
        slow = metrics.target_response_time(statistic="p95", period=minute)
        return [
            self._alarm(
                "high-error-rate",
                errors,
                _ABOVE,
                thresholds.server_error_percent,
                topic=self.critical,
                means=f"Over {thresholds.server_error_percent} % of answers are server errors.",
                minutes=5,
            ),
            self._alarm(
                "slow-answers",
                slow,
                _ABOVE,
                thresholds.response_time_p95_seconds,
                topic=self.warning,
                means="One answer in twenty takes longer than "
                f"{thresholds.response_time_p95_seconds} s.",
                minutes=10,
            ),
        ]

    def _database(
        self, settings: StageSettings, database: rds.IDatabaseInstance
    ) -> list[cloudwatch.Alarm]:
        minute = cdk.Duration.minutes(1)
        thresholds = settings.monitoring.thresholds
        free_percent = thresholds.database_free_storage_percent
        return [
            self._alarm(
                "database-cpu",
                database.metric_cpu_utilization(period=minute),
                _ABOVE,
                thresholds.database_cpu_percent,
                topic=self.warning,
                means="PostgreSQL has little processor time left: queries get slower.",
                minutes=15,
            ),
            self._alarm(
                "database-storage",
                database.metric_free_storage_space(period=minute),
                _BELOW,
                settings.database.storage_gib * _GIB * free_percent / 100,
                topic=self.warning,
                means=f"Less than {free_percent} % of PostgreSQL's first storage is free.",
                minutes=5,
            ),
        ]

    def _cache(
        self, cache: RedisReplicationGroup, thresholds: ThresholdSettings
    ) -> list[cloudwatch.Alarm]:
        minute = cdk.Duration.minutes(1)
        alarms = []
        for node in range(1, cache.nodes + 1):
            alarms.append(
                self._alarm(
                    f"cache-{node}-cpu",
                    cache.metric("EngineCPUUtilization", node=node).with_(period=minute),
                    _ABOVE,
                    thresholds.cache_cpu_percent,
                    topic=self.warning,
                    means=f"Redis node {node} has little processor time left.",
                    minutes=15,
                )
            )
            alarms.append(
                self._alarm(
                    f"cache-{node}-memory",
                    cache.metric("DatabaseMemoryUsagePercentage", node=node).with_(period=minute),
                    _ABOVE,
                    thresholds.cache_memory_percent,
                    topic=self.warning,
                    means=f"Redis node {node} is nearly full: it will evict keys.",
                    minutes=15,
                )
            )
        return alarms
