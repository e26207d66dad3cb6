"""Operating system patches: the nodes take the newest AMI once a month, in the window."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks

from constructs import Construct
from settings import StageSettings
from stacks.shared.acknowledgement import acknowledge
from stacks.shared.names import cluster_name, node_patching_name
from stacks.shared.schedules import monthly
from stacks.shared.workflow import Workflow


class NodePatching(Construct):
    """Calls EKS' UpdateNodegroupVersion for each node group, and waits for the outcome.

    The call names no version: EKS takes the newest AMI of the group's own Kubernetes version,
    replaces one node after the other and waits for disruption budgets. The template sets no
    release version: CloudFormation compares what a template sets, so this is no drift, and no later
    deployment takes it back. stacks/monitoring/governance/maintenance.py announces it and alarms on
    failures. Add-ons and charts are pinned: a deployment raises them, not the window.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: StageSettings,
        groups: Sequence[eks.Nodegroup],
        launch_template_id: str,
        logs_key: kms.IKey,
    ) -> None:
        """Make the state machine and its schedule.

        Args:
            scope: where the construct lives.
            construct_id: its id there.
            settings: the stage's settings.
            groups: the node groups.
            launch_template_id: what they launch nodes from.
            logs_key: encrypts the machine's log.
        """
        super().__init__(scope, construct_id)
        self._cluster_name = cluster_name(settings)
        self._group_arns = [group.nodegroup_arn for group in groups]
        maintenance = settings.maintenance
        each_group = sfn.Map.jsonata(
            self,
            "EachGroup",
            items=sfn.ProvideItems.json_array([group.nodegroup_name for group in groups]),
        )
        each_group.item_processor(self._patch_one())
        workflow = Workflow(
            self,
            "Workflow",
            name=node_patching_name(settings),
            definition=each_group,
            schedule=monthly(maintenance.window_start, maintenance.node_patch_week),
            timeout=cdk.Duration.minutes(maintenance.window_minutes),
            logs_key=logs_key,
        )
        self.state_machine = workflow.state_machine
        self._let_launch(self.state_machine, launch_template_id)

    def _patch_one(self) -> sfn.IChainable:
        """Patch one group: the input is its name."""
        start = tasks.CallAwsService.jsonata(
            self,
            "TakeTheNewestAmi",
            service="eks",
            action="updateNodegroupVersion",
            iam_resources=self._group_arns,
            parameters={
                "ClusterName": self._cluster_name,
                "NodegroupName": "{% $states.input %}",
            },
            assign={"group": "{% $states.input %}", "update": "{% $states.result.Update.Id %}"},
        )
        wait = sfn.Wait.jsonata(
            self, "WaitAMinute", time=sfn.WaitTime.duration(cdk.Duration.minutes(1))
        )
        look = tasks.CallAwsService.jsonata(
            self,
            "LookAtTheUpdate",
            service="eks",
            action="describeUpdate",
            iam_resources=[
                cdk.Stack.of(self).format_arn(
                    service="eks", resource="cluster", resource_name=self._cluster_name
                ),
                *self._group_arns,
            ],
            parameters={
                "Name": self._cluster_name,
                "NodegroupName": "{% $group %}",
                "UpdateId": "{% $update %}",
            },
            assign={"status": "{% $states.result.Update.Status %}"},
        )
        return (
            start.next(wait)
            .next(look)
            .next(
                sfn.Choice.jsonata(self, "HasItEnded")
                .when(sfn.Condition.jsonata("{% $status = 'InProgress' %}"), wait)
                .when(
                    sfn.Condition.jsonata("{% $status = 'Successful' %}"),
                    sfn.Succeed.jsonata(self, "Patched"),
                )
                .otherwise(
                    sfn.Fail.jsonata(
                        self,
                        "NotPatched",
                        error="NodeGroupNotPatched",
                        cause="{% 'EKS ended the update of ' & $group & ': ' & $status %}",
                    )
                )
            )
        )

    def _let_launch(self, machine: sfn.StateMachine, launch_template_id: str) -> None:
        """Let the machine launch from the groups' template, and from no other.

        EKS tries a launch with the caller's permissions before it changes a group that has a
        template ("Customize managed nodes with launch templates").
        """
        template = cdk.Stack.of(self).format_arn(
            service="ec2", resource="launch-template", resource_name=launch_template_id
        )
        machine.add_to_role_policy(
            iam.PolicyStatement(
                sid="LaunchFromTheTemplate",
                actions=["ec2:RunInstances"],
                resources=["*"],
                conditions={"ArnEquals": {"ec2:LaunchTemplate": template}},
            )
        )
        machine.add_to_role_policy(
            iam.PolicyStatement(
                sid="TagWhatItLaunches",
                actions=["ec2:CreateTags"],
                resources=["*"],
                conditions={"StringEquals": {"ec2:CreateAction": "RunInstances"}},
            )
        )
        machine.add_to_role_policy(
            iam.PolicyStatement(
                sid="ReadTheTemplate",
                actions=["ec2:DescribeLaunchTemplateVersions"],
                resources=["*"],
            )
        )
        acknowledge(
            machine.role.node.find_child("DefaultPolicy"),
            "AwsSolutions-IAM5[Resource::*]",
            "CKV_AWS_111",
            reason="A launch names no resource that exists before it: a condition binds it to the "
            "nodes' template, another the tags to that launch. Descriptions, the delivery of logs "
            "and X-Ray know no narrower resource.",
        )
