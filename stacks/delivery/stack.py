"""The delivery stack: the state machine that releases the services of the stage."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk.aws_cloudwatch import ComparisonOperator, TreatMissingData

from k8s.application import BACKEND, FRONTEND
from settings import StageSettings
from stacks.delivery.people import ReleasePolicies
from stacks.delivery.release_definition import Environment, release_definition
from stacks.delivery.service_release import describe_service
from stacks.security.roles import Roles
from stacks.shared.acknowledgement import acknowledge
from stacks.shared.alarm_factory import AlarmDescription, AlarmFactory
from stacks.shared.bootstrap import bootstrap_version_parameter
from stacks.shared.names import PROBE_HEADER, release_machine_name
from stacks.shared.stage_stack import StageStack
from stacks.shared.topic_permissions import publish_statements
from stacks.shared.workflow import Workflow

_MARGIN = cdk.Duration.hours(3)
"""The time of an execution beside bakes and hold: the limits of all other phases, and a return."""


class DeliveryStack(StageStack):
    """Releases new images, and returns the traffic when one fails.

    A release changes parameters of the workloads stack. The state machine may update that stack
    alone, so who may release needs no permission to deploy.
    """

    def __init__(
        self,
        stage: cdk.Stage,
        *,
        settings: StageSettings,
        probe_secret: secretsmanager.ISecret | None,
        critical_topic: sns.ITopic,
        warning_topic: sns.ITopic,
        topics_key: kms.IKey,
        logs_key: kms.IKey,
        roles: Roles,
    ) -> None:
        """Create the stack.

        Args:
            stage: The stage that contains the stack.
            settings: The settings of the stage.
            probe_secret: The value of the header that reaches the track without traffic, if a
                service has two tracks.
            critical_topic: The topic that pages for a returned release.
            warning_topic: The topic that reports releases.
            topics_key: The KMS key of the topics.
            logs_key: The KMS key of the log group.
            roles: The roles that may release or watch releases.
        """
        super().__init__(
            stage, "delivery", settings=settings, description="Releases of the services"
        )
        self._connection = self._create_connection(probe_secret) if probe_secret else None
        self._workloads_arn = self.format_arn(
            service="cloudformation",
            resource="stack",
            resource_name=f"{settings.resource_name('workloads')}/*",
        )
        # The role of the state machine cannot refer to the state machine, which depends on it.
        name = release_machine_name(settings)
        self._machine_arn = self._states_arn("stateMachine", name)
        self._executions_arn = self._states_arn("execution", f"{name}:*")
        self.state_machine = self._create_state_machine(critical_topic, warning_topic, logs_key)
        for statement in publish_statements(topics_key, critical_topic, warning_topic):
            self.state_machine.add_to_role_policy(statement)
        self._allow_calls()
        self._return_killed_releases()
        self._alarm_on_failures(warning_topic)
        ReleasePolicies(
            self,
            "People",
            state_machine=self.state_machine,
            executions=self._executions_arn,
            workloads_stack_arn=self._workloads_arn,
            roles=roles,
        )

    def _states_arn(self, resource: str, name: str) -> str:
        return self.format_arn(
            service="states",
            resource=resource,
            resource_name=name,
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )

    def _create_connection(self, secret: secretsmanager.ISecret) -> events.Connection:
        """Create the connection with which HTTP tasks reach the track without traffic.

        EventBridge sends its API key as a header, whose name is free. EventBridge copies the value
        to a secret of its own when this stack is deployed.
        """
        return events.Connection(
            self,
            "Probe",
            description="Reaches the track without traffic",
            authorization=events.Authorization.api_key(PROBE_HEADER, secret.secret_value),
        )

    def _create_state_machine(
        self, critical_topic: sns.ITopic, warning_topic: sns.ITopic, logs_key: kms.IKey
    ) -> sfn.StateMachine:
        settings = self._settings
        by_name = settings.services.by_name()
        waits = max(
            sum(delivery.bakes) + delivery.hold_minutes
            for delivery in (service.delivery for service in by_name.values())
        )
        timeout = cdk.Duration.minutes(waits).plus(_MARGIN)
        definition = release_definition(
            Environment(
                stack_name=settings.resource_name("workloads"),
                domain=settings.domain.name,
                connection_arn=self._connection.connection_arn if self._connection else None,
                critical_topic_arn=critical_topic.topic_arn,
                warning_topic_arn=warning_topic.topic_arn,
                name=settings.resource_name(),
            ),
            {
                service.name: describe_service(settings, service.name, service.readiness_path)
                for service in (BACKEND, FRONTEND)
            },
            timeout_seconds=int(timeout.to_seconds()),
        )
        return Workflow(
            self,
            "Release",
            name=release_machine_name(settings),
            definition=sfn.DefinitionBody.from_string(self.to_json_string(definition)),
            timeout=timeout,
            logs_key=logs_key,
        ).state_machine

    def _allow_calls(self) -> None:
        """Allow the calls of the definition. CloudFormation updates with the role of the stack."""
        rules = self.format_arn(
            service="elasticloadbalancing",
            resource="listener-rule",
            resource_name=f"app/{self._settings.resource_name('alb')}/*/*/*",
        )
        calls = {
            "UpdateWorkloads": (
                ["cloudformation:DescribeStacks", "cloudformation:UpdateStack"],
                self._workloads_arn,
            ),
            # UpdateStack resolves the parameter of the bootstrap version with the caller's
            # permissions (aws-cdk, bootstrap-template.yaml, DeploymentActionRole).
            "ReadBootstrapVersion": (
                ["ssm:GetParameters"],
                self.format_arn(
                    service="ssm",
                    resource="parameter",
                    resource_name=bootstrap_version_parameter(self),
                ),
            ),
            "WithdrawTraffic": (["elasticloadbalancing:ModifyRule"], rules),
            "ReadState": (
                [
                    "cloudwatch:DescribeAlarms",
                    "cloudwatch:GetMetricData",
                    "elasticloadbalancing:DescribeRules",
                    "elasticloadbalancing:DescribeTargetHealth",
                ],
                "*",
            ),
            "ListReleases": (["states:ListExecutions"], self._machine_arn),
            "ReadReleases": (
                ["states:DescribeExecution", "states:GetExecutionHistory"],
                self._executions_arn,
            ),
        }
        for sid, (allowed, resource) in calls.items():
            self.state_machine.add_to_role_policy(
                iam.PolicyStatement(sid=sid, actions=allowed, resources=[resource])
            )
        self._allow_probes()
        self._acknowledge_policy([self._workloads_arn, rules, self._executions_arn])

    def _allow_probes(self) -> None:
        """Allow HTTP tasks to request pages of the application, and of no other host.

        Source: "IAM permissions to run an HTTP Task", AWS Step Functions Developer Guide.
        """
        if self._connection is None:
            return
        for statement in (
            iam.PolicyStatement(
                sid="RequestPages",
                actions=["states:InvokeHTTPEndpoint"],
                resources=[self._machine_arn],
                conditions={
                    "StringEquals": {"states:HTTPMethod": "GET"},
                    "StringLike": {
                        "states:HTTPEndpoint": f"https://{self._settings.domain.name}/*"
                    },
                },
            ),
            iam.PolicyStatement(
                sid="UseConnection",
                actions=["events:RetrieveConnectionCredentials"],
                resources=[self._connection.connection_arn],
            ),
            iam.PolicyStatement(
                sid="ReadConnection",
                actions=["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
                resources=[self._connection.connection_secret_arn],
            ),
        ):
            self.state_machine.add_to_role_policy(statement)

    def _acknowledge_policy(self, wildcards: Sequence[str]) -> None:
        acknowledge(
            self.state_machine.role.node.find_child("DefaultPolicy"),
            "AwsSolutions-IAM5[Resource::*]",
            *(f"AwsSolutions-IAM5[Resource::{arn}]" for arn in wildcards),
            "CKV_AWS_111",
            reason="The wildcards stand for the ids of one stack, of the rules of one load "
            "balancer, and of the executions of this state machine. Descriptions, metrics, log "
            "delivery and X-Ray support no resource-level permissions.",
        )

    def _return_killed_releases(self) -> None:
        """Start a return for each release that did not end by itself.

        The name of a release begins with its service. A return has a generated name, so that its
        own failure starts no other one. EventBridge delivers these events on a best-effort basis.
        """
        rule = events.Rule(
            self,
            "Killed",
            description="Returns the traffic of a release that was stopped or that failed",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "status": ["ABORTED", "TIMED_OUT", "FAILED"],
                    "stateMachineArn": [self.state_machine.state_machine_arn],
                    "name": [{"prefix": f"{service.name}-"} for service in (BACKEND, FRONTEND)],
                },
            ),
            targets=[
                targets.SfnStateMachine(
                    self.state_machine,
                    input=events.RuleTargetInput.from_object(
                        {"return": events.EventField.from_path("$.detail.executionArn")}
                    ),
                )
            ],
        )
        starter = self.state_machine.node.find_child("EventsRole")
        # The role includes its policy. EventBridge loses an event that it may not deliver.
        rule.node.add_dependency(starter)
        acknowledge(
            starter.node.find_child("DefaultPolicy"),
            "NIST.800.53.R5-IAMNoInlinePolicy",
            reason="The inline policy allows the rule to start this state machine alone.",
        )

    def _alarm_on_failures(self, topic: sns.ITopic) -> None:
        """Notify of every release that did not succeed, whatever the state machine reported."""
        factory = AlarmFactory(self, self._settings)
        metrics = {
            "failed": self.state_machine.metric_failed(statistic="Sum"),
            "timedOut": self.state_machine.metric_timed_out(statistic="Sum"),
            "stopped": self.state_machine.metric_aborted(statistic="Sum"),
        }
        alarm = factory.create_alarm(
            "release-failed",
            cloudwatch.MathExpression(
                expression="failed + timedOut + stopped",
                using_metrics=metrics,
                label="Releases that did not succeed",
            ),
            ComparisonOperator.GREATER_THAN_THRESHOLD,
            0,
            description=AlarmDescription(
                runbook_section="release-failed",
                summary="A release was refused, returned or stopped, or its return failed.",
                first_check=f"python3 dev.py release status {self._settings.stage}",
            ),
            evaluation_periods=1,
            treat_missing_data=TreatMissingData.NOT_BREACHING,
            has_own_action=True,
        )
        alarm.add_alarm_action(actions.SnsAction(topic))
        alarm.add_ok_action(actions.SnsAction(topic))
