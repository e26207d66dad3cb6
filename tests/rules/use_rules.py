"""Who acts on the keys, buckets, topics and functions that properties of other resources name.

Add a rule for a new pair of property and target: each principal, its actions, the condition keys
that its requests have, and the page that says so.
"""

from tests.rules.principals import (
    AN_OBJECT,
    SDK_CALLS,
    Access,
    Caller,
    LoadBalancerLogs,
    RoleIn,
    RolesAllowed,
    Service,
    ServiceLinkedRole,
    ServicesOf,
    UseRule,
)

_KEY = "AWS::KMS::Key"
_BUCKET = "AWS::S3::Bucket"
_TOPIC = "AWS::SNS::Topic"
_FUNCTION = "AWS::Lambda::Function"

_ENCRYPT_AND_DECRYPT = (
    *("kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo"),
    *("kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:DescribeKey"),
)
_FROM_USER = {"aws:SourceArn": "{arn}", "aws:SourceAccount": "{account}"}


def _through(service: str) -> dict[str, str]:
    """Return the condition keys of a request that a service makes for its caller."""
    return {
        "kms:ViaService": service + ".{region}.amazonaws.com",
        "kms:CallerAccount": "{account}",
    }


def _grants_of_caller(user: str, property_name: str, service: str) -> UseRule:
    """Return the rule of a data store, which uses the key by a grant that it makes at creation."""
    return UseRule(
        target=_KEY,
        user=user,
        property=property_name,
        accesses=(
            Access(
                by=Caller(),
                actions=("kms:DescribeKey", "kms:CreateGrant"),
                context={**_through(service), "kms:GrantIsForAWSResource": "true"},
            ),
        ),
        source=f"resource schema of {user}, permissions of the create handler",
    )


_KEY_RULES = (
    UseRule(
        target=_KEY,
        user="AWS::KMS::Alias",
        property="TargetKeyId",
        why_none="An alias is a name of the key.",
        source="Aliases in AWS KMS",
    ),
    UseRule(
        target=_KEY,
        user="AWS::CloudTrail::Trail",
        property="KMSKeyId",
        accesses=(
            Access(
                by=Service("cloudtrail.amazonaws.com"),
                actions=("kms:GenerateDataKey",),
                context={**_FROM_USER, "kms:EncryptionContext:aws:cloudtrail:arn": "{arn}"},
            ),
            Access(
                by=Service("cloudtrail.amazonaws.com"),
                actions=("kms:DescribeKey",),
                context=_FROM_USER,
            ),
        ),
        source="Configure AWS KMS key policies for CloudTrail",
    ),
    UseRule(
        target=_KEY,
        user="AWS::EC2::LaunchTemplate",
        property="LaunchTemplateData.BlockDeviceMappings.*.Ebs.KmsKeyId",
        accesses=(
            Access(
                by=ServiceLinkedRole("autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"),
                actions=_ENCRYPT_AND_DECRYPT,
                context=_through("ec2"),
            ),
            Access(
                by=ServiceLinkedRole("autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"),
                actions=("kms:CreateGrant",),
                context={**_through("ec2"), "kms:GrantIsForAWSResource": "true"},
            ),
        ),
        source="Required AWS KMS key policy for use with encrypted volumes (EC2 Auto Scaling)",
    ),
    _grants_of_caller("AWS::EKS::Cluster", "EncryptionConfig.*.Provider.KeyArn", "eks"),
    _grants_of_caller("AWS::ElastiCache::ReplicationGroup", "KmsKeyId", "elasticache"),
    _grants_of_caller("AWS::RDS::DBInstance", "KmsKeyId", "rds"),
    _grants_of_caller("AWS::RDS::DBInstance", "PerformanceInsightsKMSKeyId", "rds"),
    UseRule(
        target=_KEY,
        user="AWS::Logs::LogGroup",
        property="KmsKeyId",
        accesses=(
            Access(
                by=Service("logs.{region}.amazonaws.com"),
                actions=_ENCRYPT_AND_DECRYPT,
                context={"kms:EncryptionContext:aws:logs:arn": "{arn}"},
            ),
        ),
        source="Encrypt log data in CloudWatch Logs using AWS Key Management Service",
    ),
    UseRule(
        target=_KEY,
        user=_BUCKET,
        property="BucketEncryption.ServerSideEncryptionConfiguration.*."
        "ServerSideEncryptionByDefault.KMSMasterKeyID",
        accesses=(
            Access(
                by=RolesAllowed("s3:PutObject"),
                actions=("kms:GenerateDataKey",),
                context=_through("s3"),
            ),
            Access(
                by=RolesAllowed("s3:GetObject"), actions=("kms:Decrypt",), context=_through("s3")
            ),
        ),
        source="Using server-side encryption with AWS KMS keys (SSE-KMS)",
    ),
    UseRule(
        target=_KEY,
        user=_TOPIC,
        property="KmsMasterKeyId",
        accesses=(
            Access(by=ServicesOf(), actions=("kms:GenerateDataKey", "kms:Decrypt")),
            Access(
                by=RolesAllowed("sns:Publish"),
                actions=("kms:GenerateDataKey", "kms:Decrypt"),
                context=_through("sns"),
            ),
        ),
        source="Managing Amazon SNS encryption keys and costs",
    ),
    UseRule(
        target=_KEY,
        user="AWS::SecretsManager::Secret",
        property="KmsKeyId",
        accesses=(
            Access(
                by=Caller(),
                actions=("kms:GenerateDataKey", "kms:Decrypt"),
                context=_through("secretsmanager"),
            ),
            Access(
                by=RolesAllowed("secretsmanager:GetSecretValue"),
                actions=("kms:Decrypt",),
                context=_through("secretsmanager"),
            ),
            Access(
                by=RolesAllowed("secretsmanager:PutSecretValue"),
                actions=("kms:GenerateDataKey", "kms:Decrypt"),
                context=_through("secretsmanager"),
            ),
        ),
        source="Secret encryption and decryption in AWS Secrets Manager",
    ),
)

_BUCKET_RULES = (
    UseRule(
        target=_BUCKET,
        user="AWS::CloudTrail::Trail",
        property="S3BucketName",
        accesses=(
            Access(
                by=Service("cloudtrail.amazonaws.com"),
                actions=("s3:GetBucketAcl",),
                context=_FROM_USER,
            ),
            Access(
                by=Service("cloudtrail.amazonaws.com"),
                actions=("s3:PutObject",),
                on="/AWSLogs/{account}/CloudTrail/file",
                context={**_FROM_USER, "s3:x-amz-acl": "bucket-owner-full-control"},
            ),
        ),
        source="Amazon S3 bucket policy for CloudTrail",
    ),
    UseRule(
        target=_BUCKET,
        user="AWS::Config::DeliveryChannel",
        property="S3BucketName",
        accesses=(
            Access(
                by=Service("config.amazonaws.com"),
                actions=("s3:GetBucketAcl", "s3:ListBucket"),
                context={"aws:SourceAccount": "{account}"},
            ),
            Access(
                by=Service("config.amazonaws.com"),
                actions=("s3:PutObject",),
                on="/AWSLogs/{account}/Config/file",
                context={
                    "aws:SourceAccount": "{account}",
                    "s3:x-amz-acl": "bucket-owner-full-control",
                },
            ),
        ),
        source="Permissions for the Amazon S3 Bucket for the AWS Config Delivery Channel",
    ),
    UseRule(
        target=_BUCKET,
        user="AWS::ElasticLoadBalancingV2::LoadBalancer",
        property="LoadBalancerAttributes.*.Value",
        accesses=(
            Access(
                by=LoadBalancerLogs(),
                actions=("s3:PutObject",),
                on="/AWSLogs/{account}/file",
            ),
        ),
        source="Enable access logs for your Application Load Balancer",
    ),
    UseRule(
        target=_BUCKET,
        user=_BUCKET,
        property="LoggingConfiguration.DestinationBucketName",
        accesses=(
            Access(
                by=Service("logging.s3.amazonaws.com"),
                actions=("s3:PutObject",),
                on="/{LoggingConfiguration[LogFilePrefix]}file",
                context=_FROM_USER,
            ),
        ),
        source="Enabling Amazon S3 server access logging",
    ),
    UseRule(
        target=_BUCKET,
        user="AWS::StepFunctions::StateMachine",
        property="DefinitionString",
        accesses=(Access(by=RoleIn("RoleArn"), actions=SDK_CALLS, on=AN_OBJECT),),
        source="Learning to use AWS service SDK integrations in Step Functions",
    ),
    UseRule(
        target=_BUCKET,
        user="Custom::S3AutoDeleteObjects",
        property="BucketName",
        accesses=(
            Access(
                by=RoleIn("ServiceToken"),
                actions=("s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketTagging"),
            ),
            Access(
                by=RoleIn("ServiceToken"),
                actions=("s3:DeleteObject", "s3:DeleteObjectVersion"),
                on="/file",
            ),
        ),
        source="aws-cdk-lib 2.275.0, aws-s3/lib/bucket.js, auto-delete-objects-handler",
    ),
    UseRule(
        target=_BUCKET,
        user=_FUNCTION,
        property="Description",
        why_none="The description is text.",
        source="AWS::Lambda::Function Description",
    ),
)

_CALLED_BY_CLOUDWATCH = (
    Access(by=Service("cloudwatch.amazonaws.com"), actions=("sns:Publish",), context=_FROM_USER),
)
_TOPIC_RULES = (
    *(
        UseRule(
            target=_TOPIC,
            user=user,
            property=property_name,
            accesses=_CALLED_BY_CLOUDWATCH,
            source="Example cases for Amazon SNS access control, CloudWatch alarms",
        )
        for user in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
        for property_name in ("AlarmActions.*", "OKActions.*")
    ),
    UseRule(
        target=_TOPIC,
        user="AWS::Budgets::Budget",
        property="NotificationsWithSubscribers.*.Subscribers.*.Address",
        accesses=(
            Access(
                by=Service("budgets.amazonaws.com"),
                actions=("sns:Publish",),
                context={"aws:SourceAccount": "{account}"},
            ),
        ),
        source="Creating an Amazon SNS topic for budget notifications",
    ),
    UseRule(
        target=_TOPIC,
        user="AWS::CE::AnomalySubscription",
        property="Subscribers.*.Address",
        accesses=(
            Access(
                by=Service("costalerts.amazonaws.com"),
                actions=("sns:Publish",),
                context={"aws:SourceAccount": "{account}"},
            ),
        ),
        source="Creating an Amazon SNS topic for anomaly notifications",
    ),
    UseRule(
        target=_TOPIC,
        user="AWS::SNS::Subscription",
        property="TopicArn",
        accesses=(Access(by=Caller(), actions=("sns:Subscribe",)),),
        source="resource schema of AWS::SNS::Subscription, permissions of the create handler",
    ),
    UseRule(
        target=_TOPIC,
        user="AWS::Chatbot::SlackChannelConfiguration",
        property="SnsTopicArns.*",
        why_none="The service-linked role of Amazon Q Developer subscribes, by its own policy.",
        source="AWSChatbotServiceLinkedRolePolicy, AWS Managed Policy Reference",
    ),
    UseRule(
        target=_TOPIC,
        user="AWS::Events::Rule",
        property="Targets.*.Arn",
        accesses=(Access(by=Service("events.amazonaws.com"), actions=("sns:Publish",)),),
        source="Using resource-based policies for Amazon EventBridge: no condition is supported",
    ),
    UseRule(
        target=_TOPIC,
        user="AWS::Scheduler::Schedule",
        property="Target.Input",
        accesses=(Access(by=RoleIn("Target.RoleArn"), actions=SDK_CALLS),),
        source="Using universal targets in EventBridge Scheduler",
    ),
    UseRule(
        target=_TOPIC,
        user="AWS::StepFunctions::StateMachine",
        property="DefinitionString",
        accesses=(Access(by=RoleIn("RoleArn"), actions=SDK_CALLS),),
        source="Learning to use AWS service SDK integrations in Step Functions",
    ),
)

_FUNCTION_RULES = (
    UseRule(
        target=_FUNCTION,
        user="Custom::*",
        property="ServiceToken",
        accesses=(Access(by=Caller(), actions=("lambda:InvokeFunction",)),),
        source="AWS Lambda-backed custom resources",
    ),
    UseRule(
        target=_FUNCTION,
        user="AWS::Events::Rule",
        property="Targets.*.Arn",
        accesses=(
            Access(
                by=Service("events.amazonaws.com"),
                actions=("lambda:InvokeFunction",),
                context=_FROM_USER,
            ),
        ),
        source="Using resource-based policies for Amazon EventBridge",
    ),
    UseRule(
        target=_FUNCTION,
        user="AWS::SecretsManager::RotationSchedule",
        property="RotationLambdaARN",
        accesses=(
            Access(
                by=Service("secretsmanager.amazonaws.com"),
                actions=("lambda:InvokeFunction",),
                context={"aws:SourceArn": "{SecretId}", "aws:SourceAccount": "{account}"},
            ),
        ),
        source="Permissions for Lambda rotation functions in AWS Secrets Manager",
    ),
    UseRule(
        target=_FUNCTION,
        user=_FUNCTION,
        property="Environment.Variables.USER_ON_EVENT_FUNCTION_ARN",
        accesses=(
            Access(by=RoleIn("Role"), actions=("lambda:InvokeFunction", "lambda:GetFunction")),
        ),
        source="aws-cdk-lib 2.275.0, custom-resources/lib/provider-framework/runtime/outbound.js",
    ),
    UseRule(
        target=_FUNCTION,
        user="AWS::Logs::LogGroup",
        property="LogGroupName",
        why_none="The log group has the name of the function.",
        source="Sending Lambda function logs to CloudWatch Logs",
    ),
)

USE_RULES = (*_KEY_RULES, *_BUCKET_RULES, *_TOPIC_RULES, *_FUNCTION_RULES)
