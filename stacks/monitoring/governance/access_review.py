"""The quarterly access review: a state machine that stores who has access to what."""

from collections.abc import Mapping
from typing import NamedTuple

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks

from constructs import Construct
from settings import StageSettings
from stacks.monitoring.alarms.alarm_factory import AlarmFactory
from stacks.monitoring.alarms.executions import create_execution_warning
from stacks.monitoring.runbooks import runbook_url
from stacks.shared.acknowledgement import acknowledge
from stacks.shared.names import access_analyzer_name, cluster_name
from stacks.shared.publishing import publishing
from stacks.shared.workflow import Workflow

_FIRST_MONDAY_OF_THE_QUARTER = "cron(0 9 ? 1,4,7,10 MON#1 *)"
_PREFIX = "access-review"


class _ListRequest(NamedTuple):
    """A request for a list that an API returns in pages."""

    field: str
    """The field of the response that holds the list."""
    service: str
    """The service's name in the SDK."""
    action: str
    """The action's name in the SDK."""
    iam_action: str
    """The action's name in IAM policies."""
    resource: str
    """The ARN that the permission is for."""
    parameters: Mapping[str, object]


class AccessReview(Construct):
    """Collects the access of people and services in the audit bucket: access-review/<date>/.

    Each stage collects its cluster's access entries and their policies. The stage that owns the
    account-wide resources also collects the IAM credential report and the Access Analyzer findings.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: StageSettings,
        factory: AlarmFactory,
        bucket: s3.IBucket,
        topic: sns.ITopic,
        topics_key: kms.IKey,
        logs_key: kms.IKey,
    ) -> None:
        """Create the state machine, its schedule and its alarm.

        Args:
            scope: the parent construct.
            construct_id: the id in the parent construct.
            settings: the stage's settings.
            factory: creates the alarm on failures. The caller routes `failures`.
            bucket: stores the files. Its lifecycle rules set how long.
            topic: receives a message when the files are complete.
            topics_key: encrypts the topic.
            logs_key: encrypts the log group of the state machine.
        """
        super().__init__(scope, construct_id)
        self._settings = settings
        self._bucket = bucket
        name = settings.resource_name("access-review")
        workflow = Workflow(
            self,
            "Workflow",
            name=name,
            definition=self._definition(topic),
            schedule=_FIRST_MONDAY_OF_THE_QUARTER,
            timeout=cdk.Duration.minutes(30),
            logs_key=logs_key,
        )
        self.state_machine = workflow.state_machine
        for statement in publishing(topics_key, topic):
            self.state_machine.add_to_role_policy(statement)
        if bucket.encryption_key is not None:
            # PutObject needs nothing else; `grant_put` would also allow retention and legal hold.
            bucket.encryption_key.grant(self.state_machine, "kms:GenerateDataKey")
        self._acknowledge(self.state_machine)
        self.failures = create_execution_warning(
            factory,
            "access-review-failed",
            state_machine_name=name,
            summary="The quarterly review of who has access was not written: nobody looks at it.",
        )

    def _definition(self, topic: sns.ITopic) -> sfn.Chain:
        chain = sfn.Chain.start(self._name_folder())
        if self._settings.account_wide.owned:
            chain = chain.next(self._store_credential_report()).next(self._store_findings())
        return chain.next(self._store_access_entries()).next(self._notify(topic))

    def _name_folder(self) -> sfn.Pass:
        """Assign the prefix of this review's objects to the variable `folder`."""
        return sfn.Pass.jsonata(
            self,
            "NameTheFolder",
            assign={
                "folder": f"{{% '{_PREFIX}/' & "
                "$substringBefore($states.context.Execution.StartTime, 'T') %}"
            },
        )

    def _store_credential_report(self) -> sfn.Chain:
        """Generate the credential report, poll until it is complete, and store it."""
        generate = tasks.CallAwsService.jsonata(
            self,
            "GenerateCredentialReport",
            service="iam",
            action="generateCredentialReport",
            iam_resources=["*"],
            assign={"state": "{% $states.result.State %}"},
        )
        get = tasks.CallAwsService.jsonata(
            self,
            "GetCredentialReport",
            service="iam",
            action="getCredentialReport",
            iam_resources=["*"],
            # The API returns the CSV text in base64, which the SDK integration may decode. Only
            # decoded text has a comma.
            assign={
                "report": "{% $contains($states.result.Content, ',') ? $states.result.Content : "
                "$base64decode($states.result.Content) %}"
            },
        )
        wait = sfn.Wait.jsonata(
            self, "WaitForTheReport", time=sfn.WaitTime.duration(cdk.Duration.seconds(10))
        )
        is_complete = (
            sfn.Choice.jsonata(self, "IsTheReportComplete")
            .when(sfn.Condition.jsonata("{% $state = 'COMPLETE' %}"), get)
            .otherwise(wait.next(generate))
        )
        store = self._put_object("KeepCredentialReport", "credential-report.csv", "{% $report %}")
        generate.next(is_complete)
        get.next(store)
        return sfn.Chain.custom(generate, [store], store)

    def _store_findings(self) -> sfn.Chain:
        """Store the active findings of the account's analyzer."""
        analyzer = cdk.Stack.of(self).format_arn(
            service="access-analyzer",
            resource="analyzer",
            resource_name=access_analyzer_name(self._settings),
        )
        findings = self._list_all_pages(
            _ListRequest(
                field="Findings",
                service="accessanalyzer",
                action="listFindingsV2",
                iam_action="access-analyzer:ListFindings",
                resource=analyzer,
                parameters={"AnalyzerArn": analyzer, "Filter": {"status": {"Eq": ["ACTIVE"]}}},
            )
        )
        return findings.next(
            self._put_object(
                "KeepFindings", "access-analyzer-findings.json", "{% {'Findings': $all} %}"
            )
        )

    def _store_access_entries(self) -> sfn.Chain:
        """Store the access entries of the cluster, with their Kubernetes groups and policies."""
        name = cluster_name(self._settings)
        cluster = cdk.Stack.of(self).format_arn(
            service="eks", resource="cluster", resource_name=name
        )
        entries = self._list_all_pages(
            _ListRequest(
                field="AccessEntries",
                service="eks",
                action="listAccessEntries",
                iam_action="eks:ListAccessEntries",
                resource=cluster,
                parameters={"ClusterName": name},
            )
        )
        return entries.next(self._describe_access_entries()).next(
            self._put_object("KeepAccessEntries", "access-entries.json", "{% $entries %}")
        )

    def _describe_access_entries(self) -> sfn.Map:
        """Describe each access entry in `all`, and assign the descriptions to `entries`."""
        describe_each = sfn.Map.jsonata(
            self,
            "EachAccessEntry",
            items=sfn.ProvideItems.jsonata("{% $all %}"),
            max_concurrency=5,
            assign={"entries": "{% $states.result %}"},
        )
        describe_each.item_processor(self._describe_access_entry())
        return describe_each

    def _describe_access_entry(self) -> sfn.Chain:
        """Return an entry and its policies. The input is the entry's principal ARN."""
        name = cluster_name(self._settings)
        iam_resources = [
            cdk.Stack.of(self).format_arn(
                service="eks", resource="access-entry", resource_name=f"{name}/*"
            )
        ]
        parameters = {"ClusterName": name, "PrincipalArn": "{% $states.input %}"}
        describe = tasks.CallAwsService.jsonata(
            self,
            "DescribeAccessEntry",
            service="eks",
            action="describeAccessEntry",
            iam_resources=iam_resources,
            parameters=parameters,
            assign={"entry": "{% $states.result.AccessEntry %}"},
            outputs="{% $states.input %}",
        )
        list_policies = tasks.CallAwsService.jsonata(
            self,
            "ListItsPolicies",
            service="eks",
            action="listAssociatedAccessPolicies",
            iam_resources=iam_resources,
            parameters=parameters,
            outputs={
                "Entry": "{% $entry %}",
                "Policies": "{% $states.result.AssociatedAccessPolicies %}",
            },
        )
        return describe.next(list_policies)

    def _notify(self, topic: sns.ITopic) -> tasks.CallAwsService:
        name = self._settings.resource_name()
        return tasks.CallAwsService.jsonata(
            self,
            "Tell",
            service="sns",
            action="publish",
            iam_action="sns:Publish",
            iam_resources=[topic.topic_arn],
            parameters={
                "TopicArn": topic.topic_arn,
                "Subject": f"{name}: access review",
                "Message": "{% 'The quarterly access review is due. Collected in "
                f"s3://{self._bucket.bucket_name}/' & $folder & '/\nRunbook: "
                f"{runbook_url(self._settings, 'access-review')}' %}}",
            },
        )

    def _list_all_pages(self, request: _ListRequest) -> sfn.Chain:
        """Request page after page, and assign the items of all pages to the variable `all`."""
        items = f"$states.result.{request.field}"
        first = self._list_page(f"List{request.field}", request, {}, all_items=f"[{items}]")
        following = self._list_page(
            f"ListMore{request.field}",
            request,
            {"NextToken": "{% $page %}"},
            all_items=f"$append($all, {items})",
        )
        has_next_page = sfn.Choice.jsonata(self, f"AreThereMore{request.field}").when(
            sfn.Condition.jsonata("{% $page != '' %}"), following
        )
        following.next(has_next_page)
        return sfn.Chain.start(first).next(has_next_page.afterwards(include_otherwise=True))

    def _list_page(
        self,
        state_name: str,
        request: _ListRequest,
        page_parameters: Mapping[str, object],
        *,
        all_items: str,
    ) -> tasks.CallAwsService:
        """Request a page, and assign the items so far to `all` and the next token to `page`."""
        next_token = "$states.result.NextToken"  # noqa: S105  the position in a list, no secret
        return tasks.CallAwsService.jsonata(
            self,
            state_name,
            service=request.service,
            action=request.action,
            iam_action=request.iam_action,
            iam_resources=[request.resource],
            parameters={**request.parameters, **page_parameters},
            assign={
                "all": f"{{% {all_items} %}}",
                "page": f"{{% $exists({next_token}) ? {next_token} : '' %}}",
            },
        )

    def _put_object(self, state_name: str, file: str, body: str) -> tasks.CallAwsService:
        """Store a file of the review. S3 stores a string as it is, and other values as JSON."""
        return tasks.CallAwsService.jsonata(
            self,
            state_name,
            service="s3",
            action="putObject",
            iam_action="s3:PutObject",
            # The question marks are wildcards for the date.
            iam_resources=[self._bucket.arn_for_objects(f"{_PREFIX}/????-??-??/{file}")],
            parameters={
                "Bucket": self._bucket.bucket_name,
                "Key": f"{{% $folder & '/{file}' %}}",
                "Body": body,
            },
            outputs={},
        )

    def _acknowledge(self, state_machine: sfn.StateMachine) -> None:
        policy = state_machine.role.node.find_child("DefaultPolicy")
        acknowledge(
            policy,
            "AwsSolutions-IAM5[Resource::*]",
            "CKV_AWS_111",
            reason="IAM's credential report, the delivery of logs and X-Ray know no narrower "
            "resource. The report names users and the age of their keys, and holds no secret.",
        )
        name = cluster_name(self._settings)
        stack = cdk.Stack.of(self)
        prefix = f"arn:{stack.partition}:eks:{stack.region}:{stack.account}"
        acknowledge(
            policy,
            f"AwsSolutions-IAM5[Resource::{prefix}:access-entry/{name}/*]",
            reason="It reads the entries of this one cluster; their identifiers are EKS's own, "
            "and finding entries that nobody wrote down is what the review is for.",
        )
