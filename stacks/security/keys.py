"""The KMS keys: one a purpose, so that a permission to one kind of data gives no other."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from constructs import Construct
from settings import StageSettings
from stacks.shared.names import trail_name
from stacks.shared.publishing import PUBLISHERS

_USE = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]


class Keys(Construct):
    """The stage's keys. Each rotates yearly; its policy names the services that use it.

    The policies are complete here. A grant from another stack would write that stack's ARN into
    this one, which must not depend on any.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: StageSettings,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        """Make the keys.

        Args:
            scope: where the construct lives.
            construct_id: its id there.
            settings: the stage's settings; the aliases carry its name.
            removal_policy: what becomes of the keys when the stack is deleted. A deleted key
                waits 30 days, and what it encrypted is lost after them.
        """
        super().__init__(scope, construct_id)
        self._settings = settings
        self._removal_policy = removal_policy
        self.database = self._key("database", "RDS storage, snapshots and insights")
        self.cache = self._key("cache", "ElastiCache storage and snapshots")
        self.secrets = self._key("secrets", "Secrets Manager secrets")
        self.cluster = self._key("cluster", "Kubernetes secrets in etcd")
        self.volumes = self._key("volumes", "EBS volumes of the nodes")
        self.logs = self._key("logs", "CloudWatch log groups")
        self.audit = self._key("audit", "CloudTrail files")
        self.topics = self._key("topics", "SNS topics")
        self._let_ec2_use_volumes()
        self._let_cloudwatch_logs_use_logs()
        self._let_cloudtrail_use_audit()
        self._let_publishers_use_topics()

    def _key(self, purpose: str, description: str) -> kms.Key:
        return kms.Key(
            self,
            purpose.capitalize(),
            alias=self._settings.resource_name(purpose),
            description=f"{self._settings.resource_name()}: {description}",
            enable_key_rotation=True,
            removal_policy=self._removal_policy,
        )

    def _let_ec2_use_volumes(self) -> None:
        """Let this account's principals use the key through EC2.

        Not the Auto Scaling service-linked role, as the EC2 Auto Scaling user guide has it: a
        fresh account lacks that role, and a key policy must not name what does not exist.
        """
        stack = cdk.Stack.of(self)
        through_ec2 = {
            "kms:CallerAccount": stack.account,
            "kms:ViaService": f"ec2.{stack.region}.amazonaws.com",
        }
        principal = iam.AccountPrincipal(stack.account)
        self.volumes.add_to_resource_policy(
            iam.PolicyStatement(
                sid="UseThroughEc2",
                principals=[principal],
                actions=_USE,
                resources=["*"],
                conditions={"StringEquals": through_ec2},
            )
        )
        self.volumes.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AttachThroughEc2",
                principals=[principal],
                actions=["kms:CreateGrant"],
                resources=["*"],
                conditions={
                    "StringEquals": through_ec2,
                    "Bool": {"kms:GrantIsForAWSResource": "true"},
                },
            )
        )

    def _let_cloudwatch_logs_use_logs(self) -> None:
        stack = cdk.Stack.of(self)
        groups = f"arn:{stack.partition}:logs:{stack.region}:{stack.account}:log-group:*"
        self.logs.add_to_resource_policy(
            iam.PolicyStatement(
                sid="EncryptLogGroups",
                principals=[iam.ServicePrincipal(f"logs.{stack.region}.amazonaws.com")],
                actions=_USE,
                resources=["*"],
                conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
            )
        )

    def _let_cloudtrail_use_audit(self) -> None:
        stack = cdk.Stack.of(self)
        name = trail_name(self._settings)
        trail = f"arn:{stack.partition}:cloudtrail:{stack.region}:{stack.account}:trail/{name}"
        cloudtrail = iam.ServicePrincipal("cloudtrail.amazonaws.com")
        self.audit.add_to_resource_policy(
            iam.PolicyStatement(
                sid="EncryptTrail",
                principals=[cloudtrail],
                actions=["kms:GenerateDataKey*"],
                resources=["*"],
                conditions={
                    "StringEquals": {"aws:SourceArn": trail},
                    "StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": trail},
                },
            )
        )
        self.audit.add_to_resource_policy(
            iam.PolicyStatement(
                sid="DescribeForTrail",
                principals=[cloudtrail],
                actions=["kms:DescribeKey"],
                resources=["*"],
                conditions={"StringEquals": {"aws:SourceArn": trail}},
            )
        )

    def _let_publishers_use_topics(self) -> None:
        self.topics.add_to_resource_policy(
            iam.PolicyStatement(
                sid="PublishToEncryptedTopics",
                principals=[iam.ServicePrincipal(name) for name in PUBLISHERS],
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                resources=["*"],
                conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}},
            )
        )
        # Without a condition: EventBridge takes none in the policies of a topic that it
        # publishes to ("Using resource-based policies for Amazon EventBridge").
        self.topics.add_to_resource_policy(
            iam.PolicyStatement(
                sid="PublishEventsToEncryptedTopics",
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                resources=["*"],
            )
        )
