"""The error that operators see."""


class OperationError(Exception):
    """What stops an operation; its text is all that the user needs to go on."""
