"""Announces the maintenance that AWS has scheduled for the data stores."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks

from constructs import Construct
from settings import StageSettings
from stacks.monitoring.governance.announcements import announcement_subject, announcement_text
from stacks.shared.acknowledgement import acknowledge
from stacks.shared.names import instance_identifier, replication_group_id
from stacks.shared.schedules import weekly
from stacks.shared.topic_permissions import publish_statements
from stacks.shared.workflow import Workflow

_DAYS_AHEAD = 8
"""The next window starts in seven days, and ends before the eighth day is over."""


def pending_maintenance_name(settings: StageSettings) -> str:
    """Return the name of the state machine."""
    return settings.resource_name("patches-by-aws")


def announce_pending_maintenance(
    scope: Construct,
    *,
    settings: StageSettings,
    topic: sns.ITopic,
    topics_key: kms.IKey,
    logs_key: kms.IKey,
) -> sfn.StateMachine:
    """Create a state machine that announces maintenance by AWS seven days ahead.

    AWS may use every week's window, but rarely does. The state machine runs at the start of each
    window. It asks RDS and ElastiCache for their plans for the next window, and announces those.

    Args:
        scope: The parent construct of all resources.
        settings: The stage's settings.
        topic: The topic of the announcements.
        topics_key: The KMS key of the topic.
        logs_key: The KMS key of the state machine's log group.
    """
    workflow = Workflow(
        scope,
        "PatchesByAws",
        name=pending_maintenance_name(settings),
        definition=_definition(scope, settings, topic),
        schedule=weekly(settings.maintenance.window_start),
        timeout=cdk.Duration.minutes(10),
        logs_key=logs_key,
    )
    for statement in publish_statements(topics_key, topic):
        workflow.state_machine.add_to_role_policy(statement)
    acknowledge(
        workflow.state_machine.role.node.find_child("DefaultPolicy"),
        "AwsSolutions-IAM5[Resource::*]",
        "CKV_AWS_111",
        reason="The descriptions of planned maintenance, log delivery and X-Ray need access to all "
        "resources. None of these actions reads stored data or changes a data store.",
    )
    return workflow.state_machine


def _definition(scope: Construct, settings: StageSettings, topic: sns.ITopic) -> sfn.IChainable:
    is_any_planned = sfn.Condition.jsonata("{% $count($planned) > 0 %}")
    return (
        _describe_database_maintenance(scope, settings)
        .next(_describe_cache_updates(scope, settings))
        .next(
            sfn.Choice.jsonata(scope, "CheckPlannedMaintenance")
            .when(is_any_planned, _announce(scope, settings, topic))
            .otherwise(sfn.Succeed.jsonata(scope, "NoMaintenancePlanned"))
        )
    )


def _describe_database_maintenance(
    scope: Construct, settings: StageSettings
) -> tasks.CallAwsService:
    """Assign the pending maintenance actions of RDS to `database`, each as a line of text."""
    until = f"$toMillis($states.context.Execution.StartTime) + {_DAYS_AHEAD} * 86400000"
    identifiers = [
        instance_identifier(settings, generation.number)
        for generation in settings.database.generations
    ]
    return tasks.CallAwsService.jsonata(
        scope,
        "DescribePendingMaintenanceActions",
        service="rds",
        action="describePendingMaintenanceActions",
        iam_resources=["*"],
        parameters={"Filters": [{"Name": "db-instance-id", "Values": identifiers}]},
        assign={
            # An action without CurrentApplyDate is available, but not scheduled.
            "database": "{% [$states.result.PendingMaintenanceActions.($instance := "
            "$split(ResourceIdentifier, ':')[-1]; PendingMaintenanceActionDetails["
            f"$exists(CurrentApplyDate) and $toMillis(CurrentApplyDate) <= ({until})]."
            "('PostgreSQL ' & $instance & ': ' & Action & ', ' & CurrentApplyDate))] %}"
        },
    )


def _describe_cache_updates(scope: Construct, settings: StageSettings) -> tasks.CallAwsService:
    """Append the scheduled service updates of ElastiCache, and assign the lines to `planned`."""
    return tasks.CallAwsService.jsonata(
        scope,
        "DescribeUpdateActions",
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


def _announce(scope: Construct, settings: StageSettings, topic: sns.ITopic) -> tasks.CallAwsService:
    text = announcement_text(
        settings,
        "AWS patches the data stores. PostgreSQL may fail over or restart, which takes up to two "
        "minutes. Redis fails over.",
    )
    return tasks.CallAwsService.jsonata(
        scope,
        "PublishAnnouncement",
        service="sns",
        action="publish",
        iam_action="sns:Publish",
        iam_resources=[topic.topic_arn],
        parameters={
            "TopicArn": topic.topic_arn,
            "Subject": announcement_subject(settings),
            "Message": f"{{% '{text}\n' & $join($planned, '\n') %}}",
        },
    )
