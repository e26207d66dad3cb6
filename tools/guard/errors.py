"""The one kind of fault that the guard reports to the user."""


class GuardError(Exception):
    """A fault whose text is all that the user needs to go on: printed, then exit code 1."""
