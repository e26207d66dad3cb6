"""A line item of the estimate."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from tools.cost.components import Component
from tools.cost.prices import EACH, Price

_CENT = Decimal("0.01")


@dataclass(frozen=True)
class LineItem:
    """A quantity and its price. The cost is rounded to cents, so that the shown costs add up."""

    component: Component
    what: str
    quantity: Decimal
    price: Price
    assumption: str | None = None
    """The cost setting that the quantity comes from; None if it comes from the template."""

    @property
    def usd(self) -> Decimal:
        """The cost per month."""
        return (self.quantity * self.price.usd).quantize(_CENT, ROUND_HALF_UP)

    def __str__(self) -> str:
        unit = self.price.unit
        factors = [f"{self.quantity.normalize():,f}", _format_price(self.price.usd)]
        if unit[0].isdigit():
            factors.insert(1, unit)
        elif unit != EACH:
            factors[0] += f" {unit}"
        mark = " (assumed)" if self.assumption else ""
        return f"{self.what}: {' x '.join(factors)}{mark}"


def _format_price(usd: Decimal) -> str:
    """Return a price with all its digits, and with at least two decimal places."""
    return f"{usd.normalize() if usd % _CENT else usd.quantize(_CENT):f}"
