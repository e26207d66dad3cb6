"""The error of the operations."""


class OperationError(Exception):
    """The operation failed, or the preflight found an error. The text is shown to the user."""
