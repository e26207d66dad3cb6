"""A state machine that calls AWS's APIs by itself: no function to patch, no code to upload."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from aws_cdk import aws_stepfunctions as sfn

from constructs import Construct
from spywatcher_constructs.encrypted_log_group import EncryptedLogGroup
from stacks.shared.acknowledgement import acknowledge
from stacks.shared.alarm_factory import ABOVE, AlarmFactory, WarningGroup
from stacks.shared.names import to_pascal_case

REMEMBERED_HOURS = 72
"""From Friday evening to Monday."""


class Workflow(Construct):
    """A scheduled state machine in JSONata. Its steps are logged, without what they carried.

    `alarm_of_failures` tells of an execution without success.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        definition: sfn.IChainable,
        schedule: str,
        timeout: cdk.Duration,
        logs_key: kms.IKey,
    ) -> None:
        """Make the machine and its schedule.

        Args:
            scope: where the construct lives.
            construct_id: its id there.
            name: its name; its log group carries it too.
            definition: its first state.
            schedule: an expression of EventBridge Scheduler, in UTC.
            timeout: how long an execution may take.
            logs_key: encrypts its log.
        """
        super().__init__(scope, construct_id)
        # Log groups of this prefix share one entry of the account's resource policy for logs,
        # which has room for few.
        log = EncryptedLogGroup(
            self,
            "Log",
            log_group_name=f"/aws/vendedlogs/states/{name}",
            encryption_key=logs_key,
            retention_days=90,
        )
        self.machine = sfn.StateMachine(
            self,
            "Machine",
            state_machine_name=name,
            definition_body=sfn.DefinitionBody.from_chainable(definition),
            query_language=sfn.QueryLanguage.JSONATA,
            timeout=timeout,
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=log, level=sfn.LogLevel.ALL, include_execution_data=False
            ),
        )
        scheduler.Schedule(
            self,
            "Schedule",
            schedule=scheduler.ScheduleExpression.expression(schedule),
            # Not a day of attempts, CDK's default: a window would be over.
            target=targets.StepFunctionsStartExecution(
                self.machine, role=self._starter(), max_event_age=cdk.Duration.minutes(15)
            ),
        )
        acknowledge(
            self.machine.role.node.find_child("DefaultPolicy"),
            "NIST.800.53.R5-IAMNoInlinePolicy",
            reason="The policy fits one state machine and names what that one calls: shared with "
            "another identity it would be wrong.",
        )

    def _starter(self) -> iam.IRole:
        """Make the role of the schedule."""
        role = iam.Role(
            self,
            "Starter",
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}},
            ),
        )
        iam.ManagedPolicy(
            self,
            "StarterPolicy",
            description="EventBridge Scheduler: start one state machine",
            roles=[role],
            statements=[
                iam.PolicyStatement(
                    actions=["states:StartExecution"], resources=[self.machine.state_machine_arn]
                )
            ],
        )
        # CDK's target would add the same once more, inline.
        return role.without_policy_updates()


def alarm_of_failures(
    make: AlarmFactory, name: str, *, machine_name: str, means: str
) -> WarningGroup:
    """Warn of an execution that failed, timed out or was stopped, whatever the cause.

    An alarm and not a step of the machine: a step cannot tell of a permission that it lacks. It
    stands for three days, over a weekend: what failed at night is told in the morning.

    Args:
        make: makes the alarm.
        name: the alarm's name, and its section of the runbook.
        machine_name: the machine, which may stand in an earlier stack.
        means: what is not done, for the one who is told.
    """
    machine = sfn.StateMachine.from_state_machine_name(
        make.scope, f"{to_pascal_case(name)}Machine", machine_name
    )
    period = cdk.Duration.hours(1)
    metric = cloudwatch.MathExpression(
        expression="failed + timedOut + stopped",
        using_metrics={
            "failed": machine.metric_failed(period=period, statistic="Sum"),
            "timedOut": machine.metric_timed_out(period=period, statistic="Sum"),
            "stopped": machine.metric_aborted(period=period, statistic="Sum"),
        },
        label="Executions without success",
        period=period,
    )
    return make.warning(
        name,
        metric,
        ABOVE,
        0,
        means=means,
        look_at=f"the last execution of the state machine {machine_name}, and its step that failed",
        periods=1,
        remembered_periods=REMEMBERED_HOURS,
    )
