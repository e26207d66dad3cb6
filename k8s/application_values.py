"""The secret values of the backend that operators set, and the format of each.

Source: the environment table of application.md. The backend validates them at its start, and stops
if one is missing or malformed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class ValueFormat:
    """The format that the backend accepts for a value."""

    pattern: str
    description: str
    """The pattern in words, for error messages: these never show the value, which is secret."""
    is_optional: bool = False
    is_variable: bool = True
    """Whether the backend reads it from an environment variable."""

    def accepts(self, value: str) -> bool:
        """Return whether the value has this format."""
        return re.fullmatch(self.pattern, value) is not None


_IDS = ValueFormat(r"\d+(,\d+)*", "numbers, separated by commas")
REGISTRY_CREDENTIALS = "REGISTRY_CREDENTIALS"
"""The user and the token of the registry in `services.private_registry`."""

_WEBHOOK = ValueFormat(r"https://\S+", "an https URL", is_optional=True)

VALUES: Mapping[str, ValueFormat] = {
    "DISCORD_BOT_TOKEN": ValueFormat(r"\S{50,}", "at least 50 characters"),
    "DISCORD_CLIENT_ID": ValueFormat(r"\d{10,}", "a number of at least 10 digits"),
    "DISCORD_CLIENT_SECRET": ValueFormat(r"\S{20,}", "at least 20 characters"),
    "DISCORD_GUILD_ID": ValueFormat(r"\d+", "a number"),
    "DISCORD_REDIRECT_URI": ValueFormat(r"https://\S+", "an https URL"),
    "ADMIN_DISCORD_IDS": _IDS,
    "BOT_GUILD_IDS": _IDS,
    "SENTRY_DSN": _WEBHOOK,
    "DISCORD_ALERT_WEBHOOK": _WEBHOOK,
    "SLACK_ALERT_WEBHOOK": _WEBHOOK,
    REGISTRY_CREDENTIALS: ValueFormat(
        r"[^\s:]+:\S+", "a user and a token, as in user:token", is_optional=True, is_variable=False
    ),
}


def invalid_values(
    values: Mapping[str, str], *, has_private_registry: bool = False
) -> Mapping[str, str]:
    """Return each key whose value is missing or malformed, with the allowed format in words.

    Args:
        values: The values by key.
        has_private_registry: Whether the credentials of a registry are required.
    """
    required = {key for key, value_format in VALUES.items() if not value_format.is_optional}
    if has_private_registry:
        required.add(REGISTRY_CREDENTIALS)
    return {
        key: value_format.description
        for key, value_format in VALUES.items()
        if (key in values or key in required) and not value_format.accepts(values.get(key, ""))
    }
