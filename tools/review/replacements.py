"""The resources that a deployment may replace or remove, besides those of the guard's findings."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from tools.guard.reference import ResourceId
from tools.guard.stateful_resources import deletion_policy, replacement_policy, retains_data
from tools.guard.update import StageUpdate
from tools.review.resource_changes import ChangeKind, ResourceChanges


def describe_replacements(
    update: StageUpdate, changes: ResourceChanges, found: Collection[str]
) -> list[str]:
    """Return a text for each resource that may be replaced or is removed, and its reasons.

    Args:
        update: the update of the stage.
        changes: the changed resources.
        found: the names of the resources that the guard reports, which are left out.
    """
    return [*_describe_resources(update, changes, found), *_describe_stacks(update, found)]


def _describe_resources(
    update: StageUpdate, changes: ResourceChanges, found: Collection[str]
) -> Iterator[str]:
    for of_stack in changes.values():
        for resource_id in of_stack.get(ChangeKind.REPLACED, ()):
            if str(resource_id) not in found:
                yield _describe_replacement(update, resource_id)
        for resource_id in of_stack.get(ChangeKind.REMOVED, ()):
            if str(resource_id) not in found:
                yield _describe_removal(update, resource_id)


def _describe_replacement(update: StageUpdate, resource_id: ResourceId) -> str:
    changes = update.replacements[resource_id]
    policy = replacement_policy(update.old_resource(resource_id))
    remains = [f"the old one remains ({policy})"] if retains_data(policy) else []
    reasons = [*map(str, changes), *update.causes(changes)]
    return _format(f"{resource_id} may be replaced", update.describe(resource_id), reasons, remains)


def _describe_removal(update: StageUpdate, resource_id: ResourceId) -> str:
    policy = deletion_policy(update.old_resource(resource_id))
    remains = [f"it remains in the account ({policy})"] if retains_data(policy) else []
    reasons = list(map(str, update.removal(resource_id)))
    return _format(
        f"{resource_id} is removed from its stack", update.describe(resource_id), reasons, remains
    )


def _describe_stacks(update: StageUpdate, found: Collection[str]) -> Iterator[str]:
    for stack in update.deployed:
        if stack not in update.synthesized and stack not in found:
            yield _format(
                f"{stack} is no longer synthesized",
                "AWS::CloudFormation::Stack",
                ["the stage has no such stack any more; `cdk deploy` does not delete it"],
                [],
            )


def _format(title: str, what: str, reasons: Sequence[str], remains: Sequence[str]) -> str:
    return "\n".join(
        [
            title,
            f"  what   {what}",
            *(f"  why    {reason}" for reason in reasons),
            *(f"  after  {text}" for text in remains),
        ]
    )
