"""Grants that CloudFormation may create after what needs them, because AWS does not check them."""

from tests.rules.exemptions import Exemption

CREATION_ORDER_EXEMPTIONS = (
    Exemption(
        pattern=(
            "AWS::IAM::*olicy",
            "*",
            "AWS::KMS::Key",
            "KeyPolicy.Statement.*.Principal.AWS",
        ),
        reason="A key policy names a role, which must exist. KMS does not read its policies.",
        source="CreateKey, AWS KMS API Reference: parameter Policy",
    ),
    Exemption(
        pattern=("AWS::IAM::*olicy", "*", "AWS::EKS::AccessEntry", "PrincipalArn"),
        reason="An access entry gives a role Kubernetes permissions. It needs no IAM permissions.",
        source="Associate access policies with access entries, Amazon EKS User Guide",
    ),
    Exemption(
        pattern=(
            "AWS::IAM::ManagedPolicy",
            "of another stack",
            "AWS::EKS::PodIdentityAssociation",
            "RoleArn",
        ),
        reason="The workloads stack makes the target groups, and lets the controller register pods "
        "in them. Until then the controller has no target group to register pods in.",
        source="TargetGroupBinding, AWS Load Balancer Controller documentation",
    ),
    Exemption(
        pattern=(
            "AWS::S3::BucketPolicy",
            "of the same stack",
            "AWS::S3::Bucket",
            "LoggingConfiguration.DestinationBucketName",
        ),
        reason="The policy names the bucket whose requests are logged, so it can only follow it.",
        source="aws-cdk-lib 2.275.0, aws-s3/lib/bucket.js, allowLogDelivery",
    ),
    Exemption(
        pattern=(
            "AWS::Lambda::Permission",
            "of the same stack",
            "AWS::Events::Rule",
            "Targets.*.Arn",
        ),
        reason="The permission names the rule, so it can only follow it. PutTargets does not check "
        "the permission: an invocation without it fails.",
        source="aws-cdk-lib 2.275.0, aws-events-targets/lib/util.js, addLambdaPermission; "
        "Troubleshooting Amazon EventBridge",
    ),
    Exemption(
        pattern=(
            "AWS::SNS::TopicPolicy",
            "of the same stack",
            "AWS::CloudWatch::*Alarm",
            "*Actions.*",
        ),
        reason="CloudWatch does not test the actions of an alarm. The first evaluation follows the "
        "first period of the alarm, and the policy is complete then.",
        source="Using Amazon CloudWatch alarms, Amazon CloudWatch User Guide",
    ),
)
