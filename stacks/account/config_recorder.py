"""The recorder of AWS Config, and the bucket that it delivers to."""

import aws_cdk as cdk
from aws_cdk import aws_config as config
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from constructs import Construct
from spywatcher_constructs.private_bucket import PrivateBucket
from stacks.shared.access_logs import create_access_log_bucket
from stacks.shared.acknowledgement import acknowledge


class ConfigRecorder(Construct):
    """A recorder of all resource types, with its delivery channel and its bucket.

    It uses the service-linked role of AWS Config. The role is not in the template, because an
    account that has it already refuses a second one: `python3 dev.py service-linked-roles`.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, removal_policy: cdk.RemovalPolicy
    ) -> None:
        """Create the recorder.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            removal_policy: What happens to the buckets when the stack is deleted.
        """
        super().__init__(scope, construct_id)
        config.CfnConfigurationRecorder(
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
        bucket = self._create_bucket(removal_policy)
        channel = config.CfnDeliveryChannel(self, "Channel", s3_bucket_name=bucket.bucket_name)
        # The bucket includes its policy. PutDeliveryChannel tests whether Config may write to the
        # bucket, and fails with InsufficientDeliveryPolicyException. The channel must not wait for
        # the recorder, nor the recorder for the channel: CloudFormation completes each of them only
        # when both exist.
        channel.node.add_dependency(bucket)

    def _create_bucket(self, removal_policy: cdk.RemovalPolicy) -> s3.IBucket:
        bucket = PrivateBucket(
            self,
            "Records",
            expiration=cdk.Duration.days(365),
            removal_policy=removal_policy,
            access_logs=create_access_log_bucket(self, removal_policy),
        )
        acknowledge(
            bucket,
            "NIST.800.53.R5-S3BucketReplicationEnabled",
            "NIST.800.53.R5-S3DefaultEncryptionKMS",
            reason="The bucket holds records of the configuration, without secrets. Config can "
            "record them again. The service-linked role of Config may not use keys of a stage.",
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
