"""The IAM roles of people and pipelines."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager

from constructs import Construct
from settings import StageSettings
from stacks.shared.acknowledgement import acknowledge
from stacks.shared.bootstrap import bootstrap_role_name

_READER_HOURS = 8
_GITHUB = "token.actions.githubusercontent.com"
# No images are published.
_BOOTSTRAP_ROLES = ("deploy-role", "file-publishing-role", "lookup-role")

_READS = {
    "acm": ("DescribeCertificate", "ListCertificates"),
    "autoscaling": ("DescribeAutoScalingGroups", "DescribeScalingActivities"),
    "cloudformation": (
        *("DescribeStackEvents", "DescribeStackResources", "DescribeStacks"),
        *("ListExports", "ListStackResources", "ListStacks"),
    ),
    "cloudtrail": ("LookupEvents",),
    "cloudwatch": (
        *("DescribeAlarmHistory", "DescribeAlarms", "GetDashboard", "GetMetricData"),
        *("GetMetricStatistics", "ListDashboards", "ListMetrics"),
    ),
    "ec2": (
        *("DescribeAddresses", "DescribeFlowLogs", "DescribeInstances", "DescribeNatGateways"),
        *("DescribeNetworkAcls", "DescribeNetworkInterfaces", "DescribeRouteTables"),
        *("DescribeSecurityGroupRules", "DescribeSecurityGroups", "DescribeSubnets"),
        *("DescribeVolumes", "DescribeVpcEndpoints", "DescribeVpcs"),
    ),
    "eks": ("ListClusters",),
    "elasticache": ("DescribeCacheClusters", "DescribeEvents", "DescribeReplicationGroups"),
    "elasticloadbalancing": (
        *("DescribeListeners", "DescribeLoadBalancers", "DescribeRules"),
        *("DescribeTargetGroups", "DescribeTargetHealth"),
    ),
    "kms": ("ListAliases",),
    "logs": ("DescribeLogGroups",),
    "rds": (
        *("DescribeDBInstanceAutomatedBackups", "DescribeDBInstances", "DescribeDBSnapshots"),
        *("DescribeEvents", "DescribePendingMaintenanceActions"),
    ),
    "route53": ("ListHostedZones", "ListResourceRecordSets"),
    "secretsmanager": ("ListSecrets",),
    "sns": ("ListSubscriptions", "ListTopics"),
    "wafv2": ("ListWebACLs",),
}
"""What readers may ask of each service that a stage uses. AWS's ViewOnlyAccess lacks the alarms
(`cloudwatch:DescribeAlarms`, checked 2026-11-23) and has what nothing here uses."""


class Roles(Construct):
    """Administrators, readers, who is on call, and the workflow that deploys.

    Nobody is let in by name: who may assume the first three is said by the identities' own
    policies, or by IAM Identity Center, and the second factor is asked for here.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: StageSettings,
        application_secret: secretsmanager.ISecret,
    ) -> None:
        """Make the roles of the stage.

        Args:
            scope: where the construct lives.
            construct_id: its id there.
            settings: the stage's settings.
            application_secret: administrators set its values.
        """
        super().__init__(scope, construct_id)
        self._stack = cdk.Stack.of(self)
        self.admin = self._admin(settings, application_secret)
        self.reader = self._reader(settings)
        self.on_call = self._on_call(settings)
        self.deployer = self._deployer(settings)

    def _person(self, construct_id: str, name: str, description: str, hours: int) -> iam.Role:
        """Make a role for people of this account, as long as their second factor is this fresh."""
        duration = cdk.Duration.hours(hours)
        return iam.Role(
            self,
            construct_id,
            role_name=name,
            description=description,
            assumed_by=iam.AccountPrincipal(self._stack.account).with_conditions(
                {
                    "Bool": {"aws:MultiFactorAuthPresent": "true"},
                    "NumericLessThan": {"aws:MultiFactorAuthAge": str(duration.to_seconds())},
                }
            ),
            max_session_duration=duration,
        )

    def _admin(
        self,
        settings: StageSettings,
        application_secret: secretsmanager.ISecret,
    ) -> iam.Role:
        """Let administer the cluster, deploy, set secrets, and do what the runbooks ask for.

        Not AdministratorAccess: what it cannot do by hand, it does as a reviewed deployment,
        through the roles of the bootstrap stack. Each resource is named whole.
        """
        role = self._person(
            "Admin",
            settings.resource_name("admin"),
            "Administrators, with a second factor and for a bounded time",
            settings.access.admin_session_hours,
        )
        application_secret.grant_read(role)
        application_secret.grant_write(role)
        self._allow(role, "Deploy", ["sts:AssumeRole"], self._bootstrap_roles())
        return self._with_own_policy(role)

    def _reader(self, settings: StageSettings) -> iam.Role:
        """Let read what there is and how it does, but no data: no object, no secret, no item."""
        role = self._person(
            "Reader",
            settings.resource_name("reader"),
            "Reads configuration, metrics and alarms; no stored data",
            _READER_HOURS,
        )
        actions = [f"{service}:{name}" for service, names in _READS.items() for name in names]
        reads = iam.ManagedPolicy(
            self,
            "ReaderReads",
            description="Readers: descriptions, metrics and alarms",
            roles=[role],
            statements=[iam.PolicyStatement(sid="Read", actions=actions, resources=["*"])],
        )
        acknowledge(
            reads,
            "AwsSolutions-IAM5[Resource::*]",
            reason="Each action describes or lists, and most know no narrower resource; alarms "
            "that are made of others are shown to who may describe all of them. No action returns "
            "an object, a secret, an item or a log line, none changes anything, and readers prove "
            "a second factor.",
        )
        return role

    def _on_call(self, settings: StageSettings) -> iam.Role:
        """Let into the cluster who is on call.

        What they may do there, their access entry says; what AWS shows, they see as readers.
        """
        return self._person(
            "OnCall",
            settings.resource_name("on-call"),
            "Restarts, scales and rolls back the application in the cluster",
            _READER_HOURS,
        )

    def _deployer(self, settings: StageSettings) -> iam.Role:
        """Let the repository's workflows deploy this stage, and nothing else.

        The workflow gives itself out with a token that names repository and environment; GitHub's
        own protection rules say who may run in that environment.
        """
        if settings.account_wide.owned:
            provider = iam.OidcProviderNative(
                self, "Github", url=f"https://{_GITHUB}", client_ids=["sts.amazonaws.com"]
            ).oidc_provider_arn
        else:
            provider = self._iam_arn("oidc-provider", _GITHUB)
        subject = f"repo:{settings.access.github_repository}:environment:{settings.stage}"
        role = iam.Role(
            self,
            "Deployer",
            role_name=settings.resource_name("deployer"),
            description=f"GitHub Actions, environment {settings.stage}",
            assumed_by=iam.WebIdentityPrincipal(
                provider,
                conditions={
                    "StringEquals": {
                        f"{_GITHUB}:aud": "sts.amazonaws.com",
                        f"{_GITHUB}:sub": subject,
                    }
                },
            ),
            max_session_duration=cdk.Duration.hours(2),
        )
        self._allow(role, "Deploy", ["sts:AssumeRole"], self._bootstrap_roles())
        return self._with_own_policy(role)

    def _bootstrap_roles(self) -> list[str]:
        return [
            self._iam_arn("role", bootstrap_role_name(self._stack, purpose))
            for purpose in _BOOTSTRAP_ROLES
        ]

    def _iam_arn(self, resource: str, name: str) -> str:
        """Return an ARN of IAM, whose names have no region."""
        return self._stack.format_arn(
            service="iam", region="", resource=resource, resource_name=name
        )

    def _arn(self, service: str, resource: str, name: str, *, colon: bool = False) -> str:
        """Return the ARN of a resource of a later stack, whose name the settings give."""
        form = cdk.ArnFormat.COLON_RESOURCE_NAME if colon else cdk.ArnFormat.SLASH_RESOURCE_NAME
        return self._stack.format_arn(
            service=service, resource=resource, resource_name=name, arn_format=form
        )

    @staticmethod
    def _allow(role: iam.Role, sid: str, actions: list[str], resources: list[str]) -> None:
        role.add_to_policy(iam.PolicyStatement(sid=sid, actions=actions, resources=resources))

    @staticmethod
    def _with_own_policy(role: iam.Role) -> iam.Role:
        acknowledge(
            role.node.find_child("DefaultPolicy"),
            "NIST.800.53.R5-IAMNoInlinePolicy",
            reason="The policy fits one role and names its resources whole: shared with another "
            "identity it would be wrong. It is reviewed here, as code.",
        )
        return role
