"""Monitoring: what goes wrong, who is told of it and when, and the dashboard."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds

from settings import StageSettings
from spywatcher_constructs.redis import RedisReplicationGroup
from stacks.base import StageStack
from stacks.monitoring import availability
from stacks.monitoring.alarm import AlarmMaker
from stacks.monitoring.audience import Audience
from stacks.monitoring.cache import CacheAlarms
from stacks.monitoring.cluster import ClusterAlarms
from stacks.monitoring.database import DatabaseAlarms
from stacks.monitoring.events import BackupWatch, PagingEvents
from stacks.monitoring.notifications import Notifications


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
        certificate: acm.ICertificate,
        database: rds.IDatabaseInstance,
        cache: RedisReplicationGroup,
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
            certificate: what browsers see.
            database: PostgreSQL.
            cache: Redis.
            topics_key: encrypts the topics; its policy lets those publish that do.
            logs_key: encrypts the record of backups.
        """
        super().__init__(stage, "monitoring", settings=settings, description="Alarms and dashboard")
        notifications = Notifications(self, "Topics", settings=settings, key=topics_key)
        self.critical = notifications.critical
        self.warning = notifications.warning
        make = AlarmMaker(self, settings)
        audience = Audience(self, make, critical=self.critical, warning=self.warning)
        backend_down = availability.service_down(make, "backend", backend_targets)
        frontend_down = availability.service_down(make, "frontend", frontend_targets)
        errors = availability.high_error_rate(make, load_balancer)
        database_alarms = DatabaseAlarms(make)
        cache_alarms = CacheAlarms(make, cache)
        cluster_alarms = ClusterAlarms(make)

        rule = cloudwatch.AlarmRule
        stores = [database_alarms.unavailable, rule.all_of(*cache_alarms.unavailable)]
        users = [backend_down, errors]
        has_standby = settings.database.multi_az and settings.cache.nodes > 1
        audience.page_outage(
            always=[frontend_down, *cluster_alarms.without_nodes, *(users if has_standby else [])],
            unless_planned=[*stores, *([] if has_standby else users)],
        )
        audience.page(
            "replication-broken", [*database_alarms.replication, *cache_alarms.replication]
        )
        audience.page("pods-crash-looping-page", cluster_alarms.crash_looping)
        audience.page_directly(availability.certificate_expiring(make, certificate))
        if settings.database.backup_retention_days:
            backups = BackupWatch(
                self,
                "Backups",
                make=make,
                logs_key=logs_key,
                removal_policy=self.removal_policy,
            )
            audience.page_directly(backups.alarm)
        PagingEvents(self, "Events", make=make, topic=self.critical)

        services = settings.services
        for group in (
            availability.slow_answers(make, load_balancer),
            availability.at_maximum(make, "backend", backend_targets, services.backend),
            availability.at_maximum(make, "frontend", frontend_targets, services.frontend),
            *database_alarms.warnings,
            *cache_alarms.warnings,
            *cluster_alarms.warnings,
        ):
            if group is not None:
                audience.notify(group)
        self.critical_alarms: Sequence[cloudwatch.AlarmBase] = audience.pages
        self.warning_alarms: Sequence[cloudwatch.AlarmBase] = audience.warnings
        self.alarms = [*self.critical_alarms, *self.warning_alarms]
        self._dashboard(self.alarms, load_balancer, database, cache)

    def _dashboard(
        self,
        alarms: Sequence[cloudwatch.AlarmBase],
        load_balancer: elbv2.IApplicationLoadBalancer,
        database: rds.IDatabaseInstance,
        cache: RedisReplicationGroup,
    ) -> None:
        metrics = load_balancer.metrics
        nodes = range(1, cache.nodes + 1)
        graph = cloudwatch.GraphWidget
        cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=self._settings.resource_name(),
            widgets=[
                [cloudwatch.AlarmStatusWidget(title="Is it up?", width=24, alarms=list(alarms))],
                [
                    graph(title="Requests", width=12, left=[metrics.request_count()]),
                    graph(
                        title="Response time (s)",
                        width=12,
                        left=[
                            metrics.target_response_time(statistic=quantile)
                            for quantile in ("p50", "p95", "p99")
                        ],
                    ),
                ],
                [
                    graph(
                        title="PostgreSQL CPU (%)",
                        width=12,
                        left=[database.metric_cpu_utilization()],
                    ),
                    graph(
                        title="Redis memory (%)",
                        width=12,
                        left=[
                            cache.metric("DatabaseMemoryUsagePercentage", node=node)
                            for node in nodes
                        ],
                    ),
                ],
            ],
        )
