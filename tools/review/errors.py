"""The error of the review."""


class ReviewError(Exception):
    """The review cannot be made, or its result is not the expected one. The user sees the text."""
