"""Changes of all settings at once, in as few groups as do not exclude each other.

All groups change the same stage, so that a stage is synthesized once before the changes, and once
after each group. The stage before the changes has the optional sections that its file lacks.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from settings import StageSettings
from tests.changing_settings.changes import Change, apply, changes_of_stage
from tests.changing_settings.fields import value_at
from tests.changing_settings.other_values import Values

MOST_GROUPS = 3
ELSEWHERE = {
    "account": "deploys the stage to the other account",
    "region": "deploys the stage to the other Region",
}
"""The settings that create the stage anew in another place. The guard has nothing to compare."""
APART = ("availability_zones", "network.cidr", "network.subnets.", "deletion_protection")
"""The first characters of settings that have a group of their own, as far as they fit. The first
three replace the subnets, and with them most of the stage, which hides the effects of others. The
last one makes a finding of each resource that another change removes."""


@dataclass
class Group:
    """Changes that a stage can make in one deployment."""

    before: StageSettings
    keys: list[str] = field(default_factory=list)
    _after: dict[str, Any] = field(default_factory=dict)

    @property
    def after(self) -> StageSettings:
        """The settings after the changes."""
        return apply(self.before, self._after)

    def add(self, key: str, values: Values) -> bool:
        """Add a change of a setting; return False if the group excludes it."""
        merged = {**self._after, **values}
        if any(merged[each] != value for each, value in self._after.items()) or _overlap(merged):
            return False
        try:
            after = apply(self.before, merged)
        except ValidationError:
            return False
        if after == self.after:
            return False
        self._after = merged
        self.keys.append(key)
        return True


def groups_of_changes(settings: StageSettings) -> list[Group]:
    """Return groups that together change every setting of a stage once.

    Raises:
        AssertionError: more groups would be needed than CI has time for.
    """
    changes = changes_of_stage(settings)
    before = apply(settings, _all_sections(changes))
    apart, *others = groups = [Group(before) for _ in range(MOST_GROUPS)]
    first = sorted(changes, key=lambda key: not key.startswith(APART))
    for key in first:
        preferred = [apart, *others] if key.startswith(APART) else [*others, apart]
        if key not in ELSEWHERE and not _add(preferred, key, _values(changes[key], settings)):
            raise AssertionError(f"{key}: no group of {MOST_GROUPS} can change it with the others")
    return groups


def _all_sections(changes: Mapping[str, Sequence[Change]]) -> dict[str, Any]:
    """Return what the first changes of all settings need before them."""
    sections: dict[str, Any] = {}
    for of_setting in changes.values():
        for key, value in of_setting[0].before.items():
            assert sections.setdefault(key, value) == value, key
    return sections


def _values(changes: Sequence[Change], settings: StageSettings) -> Iterator[Values]:
    """Yield the values after each change, and those of the stage file for the way back."""
    for change in changes:
        yield change.after
    document = settings.model_dump(mode="json")
    for change in changes:
        if not change.before:
            yield {key: value_at(document, key) for key in change.after}


def _add(groups: Sequence[Group], key: str, candidates: Iterator[Values]) -> bool:
    return any(group.add(key, values) for values in candidates for group in groups)


def _overlap(values: Values) -> bool:
    """Return whether a key is a part of another one."""
    return any(key.startswith(f"{section}.") for key in values for section in values)
