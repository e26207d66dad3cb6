"""The values of the backend that only people know, and what each must look like.

From the table of the backend's environment: a missing or short value stops the process.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Value:
    """What a value must look like."""

    pattern: str
    allowed: str
    """The same in words."""
    optional: bool = False


_IDS = Value(r"\d+(,\d+)*", "numbers, separated by commas")
_WEBHOOK = Value(r"https://\S+", "an https URL", optional=True)

VALUES: Mapping[str, Value] = {
    "DISCORD_BOT_TOKEN": Value(r"\S{50,}", "at least 50 characters"),
    "DISCORD_CLIENT_ID": Value(r"\d{10,}", "a number of at least 10 digits"),
    "DISCORD_CLIENT_SECRET": Value(r"\S{20,}", "at least 20 characters"),
    "DISCORD_GUILD_ID": Value(r"\d+", "a number"),
    "DISCORD_REDIRECT_URI": Value(r"https://\S+", "an https URL"),
    "ADMIN_DISCORD_IDS": _IDS,
    "BOT_GUILD_IDS": _IDS,
    "SENTRY_DSN": _WEBHOOK,
    "DISCORD_ALERT_WEBHOOK": _WEBHOOK,
    "SLACK_ALERT_WEBHOOK": _WEBHOOK,
}


def fault(key: str, value: str) -> str | None:
    """Say what the value must be, or None where it is so. Never shows the value: it is secret."""
    known = VALUES[key]
    return None if re.fullmatch(known.pattern, value) else known.allowed


def missing(values: Mapping[str, str]) -> Mapping[str, str]:
    """Return the keys that are unset or malformed, each with what is allowed."""
    return {
        key: known.allowed
        for key, known in VALUES.items()
        if (key in values or not known.optional) and fault(key, values.get(key, ""))
    }
