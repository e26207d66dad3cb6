"""Operating system patches: a state machine updates the nodes to the newest AMI once a month."""

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
    """A scheduled state machine that calls UpdateNodegroupVersion of EKS for each node group.

    The call names no version. EKS chooses the newest AMI for the node group's Kubernetes version,
    replaces one node at a time, and waits for disruption budgets. The template sets no AMI release
    version, so that no later deployment reverts the update.

    The machine runs in the maintenance window (stacks/monitoring/governance/maintenance.py), and
    does not update add-ons and charts: their versions are pinned, and a deployment raises them.
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
        """Create the state machine and its schedule.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            settings: The settings of the stage.
            groups: The node groups to update.
            launch_template_id: The launch template of the node groups.
            logs_key: The KMS key of the state machine's log.
        """
        super().__init__(scope, construct_id)
        self._cluster_name = cluster_name(settings)
        self._group_arns = [group.nodegroup_arn for group in groups]
        maintenance = settings.maintenance
        for_each_group = sfn.Map.jsonata(
            self,
            "ForEachNodegroup",
            items=sfn.ProvideItems.json_array([group.nodegroup_name for group in groups]),
        )
        for_each_group.item_processor(self._update_group())
        workflow = Workflow(
            self,
            "Workflow",
            name=node_patching_name(settings),
            definition=for_each_group,
            schedule=monthly(maintenance.window_start, maintenance.node_patch_week),
            timeout=cdk.Duration.minutes(maintenance.window_minutes),
            logs_key=logs_key,
        )
        self.state_machine = workflow.state_machine
        self._allow_launch(launch_template_id)

    def _update_group(self) -> sfn.IChainable:
        """Return the states that update one node group. The input is the name of the group."""
        update = self._call_update()
        wait = sfn.Wait.jsonata(self, "Wait", time=sfn.WaitTime.duration(cdk.Duration.minutes(1)))
        status = (
            sfn.Choice.jsonata(self, "UpdateStatus")
            .when(sfn.Condition.jsonata("{% $status = 'InProgress' %}"), wait)
            .when(
                sfn.Condition.jsonata("{% $status = 'Successful' %}"),
                sfn.Succeed.jsonata(self, "UpdateSucceeded"),
            )
            .otherwise(
                sfn.Fail.jsonata(
                    self,
                    "UpdateFailed",
                    error="NodegroupUpdateFailed",
                    cause="{% 'The update of node group ' & $group "
                    "& ' ended with the status ' & $status %}",
                )
            )
        )
        return update.next(wait).next(self._call_describe_update()).next(status)

    def _call_update(self) -> tasks.CallAwsService:
        return tasks.CallAwsService.jsonata(
            self,
            "UpdateNodegroupVersion",
            service="eks",
            action="updateNodegroupVersion",
            iam_resources=self._group_arns,
            parameters={
                "ClusterName": self._cluster_name,
                "NodegroupName": "{% $states.input %}",
            },
            assign={"group": "{% $states.input %}", "update": "{% $states.result.Update.Id %}"},
        )

    def _call_describe_update(self) -> tasks.CallAwsService:
        cluster_arn = cdk.Stack.of(self).format_arn(
            service="eks", resource="cluster", resource_name=self._cluster_name
        )
        return tasks.CallAwsService.jsonata(
            self,
            "DescribeUpdate",
            service="eks",
            action="describeUpdate",
            iam_resources=[cluster_arn, *self._group_arns],
            parameters={
                "Name": self._cluster_name,
                "NodegroupName": "{% $group %}",
                "UpdateId": "{% $update %}",
            },
            assign={"status": "{% $states.result.Update.Status %}"},
        )

    def _allow_launch(self, launch_template_id: str) -> None:
        """Allow the state machine to launch instances from the node groups' template only.

        Before EKS updates a node group with a launch template, it tests a launch with the caller's
        permissions ("Customize managed nodes with launch templates", Amazon EKS).
        """
        template_arn = cdk.Stack.of(self).format_arn(
            service="ec2", resource="launch-template", resource_name=launch_template_id
        )
        for statement in (
            iam.PolicyStatement(
                sid="LaunchFromTemplate",
                actions=["ec2:RunInstances"],
                resources=["*"],
                conditions={"ArnEquals": {"ec2:LaunchTemplate": template_arn}},
            ),
            iam.PolicyStatement(
                sid="TagLaunchedInstances",
                actions=["ec2:CreateTags"],
                resources=["*"],
                conditions={"StringEquals": {"ec2:CreateAction": "RunInstances"}},
            ),
            iam.PolicyStatement(
                sid="DescribeLaunchTemplate",
                actions=["ec2:DescribeLaunchTemplateVersions"],
                resources=["*"],
            ),
        ):
            self.state_machine.add_to_role_policy(statement)
        acknowledge(
            self.state_machine.role.node.find_child("DefaultPolicy"),
            "AwsSolutions-IAM5[Resource::*]",
            "CKV_AWS_111",
            reason="An instance has no ARN before its launch. A condition limits launches to the "
            "nodes' launch template, and another limits tags to those launches. Descriptions, log "
            "delivery and X-Ray support no resource-level permissions.",
        )
