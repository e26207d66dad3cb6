"""Runs the replacement guard on a deploy to the embedded AWS, as `dev.py guard` does on AWS."""

from collections.abc import Sequence
from typing import Any

from tools.embedded_aws.checkout import Target
from tools.embedded_aws.emulator import Emulator
from tools.embedded_aws.errors import EmbeddedAwsError
from tools.guard.errors import GuardError
from tools.guard.finding import Finding, exclude_allowed, format_report
from tools.guard.refusal import Refusal
from tools.templates.assembly import read_stage


def refuse_replacements(target: Target, kept: Emulator | None, allowed: Sequence[str]) -> None:
    """Refuse a deploy that would lose data, or that AWS would refuse.

    Args:
        target: the stage, synthesized.
        kept: the embedded AWS that may hold the stage already; None for one that holds nothing.
        allowed: the resources whose findings are allowed.

    Raises:
        EmbeddedAwsError: the deploy is refused, or an allowed resource has no finding.
    """
    try:
        findings, refusals = _compare(target, kept) if kept else ([], [])
        stopping = exclude_allowed(findings, allowed)
    except GuardError as error:
        raise EmbeddedAwsError(str(error)) from None
    if stopping or refusals:
        raise EmbeddedAwsError(format_report(stopping, refusals))


def _compare(target: Target, emulator: Emulator) -> tuple[Sequence[Finding], Sequence[Refusal]]:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    from tools.guard.comparison import compare
    from tools.guard.deployed import read_deployed
    from tools.guard.stack_status import check_statuses
    from tools.guard.templates import synthesized_templates
    from tools.templates.schemas import registry_schemas

    environment = target.environment_at(emulator.endpoint)
    session = boto3.Session(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])

    def client(region: str) -> Any:  # noqa: ANN401 - made at run time
        return session.client("cloudformation", region_name=region, endpoint_url=emulator.endpoint)

    stacks = read_stage(target.assembly(), target.stage)
    try:
        before = read_deployed(target.stage, stacks, client)
    except (BotoCoreError, ClientError) as error:
        raise EmbeddedAwsError(f"the embedded AWS cannot be read back: {error}") from None
    check_statuses(before)
    result = compare(before, synthesized_templates(stacks, before), registry_schemas())
    return result.findings, result.refusals
