"""The conformance pack: the rules of AWS Config for the requirements of the design."""

import json

from aws_cdk import aws_config as config

from constructs import Construct
from settings.model import PROJECT
from stacks.shared.names import to_pascal_case

# The AWS managed rules for the requirements of the design that Config can evaluate.
_RULES = (
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


def create_conformance_pack(scope: Construct) -> config.CfnConformancePack:
    """Create the pack. AWS Config refuses it in an account and Region without a recorder."""
    return config.CfnConformancePack(
        scope,
        "ConformancePack",
        conformance_pack_name=f"{PROJECT}-account-conformance",
        template_body=json.dumps(_template()),
    )


def _template() -> dict[str, object]:
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
            for rule in _RULES
        }
    }
