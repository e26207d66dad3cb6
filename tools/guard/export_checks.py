"""Checks whether an export goes or changes while a deployed stack imports it.

CloudFormation refuses both: "You can't modify or remove an output value that is referenced by
another stack" ("Fn::ImportValue" in the CloudFormation template reference). `cdk deploy` updates
the exporting stack first, so a stack that no longer imports the value must be deployed before.
"""

from __future__ import annotations

from collections.abc import Iterator, Set

from tools.guard.change import ABSENT, Change
from tools.guard.reference import TargetChange, find_references
from tools.guard.refusal import Refusal
from tools.guard.update import StageUpdate
from tools.templates.schemas import JsonValue


def check_exports(
    update: StageUpdate, stack: str, refused: Set[str] = frozenset()
) -> Iterator[Refusal]:
    """Yield the refused changes of the exports of a deployed stack.

    Args:
        update: the update of the stage.
        stack: the name of the stack.
        refused: the names of resources whose replacement is refused. Their exports stay.
    """
    if stack not in update.synthesized:
        return
    for name, export in update.before.exports.items():
        readers = _readers(update, stack, name)
        if export.stack.name != stack or not readers:
            continue
        old, new = update.before.export_value(name), update.after.export_value(name)
        if old == new or _may_stay(update, new, refused):
            continue
        change = Change(name, old, new)
        verb = "deleted" if new is ABSENT else "updated"
        yield Refusal(
            name=f"{stack}/{export.logical_id}",
            subject=f"an export that {' and '.join(readers)} imports",
            error=f"Export {name} cannot be {verb} as it is in use by {' and '.join(readers)}",
            reasons=(str(change), *update.causes((change,))),
            way=tuple(_describe_way(update, stack, name, readers)),
        )


def _readers(update: StageUpdate, stack: str, export: str) -> list[str]:
    """Return the other deployed stacks that import an export of a stack."""
    return sorted(
        name for name in update.deployed if name != stack and export in update.before.imports(name)
    )


def _may_stay(update: StageUpdate, value: JsonValue, refused: Set[str]) -> bool:
    """Return whether a value may stay although its references are marked as changed.

    An attribute of a custom resource may or may not change with an update. A property that is
    create-only in some cases may or may not replace its resource.
    """
    changed = [reference for reference in find_references(value) if reference.target_change]
    return bool(changed) and all(
        reference.target_change == TargetChange.UPDATED
        or str(reference.target) in refused
        or not update.certain_changes(reference.target)
        for reference in changed
    )


def _describe_way(
    update: StageUpdate, stack: str, export: str, readers: list[str]
) -> Iterator[str]:
    """Yield sentences that say which deployments must come first, if an order helps."""
    order: list[str] = []
    for reader in readers:
        if reader not in update.synthesized:
            yield f"Delete the stack {reader} first: the stage does not have it any more."
            continue
        if export in update.after.imports(reader):
            yield f"No order of the deployments helps: {reader} still imports the export."
            yield "Undo the change, or first deploy a version in which it does not."
            return
        before = _deployments_until(update, reader, stack)
        if before is None:
            yield f"No order of the deployments helps: {reader} imports what only the new"
            yield f"{stack} exports. Undo the change, or first deploy a version with both exports."
            return
        order += [name for name in before if name not in order]
    if order:
        yield f"Deploy {', then '.join(order)} first: without the import, the export is free."
        yield from (f"  {update.exclusive_deployment(name)}" for name in order)


def _deployments_until(update: StageUpdate, stack: str, locked: str) -> list[str] | None:
    """Return the deployments that end with one of the stack; None if `locked` must be before it.

    A stack can be deployed when every output that it reads is deployed.
    """
    order: list[str] = []
    for owner in sorted(update.owners_of_new_outputs(stack)):
        before = None if owner == locked else _deployments_until(update, owner, locked)
        if before is None:
            return None
        order += [name for name in before if name not in order]
    return [*order, stack]
