"""Monitoring: what goes wrong, who is told of it and when, and the dashboards."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds
from aws_cdk import aws_s3 as s3

from settings import StageSettings
from spywatcher_constructs.redis import RedisReplicationGroup
from stacks.monitoring.alarms import availability
from stacks.monitoring.alarms.audit import AuditAlarms
from stacks.monitoring.alarms.cache import CacheAlarms
from stacks.monitoring.alarms.cluster import ClusterAlarms
from stacks.monitoring.alarms.database import DatabaseAlarms
from stacks.monitoring.alarms.events import BackupWatch, PagingEvents
from stacks.monitoring.dashboards.business import BusinessDashboard
from stacks.monitoring.dashboards.operations import OperationsDashboard
from stacks.monitoring.governance.access_review import AccessReview
from stacks.monitoring.governance.budget import Budget
from stacks.monitoring.governance.maintenance import Maintenance
from stacks.monitoring.log_groups import LogGroups
from stacks.monitoring.metrics.log_metrics import LogMetrics
from stacks.monitoring.metrics.log_queries import LogQueries
from stacks.monitoring.routing.alarm_routing import AlarmRouting
from stacks.monitoring.routing.topics import Topics
from stacks.shared.alarm_factory import AlarmFactory
from stacks.shared.base import StageStack
from stacks.shared.tags import stage_tags


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
            certificate: what browsers see.
            database: PostgreSQL.
            cache: Redis.
            node_group_names: the cluster's node groups.
            nat_gateway_ids: the NAT gateways, zone by zone.
            log_groups: what the parts of the stage write.
            audit_bucket: keeps what the access review collects.
            topics_key: encrypts the topics; its policy lets those publish that do.
            logs_key: encrypts the record of backups, and the logs of the state machines.
        """
        super().__init__(
            stage, "monitoring", settings=settings, description="Alarms and dashboards"
        )
        topics = Topics(self, "Topics", settings=settings, key=topics_key)
        self.critical = topics.critical
        self.warning = topics.warning
        make = AlarmFactory(self, settings)
        routing = AlarmRouting(self, make, critical=self.critical, warning=self.warning)
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
        routing.page_outage(
            always=[frontend_down, *cluster_alarms.without_nodes, *(users if has_standby else [])],
            unless_planned=[*stores, *([] if has_standby else users)],
        )
        routing.page(
            "replication-broken", [*database_alarms.replication, *cache_alarms.replication]
        )
        routing.page("pods-crash-looping-page", cluster_alarms.crash_looping)
        routing.page_directly(availability.certificate_expiring(make, certificate))
        if settings.database.backup_retention_days:
            backups = BackupWatch(
                self,
                "Backups",
                make=make,
                logs_key=logs_key,
            )
            routing.page_directly(backups.alarm)
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
                routing.notify(group)
        self._govern(make, routing, audit_bucket, log_groups.trail, topics_key, logs_key)
        LogQueries(self, "Queries", name=settings.resource_name(), log_groups=log_groups)
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
        make: AlarmFactory,
        routing: AlarmRouting,
        audit_bucket: s3.IBucket,
        trail_logs: logs.ILogGroup,
        topics_key: kms.IKey,
        logs_key: kms.IKey,
    ) -> None:
        """Make what is not about the application's health: maintenance, access, cost."""
        settings = make.settings
        maintenance = Maintenance(
            self,
            "Maintenance",
            settings=settings,
            make=make,
            warning=self.warning,
            topics_key=topics_key,
            logs_key=logs_key,
        )
        review = AccessReview(
            self,
            "AccessReview",
            settings=settings,
            make=make,
            bucket=audit_bucket,
            topic=self.warning,
            topics_key=topics_key,
            logs_key=logs_key,
        )
        for group in (*maintenance.failures, review.failures):
            routing.notify(group)
        if settings.account_wide.owned:
            audit = AuditAlarms(
                self, "AuditAlarms", settings=settings, trail_logs=trail_logs, make=make
            )
            for alarm in audit.alarms:
                routing.page_directly(alarm)
        Budget(self, "Budget", settings=settings, topic=self.warning, tags=stage_tags(settings))
