"""The permissions of people and of the deploying workflow on the release machine."""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn

from constructs import Construct
from stacks.security.roles import Roles
from stacks.shared.acknowledgement import acknowledge
from stacks.shared.log_permissions import allow_log_reads


class ReleasePolicies(Construct):
    """Policies for the roles that may release, and one for all roles that may watch a release.

    Administrators may also read the log of the state machine. No policy includes a permission to
    deploy: the state machine updates the stack.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        state_machine: sfn.IStateMachine,
        executions: str,
        workloads_stack_arn: str,
        roles: Roles,
    ) -> None:
        """Attach the policies to the roles.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            state_machine: The release machine.
            executions: The ARN of its executions, with a wildcard for their names.
            workloads_stack_arn: The ARN of the workloads stack, whose position a release reads.
            roles: The roles of the stage.
        """
        super().__init__(scope, construct_id)
        machine = state_machine.state_machine_arn
        # IAM has no condition for the input of an execution. So who may start a return may start a
        # release too.
        release = [
            _statement("StartReleases", ["states:StartExecution"], machine),
            _statement("StopReleases", ["states:StopExecution"], executions),
        ]
        operator = self._create_policy(
            "Release", "Start, stop and return releases", [roles.on_call, roles.deployer], release
        )
        administrator = self._create_policy(
            "Administrator", "Administrators: release and read the log", [roles.admin], release
        )
        allow_log_reads(administrator)
        watch = self._create_policy(
            "Watch",
            "Watch releases",
            [roles.admin, roles.on_call, roles.reader, roles.deployer],
            [
                _statement("ListReleases", ["states:ListExecutions"], machine),
                _statement(
                    "ReadReleases",
                    ["states:DescribeExecution", "states:GetExecutionHistory"],
                    executions,
                ),
                _statement("ReadPosition", ["cloudformation:DescribeStacks"], workloads_stack_arn),
                _statement("ReadState", _READS, "*"),
            ],
        )
        for policy, resource in (
            *((operator, executions), (administrator, executions), (watch, executions)),
            *((watch, workloads_stack_arn), (watch, "*")),
        ):
            acknowledge(
                policy,
                f"AwsSolutions-IAM5[Resource::{resource}]",
                reason="The wildcards stand for the executions of this state machine, and for the "
                "id of one stack. The other actions describe alarms, metrics and the load "
                "balancer, and support no narrower resource.",
            )

    def _create_policy(
        self,
        construct_id: str,
        description: str,
        roles: Sequence[iam.IRole],
        statements: Sequence[iam.PolicyStatement],
    ) -> iam.ManagedPolicy:
        return iam.ManagedPolicy(
            self, construct_id, description=description, roles=roles, statements=statements
        )


_READS = (
    *("cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData"),
    *("elasticloadbalancing:DescribeRules", "elasticloadbalancing:DescribeTargetHealth"),
)


def _statement(sid: str, actions: Sequence[str], resource: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(sid=sid, actions=list(actions), resources=[resource])
