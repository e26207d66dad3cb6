"""A state machine that calls AWS's APIs by itself: no function to patch, no code to upload."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn

from constructs import Construct
from stacks.acknowledgement import acknowledge


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
        removal_policy: cdk.RemovalPolicy,
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
            removal_policy: what becomes of the log when the stack is deleted.
        """
        super().__init__(scope, construct_id)
        # Log groups of this prefix share one entry of the account's resource policy for logs,
        # which has room for few.
        log = logs.LogGroup(
            self,
            "Log",
            log_group_name=f"/aws/vendedlogs/states/{name}",
            retention=logs.RetentionDays.THREE_MONTHS,
            encryption_key=logs_key,
            removal_policy=removal_policy,
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
            because="The policy fits one state machine and names what that one calls: shared with "
            "another identity it would be wrong.",
        )

    def _starter(self) -> iam.IRole:
        """Make the role of the schedule."""
        stack = cdk.Stack.of(self)
        role = iam.Role(
            self,
            "Starter",
            assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com").with_conditions(
                {"StringEquals": {"aws:SourceAccount": stack.account}}
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
    scope: Construct, construct_id: str, *, name: str, topic: sns.ITopic
) -> cloudwatch.Alarm:
    """Tell of an execution that failed, timed out or was stopped, whatever the cause.

    An alarm and not a step of the machine: a step cannot tell of a permission that it lacks.

    Args:
        scope: where the alarm lives.
        construct_id: its id there.
        name: the machine's name; the machine may stand in an earlier stack.
        topic: who hears of it.
    """
    machine = sfn.StateMachine.from_state_machine_name(scope, f"{construct_id}Machine", name)
    period = cdk.Duration.minutes(5)
    alarm = cloudwatch.MathExpression(
        expression="failed + timedOut + stopped",
        using_metrics={
            "failed": machine.metric_failed(period=period, statistic="Sum"),
            "timedOut": machine.metric_timed_out(period=period, statistic="Sum"),
            "stopped": machine.metric_aborted(period=period, statistic="Sum"),
        },
        label="Executions without success",
        period=period,
    ).create_alarm(
        scope,
        construct_id,
        alarm_name=f"{name}-failed",
        alarm_description=f"{name} did not finish: its execution history says at which step.",
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        threshold=0,
        evaluation_periods=1,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )
    alarm.add_alarm_action(actions.SnsAction(topic))
    return alarm
