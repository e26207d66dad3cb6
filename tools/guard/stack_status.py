"""Says what to do about a stage that is incomplete, or whose last deployment failed.

Source of the statuses: "Understand CloudFormation stack creation events" and "Choose how to handle
failures when provisioning resources" in the CloudFormation user guide.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tools.guard.errors import GuardError
from tools.guard.templates import StackTemplate, Templates

FAILED_UPDATE = "docs/runbooks/failed-update.md"
_FAILED_CREATION = "docs/runbooks/failed-creation.md"

_ROLL_BACK = f"python3 dev.py cdk rollback {{path}} ({FAILED_UPDATE})"
_DELETE = f"python3 dev.py cdk destroy {{path}} ({_FAILED_CREATION})"
_REPAIRS = {
    "CREATE_FAILED": _DELETE,
    "DELETE_FAILED": _DELETE,
    "IMPORT_ROLLBACK_FAILED": _ROLL_BACK,
    "ROLLBACK_FAILED": _DELETE,
    "UPDATE_FAILED": _ROLL_BACK,
    "UPDATE_ROLLBACK_FAILED": _ROLL_BACK,
}
"""What ends each status in which the template of a stack does not say what the stack has."""


def check_statuses(deployed: Templates) -> None:
    """Refuse stacks whose last operation failed half-way.

    Raises:
        GuardError: the resources of a stack are not those of its template. The text has the
            command for each such stack.
    """
    failed = [
        f"{stack.name}: found status {stack.status}, in which its template does not say what it "
        f"has; first run: {_REPAIRS[stack.status].format(path=stack.construct_path)}"
        for stack in deployed.values()
        if stack.status in _REPAIRS
    ]
    if failed:
        raise GuardError("\n".join(failed))


def describe_incomplete_stage(
    stage: str, synthesized: Sequence[str], deployed: Templates
) -> Iterator[str]:
    """Yield what a deployment does about the stacks that are not as their templates say.

    Args:
        stage: the name of the stage.
        synthesized: the names of the synthesized stacks.
        deployed: the deployed templates, which are empty for a new stage.
    """
    missing = [name for name in synthesized if name not in deployed]
    if missing and deployed:
        yield (
            f"{', '.join(missing)}: not deployed yet, so not compared. To create what is missing: "
            f"python3 dev.py cdk deploy '{stage}/*' -c stage={stage}"
        )
    yield from (
        f"{stack.name}: the last update failed and was rolled back. The next one tries again what "
        f"has not changed since. To find the cause: {_failures(stack)}"
        for stack in deployed.values()
        if stack.status == "UPDATE_ROLLBACK_COMPLETE"
    )


def describe_pending_changes(deployed: Templates, synthesized: Templates) -> Iterator[str]:
    """Yield which deployed stacks have another template than the synthesized one.

    `cdk deploy STAGE/STACK` also deploys the stacks that the stack depends on.
    """
    pending = [
        name
        for name, stack in synthesized.items()
        if name in deployed and deployed[name].template != stack.template
    ]
    if pending:
        yield (
            f"A deployment changes {', '.join(pending)}. With --exclusively, it changes no other "
            "stack than the ones that the command names."
        )


def _failures(stack: StackTemplate) -> str:
    """Return the command that lists the failures of the last update of a stack."""
    return (
        f"aws cloudformation describe-stack-events --stack-name {stack.name} --region "
        f"{stack.region} --query \"StackEvents[?ends_with(ResourceStatus, '_FAILED')]\""
    )
