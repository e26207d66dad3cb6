"""A Step Functions state machine with its log group and, if it has one, its schedule."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from aws_cdk import aws_stepfunctions as sfn

from constructs import Construct
from spywatcher_constructs.encrypted_log_group import EncryptedLogGroup
from stacks.shared.acknowledgement import acknowledge


class Workflow(Construct):
    """A state machine in JSONata. EventBridge Scheduler starts it, if it has a schedule.

    State machines call the APIs of AWS directly, so there is no function whose runtime and
    libraries need patches. The log holds the events of each execution without their data.
    The monitoring stack has an alarm on failed executions
    (stacks/monitoring/alarms/executions.py).
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        definition: sfn.IChainable | sfn.DefinitionBody,
        schedule: str | None = None,
        timeout: cdk.Duration,
        logs_key: kms.IKey,
    ) -> None:
        """Create the state machine and its schedule.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            name: The name of the state machine, and the last part of its log group's name.
            definition: The first state, with the states that follow it, or the whole definition.
            schedule: A schedule expression of EventBridge Scheduler, in UTC. By default, no
                schedule starts the state machine.
            timeout: How long an execution may run.
            logs_key: The KMS key of the log group.
        """
        super().__init__(scope, construct_id)
        # CloudWatch Logs adds each log group to a resource policy of limited size. Log groups
        # with the prefix /aws/vendedlogs/ share one entry.
        log_group = EncryptedLogGroup(
            self,
            "Log",
            log_group_name=f"/aws/vendedlogs/states/{name}",
            encryption_key=logs_key,
            retention_days=90,
        )
        self.state_machine = sfn.StateMachine(
            self,
            "Machine",
            state_machine_name=name,
            definition_body=definition
            if isinstance(definition, sfn.DefinitionBody)
            else sfn.DefinitionBody.from_chainable(definition),
            query_language=sfn.QueryLanguage.JSONATA,
            timeout=timeout,
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=log_group, level=sfn.LogLevel.ALL, include_execution_data=False
            ),
        )
        acknowledge(
            self.state_machine.role.node.find_child("DefaultPolicy"),
            "NIST.800.53.R5-IAMNoInlinePolicy",
            reason="The inline policy allows the API calls of this state machine alone. No other "
            "role needs the same permissions.",
        )
        if schedule is not None:
            self._start_by_schedule(schedule)

    def _start_by_schedule(self, schedule: str) -> None:
        role = self._create_scheduler_role()
        scheduler.Schedule(
            self,
            "Schedule",
            schedule=scheduler.ScheduleExpression.expression(schedule),
            # CDK's default is a day, by which time a maintenance window is over.
            target=targets.StepFunctionsStartExecution(
                self.state_machine,
                # CDK's target would add the permission a second time, as an inline policy.
                role=role.without_policy_updates(),
                max_event_age=cdk.Duration.minutes(15),
            ),
        )

    def _create_scheduler_role(self) -> iam.Role:
        role = iam.Role(
            self,
            "Starter",
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}},
            ),
        )
        policy = iam.ManagedPolicy(
            self,
            "StarterPolicy",
            description="EventBridge Scheduler: start one state machine",
            statements=[
                iam.PolicyStatement(
                    actions=["states:StartExecution"],
                    resources=[self.state_machine.state_machine_arn],
                )
            ],
        )
        # A reference from the role, so that the schedule waits for the policy.
        role.add_managed_policy(policy)
        return role
