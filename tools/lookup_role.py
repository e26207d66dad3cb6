"""The credentials of the CDK's lookup role, which reads an account and changes nothing.

A pipeline's role may assume the roles of the bootstrap stack and has no other permission, so every
command that only reads an account uses the lookup role.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tools.cdk_context import bootstrap_qualifier


def lookup_role_arn(root: Path, partition: str, account: str, region: str) -> str:
    """Return the ARN of the lookup role that `cdk bootstrap` creates in an account and a Region."""
    name = f"cdk-{bootstrap_qualifier(root)}-lookup-role-{account}-{region}"
    return f"arn:{partition}:iam::{account}:role/{name}"


def assume_lookup_role(sts: Any, role_arn: str | None, session_name: str) -> dict[str, str]:  # noqa: ANN401 - a boto3 client
    """Return the credentials of the role as arguments of a client.

    They are empty if there is no role, or if AWS refuses it: the client then has the credentials of
    the caller, as in the CDK CLI.
    """
    from botocore.exceptions import ClientError

    if role_arn is None:
        return {}
    try:
        response = sts.assume_role(RoleArn=role_arn, RoleSessionName=session_name)
    except ClientError:
        return {}
    credentials = response["Credentials"]
    return {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }
