"""The quarterly access review: what there is to review is collected, kept, and announced."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks

from constructs import Construct
from settings import StageSettings
from stacks.shared.acknowledgement import acknowledge
from stacks.shared.alarm_factory import AlarmFactory
from stacks.shared.names import access_analyzer_name, cluster_name
from stacks.shared.publishing import publishing
from stacks.shared.runbooks import runbook
from stacks.shared.workflow import Workflow, alarm_of_failures

_FIRST_MONDAY_OF_THE_QUARTER = "cron(0 9 ? 1,4,7,10 MON#1 *)"
_PREFIX = "access-review"


class AccessReview(Construct):
    """Writes who may do what into the audit bucket, under access-review/<date>/.

    Of every stage: the cluster's access entries with their policies. Of the stage that owns what
    an account has once: IAM's credential report and the findings of Access Analyzer.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: StageSettings,
        make: AlarmFactory,
        bucket: s3.IBucket,
        topic: sns.ITopic,
        topics_key: kms.IKey,
        logs_key: kms.IKey,
    ) -> None:
        """Make the state machine, its schedule and its alarm.

        Args:
            scope: where the construct lives.
            construct_id: its id there.
            settings: the stage's settings.
            make: makes the alarm of a failure, which the caller tells somebody of.
            bucket: keeps what was found; its own rules say for how long.
            topic: hears that there is something to review, or that the collecting failed.
            topics_key: encrypts what the topic is told.
            logs_key: encrypts the machine's log.
        """
        super().__init__(scope, construct_id)
        self._settings = settings
        self._bucket = bucket
        name = settings.resource_name("access-review")
        chain = sfn.Chain.start(self._begin())
        if settings.account_wide.owned:
            chain = chain.next(self._credential_report()).next(self._analyzer_findings())
        chain = chain.next(self._access_entries()).next(self._tell(topic))
        workflow = Workflow(
            self,
            "Workflow",
            name=name,
            definition=chain,
            schedule=_FIRST_MONDAY_OF_THE_QUARTER,
            timeout=cdk.Duration.minutes(30),
            logs_key=logs_key,
        )
        for statement in publishing(topics_key, topic):
            workflow.machine.add_to_role_policy(statement)
        if bucket.encryption_key is not None:
            # All that a PutObject needs of it; `grant_put` gives retention and legal hold too.
            bucket.encryption_key.grant(workflow.machine, "kms:GenerateDataKey")
        self._acknowledge(workflow.machine)
        self.failures = alarm_of_failures(
            make,
            "access-review-failed",
            machine_name=name,
            means="The quarterly review of who has access was not written: nobody looks at it.",
        )

    def _begin(self) -> sfn.Pass:
        return sfn.Pass.jsonata(
            self,
            "NameTheFolder",
            assign={
                "folder": f"{{% '{_PREFIX}/' & "
                "$substringBefore($states.context.Execution.StartTime, 'T') %}"
            },
        )

    def _credential_report(self) -> sfn.Chain:
        """Ask IAM for a report until it is complete, and keep it."""
        ask = tasks.CallAwsService.jsonata(
            self,
            "GenerateCredentialReport",
            service="iam",
            action="generateCredentialReport",
            iam_resources=["*"],
            assign={"state": "{% $states.result.State %}"},
        )
        read = tasks.CallAwsService.jsonata(
            self,
            "GetCredentialReport",
            service="iam",
            action="getCredentialReport",
            iam_resources=["*"],
            # The API has the text in base64, the SDK decodes it: a text with a comma is decoded.
            assign={
                "report": "{% $contains($states.result.Content, ',') ? $states.result.Content : "
                "$base64decode($states.result.Content) %}"
            },
        )
        wait = sfn.Wait.jsonata(
            self, "WaitForTheReport", time=sfn.WaitTime.duration(cdk.Duration.seconds(10))
        )
        complete = (
            sfn.Choice.jsonata(self, "IsTheReportComplete")
            .when(sfn.Condition.jsonata("{% $state = 'COMPLETE' %}"), read)
            .otherwise(wait.next(ask))
        )
        keep = self._keep("KeepCredentialReport", "credential-report.csv", "{% $report %}")
        ask.next(complete)
        read.next(keep)
        return sfn.Chain.custom(ask, [keep], keep)

    def _analyzer_findings(self) -> sfn.Chain:
        analyzer = cdk.Stack.of(self).format_arn(
            service="access-analyzer",
            resource="analyzer",
            resource_name=access_analyzer_name(self._settings),
        )
        return self._all_pages(
            "Findings",
            service="accessanalyzer",
            action="listFindingsV2",
            iam_action="access-analyzer:ListFindings",
            resource=analyzer,
            parameters={"AnalyzerArn": analyzer, "Filter": {"status": {"Eq": ["ACTIVE"]}}},
        ).next(
            self._keep("KeepFindings", "access-analyzer-findings.json", "{% {'Findings': $all} %}")
        )

    def _access_entries(self) -> sfn.Chain:
        """Keep who reaches the cluster, with which groups of Kubernetes and which policies."""
        name = cluster_name(self._settings)
        stack = cdk.Stack.of(self)
        entries = stack.format_arn(
            service="eks", resource="access-entry", resource_name=f"{name}/*"
        )
        asked = {"ClusterName": name, "PrincipalArn": "{% $states.input %}"}
        describe = tasks.CallAwsService.jsonata(
            self,
            "DescribeAccessEntry",
            service="eks",
            action="describeAccessEntry",
            iam_resources=[entries],
            parameters=asked,
            assign={"entry": "{% $states.result.AccessEntry %}"},
            outputs="{% $states.input %}",
        )
        policies = tasks.CallAwsService.jsonata(
            self,
            "ListItsPolicies",
            service="eks",
            action="listAssociatedAccessPolicies",
            iam_resources=[entries],
            parameters=asked,
            outputs={
                "Entry": "{% $entry %}",
                "Policies": "{% $states.result.AssociatedAccessPolicies %}",
            },
        )
        each = sfn.Map.jsonata(
            self,
            "EachAccessEntry",
            items=sfn.ProvideItems.jsonata("{% $all %}"),
            max_concurrency=5,
            assign={"entries": "{% $states.result %}"},
        )
        each.item_processor(describe.next(policies))
        return (
            self._all_pages(
                "AccessEntries",
                service="eks",
                action="listAccessEntries",
                iam_action="eks:ListAccessEntries",
                resource=stack.format_arn(service="eks", resource="cluster", resource_name=name),
                parameters={"ClusterName": name},
            )
            .next(each)
            .next(self._keep("KeepAccessEntries", "access-entries.json", "{% $entries %}"))
        )

    def _tell(self, topic: sns.ITopic) -> sfn.IChainable:
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
                f"{runbook(self._settings, 'access-review')}' %}}",
            },
        )

    def _all_pages(
        self,
        field: str,
        *,
        service: str,
        action: str,
        iam_action: str,
        resource: str,
        parameters: dict[str, object],
    ) -> sfn.Chain:
        """Ask until there is no further page; the variable `all` holds what the pages hold.

        Args:
            field: the answer's list.
            service: as the SDK names it.
            action: as the SDK names it.
            iam_action: as IAM names it.
            resource: what the permission is for.
            parameters: what is asked.
        """

        def ask(name: str, further: dict[str, object], found: str) -> tasks.CallAwsService:
            return tasks.CallAwsService.jsonata(
                self,
                name,
                service=service,
                action=action,
                iam_action=iam_action,
                iam_resources=[resource],
                parameters={**parameters, **further},
                assign={
                    "all": f"{{% {found} %}}",
                    "page": "{% $exists($states.result.NextToken) ? $states.result.NextToken : '' "
                    "%}",
                },
            )

        first = ask(f"List{field}", {}, f"[$states.result.{field}]")
        more = ask(
            f"ListMore{field}",
            {"NextToken": "{% $page %}"},
            f"$append($all, $states.result.{field})",
        )
        choice = sfn.Choice.jsonata(self, f"AreThereMore{field}").when(
            sfn.Condition.jsonata("{% $page != '' %}"), more
        )
        more.next(choice)
        return sfn.Chain.start(first).next(choice.afterwards(include_otherwise=True))

    def _keep(self, name: str, file: str, body: str) -> tasks.CallAwsService:
        """Write a file of the review; a text is written as it is, anything else as JSON."""
        return tasks.CallAwsService.jsonata(
            self,
            name,
            service="s3",
            action="putObject",
            iam_action="s3:PutObject",
            # The question marks stand for the date.
            iam_resources=[self._bucket.arn_for_objects(f"{_PREFIX}/????-??-??/{file}")],
            parameters={
                "Bucket": self._bucket.bucket_name,
                "Key": f"{{% $folder & '/{file}' %}}",
                "Body": body,
            },
            outputs={},
        )

    def _acknowledge(self, machine: sfn.StateMachine) -> None:
        policy = machine.role.node.find_child("DefaultPolicy")
        acknowledge(
            policy,
            "AwsSolutions-IAM5[Resource::*]",
            "CKV_AWS_111",
            reason="IAM's credential report, the delivery of logs and X-Ray know no narrower "
            "resource. The report names users and the age of their keys, and holds no secret.",
        )
        name = cluster_name(self._settings)
        stack = cdk.Stack.of(self)
        place = f"{stack.region}:{stack.account}"
        acknowledge(
            policy,
            f"AwsSolutions-IAM5[Resource::arn:{stack.partition}:eks:{place}:access-entry/{name}/*]",
            reason="It reads the entries of this one cluster; their identifiers are EKS's own, "
            "and finding entries that nobody wrote down is what the review is for.",
        )
