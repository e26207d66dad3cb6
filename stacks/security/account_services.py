"""Security services that an account has once: Access Analyzer, GuardDuty and AWS Config."""

import json

import aws_cdk as cdk
from aws_cdk import aws_accessanalyzer as accessanalyzer
from aws_cdk import aws_config as config
from aws_cdk import aws_guardduty as guardduty
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from constructs import Construct
from settings import StageSettings
from spywatcher_constructs.private_bucket import PrivateBucket
from stacks.shared.acknowledgement import acknowledge
from stacks.shared.names import access_analyzer_name, to_pascal_case

# The AWS managed rules for the requirements of the design that Config can evaluate.
_CONFIG_RULES = (
    "CLOUD_TRAIL_ENABLED",
    "EC2_EBS_ENCRYPTION_BY_DEFAULT",
    "EKS_SECRETS_ENCRYPTED",
    "ELB_DELETION_PROTECTION_ENABLED",
    "IAM_ROOT_ACCESS_KEY_CHECK",
    "MFA_ENABLED_FOR_IAM_CONSOLE_ACCESS",
    "RDS_INSTANCE_DELETION_PROTECTION_ENABLED",
    "RDS_INSTANCE_PUBLIC_ACCESS_CHECK",
    "RDS_MULTI_AZ_SUPPORT",
    "RDS_STORAGE_ENCRYPTED",
    "ROOT_ACCOUNT_MFA_ENABLED",
    "S3_BUCKET_LEVEL_PUBLIC_ACCESS_PROHIBITED",
    "S3_BUCKET_SSL_REQUESTS_ONLY",
    "SECRETSMANAGER_ROTATION_ENABLED_CHECK",
    "VPC_FLOW_LOGS_ENABLED",
)


class AccountServices(Construct):
    """Access Analyzer, and GuardDuty and AWS Config where the settings enable them.

    Only the stage whose settings own the account-wide resources creates them.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: StageSettings,
        access_logs: s3.IBucket,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        """Create the services.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            settings: The settings of the stage that owns the services.
            access_logs: The bucket for the access logs of Config's bucket.
            removal_policy: The removal policy of Config's bucket.
        """
        super().__init__(scope, construct_id)
        accessanalyzer.CfnAnalyzer(
            self, "Analyzer", type="ACCOUNT", analyzer_name=access_analyzer_name(settings)
        )
        if settings.account_wide.guardduty:
            guardduty.CfnDetector(
                self, "Detector", enable=True, finding_publishing_frequency="FIFTEEN_MINUTES"
            )
        if settings.account_wide.config_conformance:
            self._create_config(settings, self._create_config_bucket(access_logs, removal_policy))

    def _create_config(self, settings: StageSettings, bucket: s3.IBucket) -> None:
        """Create the recorder, its delivery channel, and the conformance pack that needs both."""
        role = iam.CfnServiceLinkedRole(self, "ConfigRole", aws_service_name="config.amazonaws.com")
        recorder = config.CfnConfigurationRecorder(
            self,
            "Recorder",
            role_arn=cdk.Stack.of(self).format_arn(
                service="iam",
                region="",
                resource="role/aws-service-role/config.amazonaws.com",
                resource_name="AWSServiceRoleForConfig",
            ),
            recording_group=config.CfnConfigurationRecorder.RecordingGroupProperty(
                all_supported=True, include_global_resource_types=True
            ),
        )
        recorder.add_resource_dependency(role)
        channel = config.CfnDeliveryChannel(self, "Channel", s3_bucket_name=bucket.bucket_name)
        # The bucket includes its policy. PutDeliveryChannel tests whether Config may write to the
        # bucket, and fails with InsufficientDeliveryPolicyException. The channel must not wait for
        # the recorder, nor the recorder for the channel: CloudFormation completes each of them only
        # when both exist.
        channel.node.add_dependency(bucket)
        pack = config.CfnConformancePack(
            self,
            "Pack",
            conformance_pack_name=settings.resource_name("conformance"),
            template_body=json.dumps(_conformance_pack_template()),
        )
        pack.add_resource_dependency(recorder)
        pack.add_resource_dependency(channel)

    def _create_config_bucket(
        self, access_logs: s3.IBucket, removal_policy: cdk.RemovalPolicy
    ) -> s3.IBucket:
        bucket = PrivateBucket(
            self,
            "ConfigRecords",
            expiration=cdk.Duration.days(365),
            removal_policy=removal_policy,
            access_logs=access_logs,
        )
        acknowledge(
            bucket,
            "NIST.800.53.R5-S3BucketReplicationEnabled",
            "NIST.800.53.R5-S3DefaultEncryptionKMS",
            reason="The bucket holds records of the configuration, without secrets. Config can "
            "record them again. The service-linked role of Config may not use keys of this stage.",
        )
        account = cdk.Stack.of(self).account
        service = iam.ServicePrincipal("config.amazonaws.com")
        for_this_account = {"StringEquals": {"AWS:SourceAccount": account}}
        bucket.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[service],
                actions=["s3:GetBucketAcl", "s3:ListBucket"],
                resources=[bucket.bucket_arn],
                conditions=for_this_account,
            )
        )
        bucket.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[service],
                actions=["s3:PutObject"],
                resources=[bucket.arn_for_objects(f"AWSLogs/{account}/Config/*")],
                conditions=for_this_account,
            )
        )
        return bucket


def _conformance_pack_template() -> dict[str, object]:
    """Return the CloudFormation template of the pack, which has nothing but rules."""
    return {
        "Resources": {
            to_pascal_case(rule): {
                "Type": "AWS::Config::ConfigRule",
                "Properties": {
                    "ConfigRuleName": rule.lower().replace("_", "-"),
                    "Source": {"Owner": "AWS", "SourceIdentifier": rule},
                },
            }
            for rule in _CONFIG_RULES
        }
    }
