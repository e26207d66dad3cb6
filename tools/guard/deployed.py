"""Reads what is deployed of a stage, through CloudFormation."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from settings import stage_names
from settings.model import PROJECT
from tools.guard.errors import GuardError
from tools.guard.templates import StackTemplate, Templates
from tools.templates.assembly import AssemblyStack

if TYPE_CHECKING:
    from boto3 import Session

_NOTHING_IN_IT = {"REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "DELETE_COMPLETE"}
"""Statuses of a stack that was never created: the CDK deletes it and begins anew."""

ClientFactory = Callable[[str], Any]
"""Returns the client of CloudFormation in a region."""


def read_deployed(
    stage: str, stacks: Sequence[AssemblyStack], create_client: ClientFactory
) -> Templates:
    """Return the deployed templates of a stage, also of stacks that are no longer synthesized.

    Args:
        stage: the stage's name.
        stacks: its stacks as they are synthesized; their regions are searched.
        create_client: returns the client of CloudFormation in a region.

    Raises:
        GuardError: a stack is being changed at this moment.
    """
    deployed: dict[str, StackTemplate] = {}
    names = {stack.name for stack in stacks}
    stages = stage_names()
    accounts = {stack.region: stack.account for stack in stacks}
    for region, account in accounts.items():
        client = create_client(region)
        for page in client.get_paginator("describe_stacks").paginate():
            for stack in page["Stacks"]:
                name, status = stack["StackName"], stack["StackStatus"]
                if status in _NOTHING_IN_IT:
                    continue
                if name not in names and stage_of_stack(stages, name) != stage:
                    continue
                if status.endswith("_IN_PROGRESS"):
                    raise GuardError(f"{name}: found status {status}; wait until it is done")
                answer = client.get_template(StackName=name, TemplateStage="Original")
                deployed[name] = StackTemplate(
                    name=name,
                    region=region,
                    account=account,
                    template=_parsed(answer["TemplateBody"]),
                    parameters={
                        parameter["ParameterKey"]: parameter["ParameterValue"]
                        for parameter in stack.get("Parameters", ())
                    },
                )
    return deployed


def stage_of_stack(stages: Sequence[str], stack: str) -> str | None:
    """Return which stage a stack's name belongs to: of staging and staging-eu the longer one."""
    fitting = [stage for stage in stages if stack.startswith(f"{PROJECT}-{stage}-")]
    return max(fitting, key=len, default=None)


def cloudformation_clients(session: Session, stacks: Sequence[AssemblyStack]) -> ClientFactory:
    """Return the way to CloudFormation in the stacks' account.

    By the CDK's look-up role, which may read and nothing else, and which is all that this
    project's deployers have. Where it cannot be assumed, with the caller's own credentials, as the
    CDK CLI does it.

    Raises:
        GuardError: the credentials are for another account: nothing would be found there, and
            everything let through.
    """
    from botocore.exceptions import ClientError

    sts = session.client("sts")
    caller = sts.get_caller_identity()
    partition = caller["Arn"].split(":")[1]
    roles = {}
    for stack in stacks:
        if stack.account != caller["Account"]:
            raise GuardError(
                f"{stack.name}: found account {stack.account}; your credentials are for "
                f"{caller['Account']}"
            )
        roles[stack.region] = stack.lookup_role_arn

    def client(region: str) -> Any:  # noqa: ANN401 - made at run time
        role = roles[region]
        if role is None:
            return session.client("cloudformation", region_name=region)
        arn = role.replace("${AWS::Partition}", partition)
        arn = arn.replace("${AWS::AccountId}", caller["Account"])
        try:
            answer = sts.assume_role(RoleArn=arn, RoleSessionName="replacement-guard")
        except ClientError:
            return session.client("cloudformation", region_name=region)
        credentials = answer["Credentials"]
        return session.client(
            "cloudformation",
            region_name=region,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
        )

    return client


def _parsed(body: Any) -> dict[str, Any]:  # noqa: ANN401 - boto3 parses JSON, and only that
    """Return a template; the CDK writes JSON."""
    parsed: dict[str, Any] = json.loads(body) if isinstance(body, str) else body
    return parsed
