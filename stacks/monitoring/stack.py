"""The monitoring stack: alarms and their routing, maintenance, access reviews and dashboards."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from settings import StageSettings
from stacks.monitoring.alarms.audit_trail import AuditTrailAlarms
from stacks.monitoring.alarms.backup import BackupAlarm
from stacks.monitoring.alarms.cache import CacheAlarms
from stacks.monitoring.alarms.cluster import ClusterAlarms
from stacks.monitoring.alarms.database import DatabaseAlarms
from stacks.monitoring.alarms.paging_events import PagingEvents
from stacks.monitoring.alarms.services import (
    ServiceAlarms,
    create_certificate_alarm,
    create_service_warnings,
)
from stacks.monitoring.dashboards.business import BusinessDashboard
from stacks.monitoring.dashboards.operations import OperationsDashboard
from stacks.monitoring.governance.access_review import AccessReview
from stacks.monitoring.governance.administrator_policy import AdministratorPolicy
from stacks.monitoring.governance.budget import Budget
from stacks.monitoring.governance.maintenance import Maintenance
from stacks.monitoring.metrics.log_metrics import LogMetrics
from stacks.monitoring.metrics.log_queries import LogQueries
from stacks.monitoring.monitored_resources import MonitoredResources
from stacks.monitoring.routing.alarm_routing import AlarmRouting
from stacks.monitoring.routing.topics import Topics
from stacks.shared.alarm_factory import AlarmFactory
from stacks.shared.stage_stack import StageStack
from stacks.shared.tags import stage_tags


class MonitoringStack(StageStack):
    """Observes the resources of the other stacks, and reports to the operators."""

    def __init__(
        self,
        stage: cdk.Stage,
        *,
        settings: StageSettings,
        resources: MonitoredResources,
        audit_bucket: s3.IBucket,
        admin_role: iam.IRole,
        topics_key: kms.IKey,
        logs_key: kms.IKey,
    ) -> None:
        """Create the stack.

        Args:
            stage: The stage that the stack belongs to.
            settings: The stage's settings.
            resources: The resources of the other stacks.
            audit_bucket: The bucket for the files of the access review.
            admin_role: The role of administrators, which can start the state machines.
            topics_key: The KMS key of the topics. Its policy allows the publishers to use it.
            logs_key: The KMS key of the log groups of this stack.
        """
        super().__init__(
            stage, "monitoring", settings=settings, description="Alarms and dashboards"
        )
        self._resources = resources
        self.topics = Topics(self, "Topics", settings=settings, key=topics_key)
        self._factory = AlarmFactory(self, settings)
        self._routing = AlarmRouting(
            self, self._factory, critical=self.topics.critical, warning=self.topics.warning
        )
        self._create_resource_alarms(logs_key)
        self._create_governance(audit_bucket, admin_role, topics_key, logs_key)
        tags = stage_tags(settings)
        Budget(self, "Budget", settings=settings, topic=self.topics.warning, tags=tags)
        LogQueries(self, "Queries", name=settings.resource_name(), log_groups=resources.log_groups)
        self._create_dashboards()

    def _create_resource_alarms(self, logs_key: kms.IKey) -> None:
        """Create the alarms on the resources, and route them to the topics."""
        factory, routing, resources = self._factory, self._routing, self._resources
        services = ServiceAlarms(factory, resources)
        database = DatabaseAlarms(factory)
        cache = CacheAlarms(factory, resources.cache)
        cluster = ClusterAlarms(factory)
        self._page_outage(services, database, cache, cluster)
        routing.page(
            "replication-broken",
            [*database.replication, *cache.replication],
            summary="A replica of the data is missing or behind. A failover would lose data, and "
            "reads from the replica return old data.",
        )
        routing.page(
            "pods-crash-looping-page",
            cluster.crash_looping,
            summary="A container has been in a crash loop for ten minutes.",
        )
        certificate_alarm = create_certificate_alarm(factory, resources.certificate)
        routing.page_directly(certificate_alarm)
        self._tested_alarms: list[cloudwatch.IAlarm] = [certificate_alarm]
        if factory.settings.database.backup_retention_days:
            backups = BackupAlarm(self, "Backups", factory=factory, logs_key=logs_key)
            routing.page_directly(backups.alarm)
        PagingEvents(self, "Events", factory=factory, topic=self.topics.critical)
        for warning in (
            *create_service_warnings(factory, resources),
            *database.warnings,
            *cache.warnings,
            *cluster.warnings,
        ):
            routing.notify(warning)

    def _page_outage(
        self,
        services: ServiceAlarms,
        database: DatabaseAlarms,
        cache: CacheAlarms,
        cluster: ClusterAlarms,
    ) -> None:
        """Page for whatever makes the application unavailable.

        Planned maintenance of the data stores makes the backend fail only where they have no
        standby.
        """
        settings = self._factory.settings
        has_standby = settings.database.multi_az and settings.cache.fails_over
        backend = [services.backend_down, services.error_rate]
        data_stores = [database.unavailable, cloudwatch.AlarmRule.all_of(*cache.unavailable)]
        frontend_and_nodes = [services.frontend_down, *cluster.without_nodes]
        self._routing.page_outage(
            always=[*frontend_and_nodes, *(backend if has_standby else [])],
            outside_maintenance=[*data_stores, *([] if has_standby else backend)],
        )

    def _create_governance(
        self,
        audit_bucket: s3.IBucket,
        admin_role: iam.IRole,
        topics_key: kms.IKey,
        logs_key: kms.IKey,
    ) -> None:
        """Create maintenance and access review, and the permissions to start them by hand."""
        factory, settings = self._factory, self._factory.settings
        maintenance = Maintenance(
            self,
            "Maintenance",
            settings=settings,
            factory=factory,
            warning_topic=self.topics.warning,
            topics_key=topics_key,
            logs_key=logs_key,
        )
        review = AccessReview(
            self,
            "AccessReview",
            settings=settings,
            factory=factory,
            bucket=audit_bucket,
            topic=self.topics.warning,
            topics_key=topics_key,
            logs_key=logs_key,
        )
        for failure in (*maintenance.failures, review.failures):
            self._routing.notify(failure)
        self._tested_alarms += self._create_audit_trail_alarms()
        AdministratorPolicy(
            self,
            "AdministratorPolicy",
            role=admin_role,
            state_machines=[review.state_machine, maintenance.state_machine],
            announcements=maintenance.announcements,
            topics_key=topics_key,
            tested_alarms=self._tested_alarms,
            flow_logs=self._resources.log_groups.flows,
        )

    def _create_audit_trail_alarms(self) -> list[cloudwatch.IAlarm]:
        """Create the alarms on the account's trail, and return the one that audits test."""
        settings = self._factory.settings
        if not settings.monitoring.account_wide:
            return []
        audit_trail = AuditTrailAlarms(
            self,
            "AuditAlarms",
            settings=settings,
            trail_logs=self._resources.log_groups.trail,
            factory=self._factory,
        )
        for alarm in audit_trail.alarms.values():
            self._routing.page_directly(alarm)
        return [audit_trail.alarms["root-use"]]

    def _create_dashboards(self) -> None:
        settings = self._factory.settings
        log_metrics = LogMetrics(
            self,
            "LogMetrics",
            stage=settings.stage,
            settings=settings.monitoring.business,
            log_group=self._resources.log_groups.application,
        )
        OperationsDashboard(
            self,
            "Operations",
            settings=settings,
            # Every alarm of the stack, so that a new alarm is on the dashboard.
            alarms=[
                child for child in self.node.find_all() if isinstance(child, cloudwatch.AlarmBase)
            ],
            resources=self._resources,
            log_metrics=log_metrics,
        )
        BusinessDashboard(
            self,
            "Business",
            settings=settings,
            log_metrics=log_metrics,
            load_balancer=self._resources.load_balancer,
        )
