"""Reads the deployed templates of a stage from CloudFormation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any

from settings import StageSettings, stage_names
from settings.model import PROJECT
from tools.command_line import NO_CREDENTIALS
from tools.guard.errors import GuardError
from tools.guard.stack_status import check_statuses
from tools.guard.templates import StackTemplate, Templates
from tools.lookup_role import assume_lookup_role
from tools.templates.assembly import AssemblyStack
from tools.templates.schemas import JsonValue

if TYPE_CHECKING:
    from boto3 import Session

_STATUSES_WITHOUT_RESOURCES = {"REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "DELETE_COMPLETE"}
"""A stack with one of these statuses has no resources. The CDK deletes it and creates it again."""

ClientFactory = Callable[[str], Any]
"""Returns a CloudFormation client for a region."""


def read_deployed_with_credentials(
    settings: StageSettings, stacks: Sequence[AssemblyStack]
) -> Templates:
    """Return the deployed templates of a stage, which the caller's credentials can read.

    Args:
        settings: the settings of the stage.
        stacks: the synthesized stacks of the stage.

    Raises:
        GuardError: AWS refuses a request, a stack is being updated, or the last operation of a
            stack failed half-way.
    """
    # Imported here: a comparison with a revision does not need boto3.
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

    try:
        session = boto3.Session(region_name=settings.region)
        deployed = read_deployed(settings.stage, stacks, cloudformation_clients(session, stacks))
    except NoCredentialsError:
        raise GuardError(f"{NO_CREDENTIALS} (--against REVISION needs no account)") from None
    except (BotoCoreError, ClientError) as error:
        raise GuardError(f"AWS refuses: {error}") from None
    check_statuses(deployed)
    return deployed


def read_deployed(
    stage: str, stacks: Sequence[AssemblyStack], create_client: ClientFactory
) -> Templates:
    """Return the deployed templates of a stage, also of stacks that are no longer synthesized.

    Args:
        stage: the name of the stage.
        stacks: the synthesized stacks of the stage. All their regions are searched.
        create_client: returns a CloudFormation client for a region.

    Raises:
        GuardError: a stack is being created, updated or deleted, its template is not JSON, or the
            stage is new while the stacks of another stage have no stage file.
    """
    synthesized = {stack.name for stack in stacks}
    stages = stage_names()
    accounts = {stack.region: stack.account for stack in stacks}
    deployed: dict[str, StackTemplate] = {}
    of_other_stages: list[str] = []
    for region, account in accounts.items():
        client = create_client(region)
        for stack in _describe_stacks(client):
            name, status = stack["StackName"], stack["StackStatus"]
            if name not in synthesized and stage_of_stack(stages, name) != stage:
                of_other_stages.append(name)
                continue
            if status.endswith("_IN_PROGRESS"):
                raise GuardError(f"{name}: found status {status}; wait until it is done")
            deployed[name] = StackTemplate(
                name=name,
                region=region,
                account=account,
                template=_read_template(client, name),
                parameters={
                    parameter["ParameterKey"]: parameter["ParameterValue"]
                    for parameter in stack.get("Parameters", ())
                },
                status=status,
                is_protected=stack.get("EnableTerminationProtection", False),
            )
    if not deployed:
        _check_stage_files(stage, synthesized, of_other_stages)
    return deployed


def _check_stage_files(stage: str, synthesized: Set[str], other_stacks: Sequence[str]) -> None:
    """Check that each other deployed stage has its file. A renamed file makes a second stage.

    Raises:
        GuardError: deployed stacks belong to a stage without a file.
    """
    own = {name.removeprefix(f"{PROJECT}-{stage}-") for name in synthesized}
    pattern = re.compile(rf"{PROJECT}-(.+)-(?:{'|'.join(map(re.escape, sorted(own)))})")
    known = stage_names()
    matches = [match for name in other_stacks if (match := pattern.fullmatch(name))]
    forgotten = sorted({m[1] for m in matches if stage_of_stack(known, m[0]) is None})
    if forgotten:
        raise GuardError(
            f"settings/{stage}.yaml: the stage is new, but the account has the stages "
            f"{', '.join(forgotten)} without a settings file. A renamed file makes a second, empty "
            f"stage, and nothing updates the first one. Allowed: the name of the deployed stage. "
            f"Run: git mv settings/{stage}.yaml settings/{forgotten[0]}.yaml, or destroy "
            f"{forgotten[0]} with the revision that has its file"
        )


def stage_of_stack(stages: Sequence[str], stack: str) -> str | None:
    """Return the stage that a stack belongs to by its name; None if it belongs to no stage.

    The name spywatcher-staging-eu-data fits the stages staging and staging-eu. The longer one is
    returned.
    """
    fitting = [stage for stage in stages if stack.startswith(f"{PROJECT}-{stage}-")]
    return max(fitting, key=len, default=None)


def cloudformation_clients(session: Session, stacks: Sequence[AssemblyStack]) -> ClientFactory:
    """Return a factory of CloudFormation clients for the account of the stacks.

    A client has the credentials of the CDK's lookup role, which can only read. If the caller
    cannot assume that role, it has the caller's credentials, as in the CDK CLI.

    Raises:
        GuardError: the credentials are for another account, where no stack would be found.
    """
    sts = session.client("sts")
    caller = sts.get_caller_identity()
    for stack in stacks:
        if stack.account != caller["Account"]:
            raise GuardError(
                f"{stack.name}: found account {stack.account}; your credentials are for "
                f"{caller['Account']}"
            )
    role_arns = {stack.region: _lookup_role_arn(stack, caller) for stack in stacks}

    def create_client(region: str) -> Any:  # noqa: ANN401 - boto3 creates the class at run time
        credentials = assume_lookup_role(sts, role_arns[region], "replacement-guard")
        return session.client("cloudformation", region_name=region, **credentials)

    return create_client


def _describe_stacks(client: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401 - a boto3 client
    """Yield the stacks of a region that have resources."""
    for page in client.get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            if stack["StackStatus"] not in _STATUSES_WITHOUT_RESOURCES:
                yield stack


def _read_template(client: Any, stack: str) -> Mapping[str, JsonValue]:  # noqa: ANN401 - a boto3 client
    """Return the deployed template of a stack. boto3 parses JSON, and returns YAML as text."""
    body = client.get_template(StackName=stack, TemplateStage="Original")["TemplateBody"]
    if isinstance(body, str):
        raise GuardError(f"{stack}: found a template in YAML; allowed: JSON, as the CDK writes it")
    template: Mapping[str, JsonValue] = body
    return template


def _lookup_role_arn(stack: AssemblyStack, caller: Mapping[str, str]) -> str | None:
    if stack.lookup_role_arn is None:
        return None
    partition = caller["Arn"].split(":")[1]
    arn = stack.lookup_role_arn.replace("${AWS::Partition}", partition)
    return arn.replace("${AWS::AccountId}", caller["Account"])
