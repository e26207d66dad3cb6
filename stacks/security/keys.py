"""The KMS keys of a stage: one for each kind of data, so that permissions can be separate."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from constructs import Construct
from settings import StageSettings
from stacks.shared.acknowledgement import acknowledge
from stacks.shared.names import trail_name
from stacks.shared.topic_permissions import PUBLISHING_SERVICES

_ENCRYPT_AND_DECRYPT = [
    "kms:Encrypt",
    "kms:Decrypt",
    "kms:ReEncrypt*",
    "kms:GenerateDataKey*",
    "kms:DescribeKey",
]


class Keys(Construct):
    """The keys. KMS rotates each of them yearly.

    The key policies name every service that uses a key. A grant in another stack would add that
    stack's ARNs to a key policy, and this stack would depend on it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: StageSettings,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        """Create the keys.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            settings: The settings of the stage.
            removal_policy: The removal policy of the keys. KMS deletes a key after 30 days, and
                what it encrypts is lost then.
        """
        super().__init__(scope, construct_id)
        self._settings = settings
        self._removal_policy = removal_policy
        self.database = self._create_key("database", "RDS storage, snapshots and insights")
        self.cache = self._create_key("cache", "ElastiCache storage and snapshots")
        self.secrets = self._create_key("secrets", "Secrets Manager secrets")
        self.cluster = self._create_key("cluster", "Kubernetes secrets in etcd")
        self.volumes = self._create_key("volumes", "EBS volumes of the nodes")
        self.logs = self._create_key("logs", "CloudWatch log groups")
        self.audit = self._create_key("audit", "CloudTrail files")
        self.topics = self._create_key("topics", "SNS topics")
        self._allow_ec2_to_use_volumes_key()
        self._allow_cloudwatch_logs_to_use_logs_key()
        self._allow_cloudtrail_to_use_audit_key()
        self._allow_publishers_to_use_topics_key()

    def _create_key(self, purpose: str, description: str) -> kms.Key:
        return kms.Key(
            self,
            purpose.capitalize(),
            alias=self._settings.resource_name(purpose),
            description=f"{self._settings.resource_name()}: {description}",
            enable_key_rotation=True,
            removal_policy=self._removal_policy,
        )

    def _allow_ec2_to_use_volumes_key(self) -> None:
        """Allow every principal of this account to use the key through EC2, as aws/ebs does.

        EC2 Auto Scaling launches the nodes with its service-linked role. That role has no IAM
        policy for customer managed keys ("Required AWS KMS key policy for use with encrypted
        volumes", Amazon EC2 Auto Scaling), so a statement for the account would not help: it only
        lets IAM policies decide. A statement for the role itself fails in an account that lacks the
        role, because KMS refuses a principal that does not exist. The policy of AWS's own key for
        volumes combines `*` with two conditions ("kms:CallerAccount", AWS KMS condition keys).
        """
        stack = cdk.Stack.of(self)
        through_ec2 = {
            "kms:CallerAccount": stack.account,
            "kms:ViaService": f"ec2.{stack.region}.amazonaws.com",
        }
        self.volumes.add_to_resource_policy(
            iam.PolicyStatement(
                sid="UseThroughEc2",
                principals=[iam.AnyPrincipal()],
                actions=_ENCRYPT_AND_DECRYPT,
                resources=["*"],
                conditions={"StringEquals": through_ec2},
            )
        )
        self.volumes.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AttachThroughEc2",
                principals=[iam.AnyPrincipal()],
                actions=["kms:CreateGrant"],
                resources=["*"],
                conditions={
                    "StringEquals": through_ec2,
                    "Bool": {"kms:GrantIsForAWSResource": "true"},
                },
            )
        )
        acknowledge(
            self.volumes,
            "CKV_AWS_33",
            reason="Two conditions limit each statement with a wildcard: to the principals of this "
            "account, and to requests that EC2 makes for them. The key policy of aws/ebs has the "
            "same conditions. Without the wildcard, EC2 Auto Scaling could launch no node.",
        )

    def _allow_cloudwatch_logs_to_use_logs_key(self) -> None:
        stack = cdk.Stack.of(self)
        groups = f"arn:{stack.partition}:logs:{stack.region}:{stack.account}:log-group:*"
        self.logs.add_to_resource_policy(
            iam.PolicyStatement(
                sid="EncryptLogGroups",
                principals=[iam.ServicePrincipal(f"logs.{stack.region}.amazonaws.com")],
                actions=_ENCRYPT_AND_DECRYPT,
                resources=["*"],
                conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
            )
        )

    def _allow_cloudtrail_to_use_audit_key(self) -> None:
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

    def _allow_publishers_to_use_topics_key(self) -> None:
        self.topics.add_to_resource_policy(
            iam.PolicyStatement(
                sid="PublishToEncryptedTopics",
                principals=[iam.ServicePrincipal(service) for service in PUBLISHING_SERVICES],
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                resources=["*"],
                conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}},
            )
        )
        # EventBridge supports no conditions for topics that it publishes to ("Using
        # resource-based policies for Amazon EventBridge").
        self.topics.add_to_resource_policy(
            iam.PolicyStatement(
                sid="PublishEventsToEncryptedTopics",
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                resources=["*"],
            )
        )
