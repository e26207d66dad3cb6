"""Maintenance: what is planned is announced a week ahead, and nothing due is forgotten."""

import datetime as dt

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks

from constructs import Construct
from settings import StageSettings, support
from stacks.shared.acknowledgement import acknowledge
from stacks.shared.alarm_factory import ABOVE, AlarmFactory, WarningGroup
from stacks.shared.names import (
    instance_identifier,
    node_patching_name,
    replication_group_id,
    to_pascal_case,
)
from stacks.shared.publishing import publishing
from stacks.shared.runbooks import runbook
from stacks.shared.schedules import monthly, weekly
from stacks.shared.workflow import REMEMBERED_HOURS, Workflow, alarm_of_failures

_QUARTERLY = {
    # name: (months, what it asks for). Apart from each other and from the access review
    # (stacks/monitoring/governance/access_review.py), so that no month asks for two.
    "security-audit": ("2,5,8,11", "The quarterly security audit is due."),
    "vertical-scaling": ("3,6,9,12", "The quarterly look at sizes is due: do they still fit?"),
}
_SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"
"""EventBridge Scheduler puts the time in its place."""


class Maintenance(Construct):
    """Announcements, and reminders of what people do.

    Our own work has a fixed place in the month: its announcement is a schedule of its own, seven
    days before. AWS may patch the data stores in every week's window, but rarely does: each week,
    seven days before the next window, a state machine asks what AWS has planned for it, and
    announces that alone. ACM renews certificates without a window, and without anybody noticing.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: StageSettings,
        make: AlarmFactory,
        warning: sns.ITopic,
        topics_key: kms.IKey,
        logs_key: kms.IKey,
    ) -> None:
        """Make the topic of the announcements and the schedules.

        Args:
            scope: where the construct lives.
            construct_id: its id there.
            settings: the stage's settings.
            make: makes the alarms of failures, which the caller tells somebody of.
            warning: hears what is due.
            topics_key: encrypts the topic of the announcements.
            logs_key: encrypts the state machine's log.
        """
        super().__init__(scope, construct_id)
        self._settings = settings
        self._topics_key = topics_key
        self.announcements = sns.Topic(
            self,
            "Announcements",
            topic_name=settings.resource_name("announcements"),
            display_name=f"{settings.resource_name()} maintenance",
            master_key=topics_key,
            enforce_ssl=True,
        )
        self._group = scheduler.ScheduleGroup(
            self, "Group", schedule_group_name=settings.resource_name("maintenance")
        )
        self._publisher = self._make_publisher(warning)
        self._announce_node_patches()
        self._announce_kubernetes_upgrades()
        self._announce_patches_by_aws(logs_key)
        for name, (months, text) in _QUARTERLY.items():
            expression = f"cron(0 9 ? {months} MON#1 *)"
            self._publish(name, expression, warning, text, runbook_name=name)
        self._remind_of_ending_support(warning)
        self.failures = [
            self._lost_messages(make),
            alarm_of_failures(
                make,
                "node-patches-failed",
                machine_name=node_patching_name(settings),
                means="Nodes keep last month's patches of the operating system.",
            ),
            alarm_of_failures(
                make,
                "plans-not-read",
                machine_name=settings.resource_name("patches-by-aws"),
                means="What AWS plans for the data stores in the next window is not announced.",
            ),
        ]

    def _lost_messages(self, make: AlarmFactory) -> WarningGroup:
        """Warn of a message that Scheduler gave up: nobody misses an announcement by himself."""
        group = self._group.schedule_group_name
        metric = cloudwatch.Metric(
            namespace="AWS/Scheduler",
            metric_name="InvocationDroppedCount",
            dimensions_map={"ScheduleGroup": group},
            statistic="Sum",
            period=cdk.Duration.hours(1),
        )
        return make.warning(
            "message-lost",
            metric,
            ABOVE,
            0,
            means="An announcement of maintenance, or a reminder, was not sent.",
            look_at=f"the schedules of the group {self._settings.resource_name('maintenance')}",
            periods=1,
            remembered_periods=REMEMBERED_HOURS,
        )

    def _make_publisher(self, warning: sns.ITopic) -> iam.IRole:
        """Make the role of the schedules: Scheduler publishes with a role, not under its name."""
        role = iam.Role(
            self,
            "Publisher",
            assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com").with_conditions(
                {
                    "StringEquals": {
                        "aws:SourceAccount": cdk.Stack.of(self).account,
                        "aws:SourceArn": self._group.schedule_group_arn,
                    }
                }
            ),
        )
        iam.ManagedPolicy(
            self,
            "PublisherPolicy",
            description="EventBridge Scheduler: announcements and reminders",
            roles=[role],
            statements=publishing(self._topics_key, self.announcements, warning),
        )
        # CDK's targets would add a policy of their own, to every topic; and warn of it regardless.
        publisher = role.without_policy_updates()
        cdk.Annotations.of(publisher).acknowledge_warning(
            "@aws-cdk/aws-scheduler-targets:defaultWildcardResourcePolicy"
        )
        return publisher

    def _announce_node_patches(self) -> None:
        maintenance = self._settings.maintenance
        self._publish(
            "announce-node-patches",
            monthly(maintenance.window_start, maintenance.node_patch_week - 1),
            self.announcements,
            "the nodes get the month's operating system patches, one node after the other. Pods "
            "move; no interruption is expected",
            runbook_name="kubernetes-upgrade",
            planned=True,
        )

    def _announce_kubernetes_upgrades(self) -> None:
        maintenance = self._settings.maintenance
        self._publish(
            "announce-kubernetes-upgrade",
            monthly(
                maintenance.window_start,
                maintenance.kubernetes_upgrade_week - 1,
                maintenance.kubernetes_upgrade_months,
            ),
            self.announcements,
            "Kubernetes is upgraded where a newer version is due "
            f"(now {self._settings.cluster.kubernetes_version}). Pods move; no interruption is "
            "expected",
            runbook_name="kubernetes-upgrade",
            planned=True,
        )

    def _announce_patches_by_aws(self, logs_key: kms.IKey) -> None:
        name = self._settings.resource_name("patches-by-aws")
        workflow = Workflow(
            self,
            "PatchesByAws",
            name=name,
            definition=self._ask_aws(),
            schedule=weekly(self._settings.maintenance.window_start),
            timeout=cdk.Duration.minutes(10),
            logs_key=logs_key,
        )
        for statement in publishing(self._topics_key, self.announcements):
            workflow.machine.add_to_role_policy(statement)
        acknowledge(
            workflow.machine.role.node.find_child("DefaultPolicy"),
            "AwsSolutions-IAM5[Resource::*]",
            "CKV_AWS_111",
            reason="The descriptions of planned patches, the delivery of logs and X-Ray know no "
            "narrower resource; nothing of it reads stored data or changes a resource.",
        )

    def _ask_aws(self) -> sfn.IChainable:
        """Ask RDS and ElastiCache for what they will do before the eighth day from now."""
        settings = self._settings
        until = "$toMillis($states.context.Execution.StartTime) + 8 * 86400000"
        database = tasks.CallAwsService.jsonata(
            self,
            "PlannedForPostgresql",
            service="rds",
            action="describePendingMaintenanceActions",
            iam_resources=["*"],
            parameters={
                "Filters": [
                    {
                        "Name": "db-instance-id",
                        "Values": [
                            instance_identifier(settings, each.number)
                            for each in settings.database.generations
                        ],
                    }
                ]
            },
            assign={
                # RDS leaves CurrentApplyDate out where nothing is going to be applied.
                "database": "{% [$states.result.PendingMaintenanceActions.($instance := "
                "$split(ResourceIdentifier, ':')[-1]; PendingMaintenanceActionDetails["
                f"$exists(CurrentApplyDate) and $toMillis(CurrentApplyDate) <= ({until})]."
                "('PostgreSQL ' & $instance & ': ' & Action & ', ' & CurrentApplyDate))] %}"
            },
        )
        cache = tasks.CallAwsService.jsonata(
            self,
            "PlannedForRedis",
            service="elasticache",
            action="describeUpdateActions",
            iam_resources=["*"],
            parameters={
                "ReplicationGroupIds": [replication_group_id(settings)],
                "UpdateActionStatus": ["scheduling", "scheduled", "waiting-to-start"],
            },
            assign={
                "planned": "{% $append($database, [$states.result.UpdateActions.("
                "'Redis ' & ReplicationGroupId & ': ' & ServiceUpdateName)]) %}"
            },
        )
        tell = tasks.CallAwsService.jsonata(
            self,
            "Announce",
            service="sns",
            action="publish",
            iam_action="sns:Publish",
            iam_resources=[self.announcements.topic_arn],
            parameters={
                "TopicArn": self.announcements.topic_arn,
                "Subject": self._subject(),
                "Message": "{% '"
                f"In 7 days, {settings.maintenance.window_text}: AWS patches the data stores. "
                "PostgreSQL may fail over or restart, which takes up to two minutes; Redis fails "
                "over.\n' & "
                "$join($planned, '\n') %}",
            },
        )
        return database.next(cache).next(
            sfn.Choice.jsonata(self, "IsAnythingPlanned")
            .when(sfn.Condition.jsonata("{% $count($planned) > 0 %}"), tell)
            .otherwise(sfn.Succeed.jsonata(self, "NothingIsPlanned"))
        )

    def _remind_of_ending_support(self, warning: sns.ITopic) -> None:
        """Warn 90 days before the standard support of a version ends, and each year after.

        Not a schedule for that one moment: EventBridge refuses one in the past, and the rebuilding
        of a region would fail after that day. The template does not depend on today's date either.
        """
        major = self._settings.database.engine_version.partition(".")[0]
        kubernetes = self._settings.cluster.kubernetes_version
        for product, version, dates, name in (
            ("Kubernetes", kubernetes, support.KUBERNETES.get(kubernetes), "kubernetes-upgrade"),
            ("PostgreSQL", major, support.POSTGRESQL.get(major), "postgresql-upgrade"),
        ):
            if dates is None:  # A retired version, which only `allow_retired_versions` lets pass.
                continue
            day = dates.standard_until - dt.timedelta(days=support.WARNING_DAYS)
            self._publish(
                f"support-of-{product.lower()}",
                f"cron(0 9 {day.day} {day.month} ? *)",
                warning,
                f"Standard support of {product} {version} ends on {dates.standard_until}, extended "
                f"support on {dates.extended_until}. Plan the upgrade.",
                runbook_name=name,
            )

    def _publish(
        self,
        name: str,
        expression: str,
        topic: sns.ITopic,
        text: str,
        *,
        runbook_name: str,
        planned: bool = False,
    ) -> None:
        """Publish a message by schedule.

        Args:
            name: the last part of the schedule's name.
            expression: when, in UTC.
            topic: who hears it.
            text: what it says.
            runbook_name: what it refers to.
            planned: whether the text is what happens in the window that is seven days away.
        """
        stage = self._settings.resource_name()
        if planned:
            text = f"In 7 days, {self._settings.maintenance.window_text}: {text}."
        message = f"{text}\nRunbook: {runbook(self._settings, runbook_name)}\n"
        scheduler.Schedule(
            self,
            to_pascal_case(name),
            schedule_name=self._settings.resource_name(name),
            schedule_group=self._group,
            schedule=scheduler.ScheduleExpression.expression(expression),
            target=targets.Universal(
                service="sns",
                action="publish",
                role=self._publisher,
                input=scheduler.ScheduleTargetInput.from_object(
                    {
                        "TopicArn": topic.topic_arn,
                        "Subject": self._subject() if planned else f"{stage}: {name}",
                        "Message": f"{message}Sent {_SCHEDULED_TIME}.",
                    }
                ),
            ),
        )

    def _subject(self) -> str:
        return f"{self._settings.resource_name()}: maintenance in 7 days"
