"""The error that the local commands show to the user."""


class EmbeddedAwsError(Exception):
    """Ends a local command with exit code 1. The text of this error is shown to the user."""
