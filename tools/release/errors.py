"""The exit codes of the command, and its error."""

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command or a release has ended."""

    RELEASED = 0
    """The new image receives all traffic, or the command has nothing to report."""
    WRONG_INPUT = 1
    """An argument is not allowed, or AWS cannot be reached."""
    RETURNED = 3
    """The old image receives all traffic again."""
    REFUSED = 4
    """The release was not begun, or its new image did not start. No traffic has moved."""
    PERSON_NEEDED = 5
    """The release has stopped at a place from which only a person can continue."""


class ReleaseError(Exception):
    """The command cannot do what it was asked to. The text is shown to the user."""

    def __init__(self, message: str, exit_code: ExitCode = ExitCode.WRONG_INPUT) -> None:
        super().__init__(message)
        self.exit_code = exit_code
