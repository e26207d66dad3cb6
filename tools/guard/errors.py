"""The error of the replacement guard."""


class GuardError(Exception):
    """The comparison cannot be made. The text is shown to the user."""
