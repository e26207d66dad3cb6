"""The errors of the cost estimate."""


class CostError(Exception):
    """The estimate cannot be made or written. The text is shown to the user."""


class UnpricedError(CostError):
    """A template has something without a price. The text says what, and where to add the price."""
