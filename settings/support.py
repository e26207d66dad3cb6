"""The support calendar: which versions AWS still creates, and until when. Checked 2026-11-23.

Sources: "Understand the Kubernetes version lifecycle on EKS" (end of standard and of extended
support), the release calendar of "Amazon RDS for PostgreSQL release notes", and the notice that
RDS creates no PostgreSQL 15 minor version before 15.13 since 2026-05-01. A retired version fails
synthesis: it could not be deployed. One that retires within WARNING_DAYS warns.
"""

import datetime as dt
from typing import NamedTuple

WARNING_DAYS = 90


class Support(NamedTuple):
    """The last days of a version's support (UTC); new ones are created until `extended_until`."""

    standard_until: dt.date
    extended_until: dt.date


KUBERNETES = {
    "1.28": Support(dt.date(2024, 11, 26), dt.date(2025, 11, 26)),
    "1.29": Support(dt.date(2025, 3, 23), dt.date(2026, 3, 23)),
    "1.30": Support(dt.date(2025, 7, 23), dt.date(2026, 7, 23)),
    "1.31": Support(dt.date(2025, 11, 26), dt.date(2026, 11, 26)),
    "1.32": Support(dt.date(2026, 3, 23), dt.date(2027, 3, 23)),
    "1.33": Support(dt.date(2026, 7, 29), dt.date(2027, 7, 29)),
    "1.34": Support(dt.date(2026, 12, 2), dt.date(2027, 12, 2)),
    "1.35": Support(dt.date(2027, 3, 27), dt.date(2028, 3, 27)),
}

POSTGRESQL = {"15": Support(dt.date(2028, 2, 29), dt.date(2031, 2, 28))}
OLDEST_POSTGRESQL_MINOR = {"15": 13}

REDIS = ("7.0", "7.1")
"""Engine versions of the Redis 7 family that ElastiCache creates; none has an announced end."""


def kubernetes_fault(version: str, today: dt.date) -> str | None:
    """Say why EKS would refuse a new cluster of this version, or None where it would not."""
    if version not in KUBERNETES:
        return f"one of {', '.join(_creatable(today))}"
    if KUBERNETES[version].extended_until < today:
        ended = KUBERNETES[version].extended_until
        return f"one of {', '.join(_creatable(today))} (EKS retired {version} on {ended})"
    return None


def postgresql_fault(version: str, today: dt.date) -> str | None:
    """Say why RDS would refuse a new instance of this version, or None where it would not."""
    major, _, minor = version.partition(".")
    oldest = OLDEST_POSTGRESQL_MINOR.get(major)
    allowed = ", ".join(
        f"{name} or {name}.{OLDEST_POSTGRESQL_MINOR[name]} and later" for name in POSTGRESQL
    )
    if oldest is None or not (minor.isdigit() or version == major):
        return allowed
    if POSTGRESQL[major].extended_until < today:
        return f"{allowed} (RDS retired {major} on {POSTGRESQL[major].extended_until})"
    if minor and int(minor) < oldest:
        return f"{allowed} (RDS creates no {version} any more)"
    return None


def ends_soon(support: Support, today: dt.date) -> dt.date | None:
    """Return the end of standard support where it is past or less than WARNING_DAYS away."""
    near = support.standard_until - dt.timedelta(days=WARNING_DAYS) <= today
    return support.standard_until if near else None


def _creatable(today: dt.date) -> list[str]:
    return [name for name, support in KUBERNETES.items() if support.extended_until >= today]
