"""The one kind of fault that the local commands report to the user."""


class LocalError(Exception):
    """A fault whose text is all that the user needs to go on: printed, then exit code 1."""
