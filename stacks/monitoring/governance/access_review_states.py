"""The states of the access review's state machine, in JSONata."""

from collections.abc import Mapping
from typing import NamedTuple

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks

from constructs import Construct
from settings import StageSettings
from stacks.shared.names import cluster_name
from stacks.shared.runbooks import runbook_url

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


class AccessReviewStates:
    """Creates the states. They pass data on in variables of the execution."""

    def __init__(
        self, scope: Construct, *, settings: StageSettings, bucket: s3.IBucket, topic: sns.ITopic
    ) -> None:
        """Keep what the states refer to.

        Args:
            scope: The parent construct of the states.
            settings: The stage's settings.
            bucket: The bucket for the files.
            topic: The topic that receives a message when the files are complete.
        """
        self._scope = scope
        self._settings = settings
        self._bucket = bucket
        self._topic = topic

    def definition(self) -> sfn.Chain:
        """Return the states in their order."""
        chain = sfn.Chain.start(self._set_folder())
        if self._settings.monitoring.account_wide:
            chain = chain.next(self._store_credential_report())
            if self._settings.account_wide.access_analyzer != "none":
                chain = chain.next(self._store_findings())
        return chain.next(self._store_access_entries()).next(self._publish_notification())

    def _set_folder(self) -> sfn.Pass:
        """Assign the prefix of this review's objects to the variable `folder`."""
        return sfn.Pass.jsonata(
            self._scope,
            "SetFolder",
            assign={
                "folder": f"{{% '{_PREFIX}/' & "
                "$substringBefore($states.context.Execution.StartTime, 'T') %}"
            },
        )

    def _store_credential_report(self) -> sfn.Chain:
        """Generate the credential report, poll until it is complete, and store it."""
        generate = tasks.CallAwsService.jsonata(
            self._scope,
            "GenerateCredentialReport",
            service="iam",
            action="generateCredentialReport",
            iam_resources=["*"],
            assign={"state": "{% $states.result.State %}"},
        )
        get = tasks.CallAwsService.jsonata(
            self._scope,
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
            self._scope, "WaitForReport", time=sfn.WaitTime.duration(cdk.Duration.seconds(10))
        )
        is_complete = (
            sfn.Choice.jsonata(self._scope, "CheckReportState")
            .when(sfn.Condition.jsonata("{% $state = 'COMPLETE' %}"), get)
            .otherwise(wait.next(generate))
        )
        store = self._put_object("PutCredentialReport", "credential-report.csv", "{% $report %}")
        generate.next(is_complete)
        get.next(store)
        return sfn.Chain.custom(generate, [store], store)

    def _store_findings(self) -> sfn.Chain:
        """Store the active findings of the account's analyzer."""
        analyzer = cdk.Stack.of(self._scope).format_arn(
            service="access-analyzer",
            resource="analyzer",
            resource_name=self._settings.account_wide.access_analyzer_name,
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
                "PutFindings", "access-analyzer-findings.json", "{% {'Findings': $items} %}"
            )
        )

    def _store_access_entries(self) -> sfn.Chain:
        """Store the access entries of the cluster, with their Kubernetes groups and policies."""
        name = cluster_name(self._settings)
        cluster = cdk.Stack.of(self._scope).format_arn(
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
            self._put_object("PutAccessEntries", "access-entries.json", "{% $entries %}")
        )

    def _describe_access_entries(self) -> sfn.Map:
        """Describe each access entry in `items`, and assign the descriptions to `entries`."""
        describe_each = sfn.Map.jsonata(
            self._scope,
            "ForEachAccessEntry",
            items=sfn.ProvideItems.jsonata("{% $items %}"),
            max_concurrency=5,
            assign={"entries": "{% $states.result %}"},
        )
        describe_each.item_processor(self._describe_access_entry())
        return describe_each

    def _describe_access_entry(self) -> sfn.Chain:
        """Return an entry and its policies. The input is the entry's principal ARN."""
        name = cluster_name(self._settings)
        iam_resources = [
            cdk.Stack.of(self._scope).format_arn(
                service="eks", resource="access-entry", resource_name=f"{name}/*"
            )
        ]
        parameters = {"ClusterName": name, "PrincipalArn": "{% $states.input %}"}
        describe = tasks.CallAwsService.jsonata(
            self._scope,
            "DescribeAccessEntry",
            service="eks",
            action="describeAccessEntry",
            iam_resources=iam_resources,
            parameters=parameters,
            assign={"entry": "{% $states.result.AccessEntry %}"},
            outputs="{% $states.input %}",
        )
        list_policies = tasks.CallAwsService.jsonata(
            self._scope,
            "ListAssociatedAccessPolicies",
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

    def _publish_notification(self) -> tasks.CallAwsService:
        name = self._settings.resource_name()
        return tasks.CallAwsService.jsonata(
            self._scope,
            "PublishNotification",
            service="sns",
            action="publish",
            iam_action="sns:Publish",
            iam_resources=[self._topic.topic_arn],
            parameters={
                "TopicArn": self._topic.topic_arn,
                "Subject": f"{name}: access review",
                "Message": "{% 'The quarterly access review is due. Its files are in "
                f"s3://{self._bucket.bucket_name}/' & $folder & '/\nRunbook: "
                f"{runbook_url(self._settings, 'access-review')}' %}}",
            },
        )

    def _list_all_pages(self, request: _ListRequest) -> sfn.Chain:
        """Request page after page, and assign the items of all pages to the variable `items`."""
        items = f"$states.result.{request.field}"
        first = self._list_page(f"List{request.field}", request, {}, all_items=f"[{items}]")
        following = self._list_page(
            f"List{request.field}NextPage",
            request,
            {"NextToken": "{% $nextToken %}"},
            all_items=f"$append($items, {items})",
        )
        has_next_page = sfn.Choice.jsonata(self._scope, f"Check{request.field}NextToken").when(
            sfn.Condition.jsonata("{% $nextToken != '' %}"), following
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
        """Request a page; assign all items so far to `items`, and the next page to `nextToken`."""
        next_token = "$states.result.NextToken"  # noqa: S105  the position in a list, no secret
        return tasks.CallAwsService.jsonata(
            self._scope,
            state_name,
            service=request.service,
            action=request.action,
            iam_action=request.iam_action,
            iam_resources=[request.resource],
            parameters={**request.parameters, **page_parameters},
            assign={
                "items": f"{{% {all_items} %}}",
                "nextToken": f"{{% $exists({next_token}) ? {next_token} : '' %}}",
            },
        )

    def _put_object(self, state_name: str, file: str, body: str) -> tasks.CallAwsService:
        """Store a file of the review. S3 stores a string as it is, and other values as JSON."""
        return tasks.CallAwsService.jsonata(
            self._scope,
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
