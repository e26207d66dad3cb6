"""Exemptions from the rules, each with a reason and a source."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True, kw_only=True, eq=False)
class Exemption:
    """A kind of finding that is no fault. It names types and properties, and no resource."""

    pattern: tuple[str, ...]
    """The values that the rule gives for a finding, in its order. `*` is any text."""
    reason: str
    source: str
    """The page of AWS's documentation, or the file of a library, that says so."""

    def covers(self, kind: Sequence[str]) -> bool:
        return len(kind) == len(self.pattern) and all(
            fnmatchcase(value, pattern) for value, pattern in zip(kind, self.pattern, strict=True)
        )
