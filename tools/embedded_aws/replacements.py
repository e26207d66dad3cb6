"""Holds a deploy to the embedded AWS against what it has, as `dev.py guard` does it on AWS."""

from collections.abc import Sequence
from typing import Any

from tools.embedded_aws.checkout import Target
from tools.embedded_aws.emulator import Emulator
from tools.embedded_aws.errors import LocalError
from tools.guard.errors import GuardError
from tools.guard.finding import Finding, exclude_allowed, format_report
from tools.templates.assembly import read_stage


def refuse_replacements(target: Target, kept: Emulator | None, allowed: Sequence[str]) -> None:
    """Refuse a deploy that would replace or delete a resource that holds data.

    Args:
        target: the stage, synthesized.
        kept: the embedded AWS that may have the stage already; a fresh one has nothing to lose.
        allowed: resources whose finding is let through.

    Raises:
        LocalError: the deploy is refused, or an override fits nothing.
    """
    try:
        stopping = exclude_allowed(_findings(target, kept) if kept else [], allowed)
    except GuardError as error:
        raise LocalError(str(error)) from None
    if stopping:
        raise LocalError(format_report(stopping))


def _findings(target: Target, emulator: Emulator) -> list[Finding]:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    from tools.guard.comparison import compare
    from tools.guard.deployed import read_deployed
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
        raise LocalError(f"the embedded AWS cannot be read back: {error}") from None
    return compare(before, synthesized_templates(stacks, before), registry_schemas())
