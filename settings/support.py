"""The support calendar: the versions that AWS still creates, and until when. Read on 2026-11-23.

Sources: "Understand the Kubernetes version lifecycle on EKS" and the release calendar of "Amazon
RDS for PostgreSQL release notes". RDS announced that it creates no PostgreSQL 15 minor version
before 15.13 from 2026-05-01 on.

AWS cannot deploy a retired version, so settings with one are refused. A version whose standard
support ends within WARNING_DAYS gives a warning.
"""

import datetime as dt
from typing import NamedTuple

from settings import versions
from settings.base import invalid_setting

WARNING_DAYS = 90


class Support(NamedTuple):
    """The last days of the support of a version, in UTC."""

    standard_until: dt.date
    """AWS charges more for a version from the next day on."""
    extended_until: dt.date
    """AWS creates no new resource of a version after this day."""


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
_POSTGRESQL_MINORS = {"15": range(13, 18)}
"""The minor versions that RDS creates. Extend a range when RDS offers the next one."""


def check_kubernetes_version(version: str, today: dt.date) -> None:
    """Check that EKS creates clusters of this version, and that its add-ons are known.

    Raises:
        PydanticCustomError: the version is unknown or retired, or settings/versions.py has no
            add-ons for it.
    """
    key = "cluster.kubernetes_version"
    current = [name for name, support in KUBERNETES.items() if support.extended_until >= today]
    if version not in current:
        retired = KUBERNETES.get(version)
        reason = f" (EKS retired {version} on {retired.extended_until})" if retired else ""
        raise invalid_setting(key, version, f"one of {', '.join(current)}{reason}")
    if version not in versions.ADD_ONS:
        known = ", ".join(versions.ADD_ONS)
        raise invalid_setting(
            key, version, f"one of {known}: settings/versions.py has no add-ons for another"
        )


def check_postgresql_version(version: str, today: dt.date) -> None:
    """Check that RDS creates instances of this major or minor version.

    Raises:
        PydanticCustomError: the version is unknown or retired.
    """
    major, _, minor = version.partition(".")
    allowed = ", ".join(
        f"{name} or {name}.{minors[0]} to {name}.{minors[-1]}"
        for name, minors in _POSTGRESQL_MINORS.items()
    )
    if major not in POSTGRESQL:
        reason = ""
    elif POSTGRESQL[major].extended_until < today:
        reason = f" (RDS retired {major} on {POSTGRESQL[major].extended_until})"
    elif minor and int(minor) < _POSTGRESQL_MINORS[major][0]:
        reason = f" (RDS creates no {version} any more)"
    elif minor and int(minor) not in _POSTGRESQL_MINORS[major]:
        reason = " (settings/support.py knows no later one)"
    else:
        return
    raise invalid_setting("database.engine_version", version, f"{allowed}{reason}")


def end_of_support_warnings(kubernetes: str, postgresql: str, today: dt.date) -> list[str]:
    """Return a warning for each version whose standard support has ended or ends soon.

    Args:
        kubernetes: the minor version of the cluster.
        postgresql: the major or minor version of the database.
        today: the day of the synthesis, in UTC.
    """
    major = postgresql.partition(".")[0]
    in_use = {
        f"Kubernetes {kubernetes}": KUBERNETES.get(kubernetes),
        f"PostgreSQL {major}": POSTGRESQL.get(major),
    }
    return [
        f"{name}: standard support ends on {support.standard_until}; plan the upgrade"
        for name, support in in_use.items()
        if support and support.standard_until - dt.timedelta(days=WARNING_DAYS) <= today
    ]
