"""What is priced: the resources of a stage's templates, and the lines that they become."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, TypeVar

from settings.cost import CostSettings
from tools.cost.components import Component
from tools.cost.prices import EACH, Price
from tools.templates.assembly import AssemblyStack

_T = TypeVar("_T")
_CENT = Decimal("0.01")


class UnpricedError(Exception):
    """Something in a template has no price; the text is all that the user needs to add one."""


@dataclass(frozen=True)
class Resource:
    """A resource of a template."""

    stack: str
    logical_id: str
    type: str
    properties: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.stack}: {self.logical_id} ({self.type})"

    def priced(self, key: str, prices: Mapping[str, _T], default: str | None = None) -> _T:
        """Return what `prices` has for the value of a property.

        Raises:
            UnpricedError: it has nothing for it.
        """
        return self.look_up(key, self.properties.get(key, default), prices)

    def look_up(self, key: str, found: object, prices: Mapping[str, _T]) -> _T:
        """Likewise for a value that stands inside of the property `key`."""
        if not isinstance(found, str) or found not in prices:
            raise UnpricedError(
                f"{self}: {key}: found {found!r}; allowed: {', '.join(prices)} (what "
                "tools/cost/prices.py and tools/cost/pricing.py have a price for)"
            )
        return prices[found]


@dataclass(frozen=True)
class Line:
    """One position of the bill, rounded to cents, so that what is shown adds up."""

    component: Component
    what: str
    quantity: Decimal
    price: Price
    assumption: str | None = None
    """The cost setting that the quantity comes from; None where the template says it."""

    @property
    def usd(self) -> Decimal:
        """What it costs a month."""
        return (self.quantity * self.price.usd).quantize(_CENT, ROUND_HALF_UP)

    def __str__(self) -> str:
        unit = self.price.unit
        factors = [f"{self.quantity.normalize():,f}", _money(self.price.usd)]
        if unit[0].isdigit():
            factors.insert(1, unit)
        elif unit != EACH:
            factors[0] += f" {unit}"
        mark = " (assumed)" if self.assumption else ""
        return f"{self.what}: {' x '.join(factors)}{mark}"


def _money(usd: Decimal) -> str:
    """Return a price with all its digits, and with cents at least."""
    return f"{usd.normalize() if usd % _CENT else usd.quantize(_CENT):f}"


@dataclass(frozen=True)
class Inventory:
    """The resources of a stage, with what the templates do not say."""

    resources: Mapping[str, Sequence[Resource]]
    """By type."""
    assumptions: CostSettings
    first_in_account: bool
    """Whether what each account has free is this stage's. Stages may share an account: the one that
    owns what the account has once takes it."""
    today: dt.date

    def of(self, resource_type: str) -> Sequence[Resource]:
        """Return the resources of a type."""
        return self.resources.get(resource_type, ())

    def beside(self, resource: Resource, value: object) -> Resource | None:
        """Return the first resource of the same stack that a property's value refers to."""
        targets = list(_references(value))
        for others in self.resources.values():
            for other in others:
                if other.stack == resource.stack and other.logical_id in targets:
                    return other
        return None

    def assumed(
        self,
        component: Component,
        what: str,
        key: str,
        price: Price,
        *,
        per: int = 1,
        free: int = 0,
    ) -> Line:
        """Return the line of a usage that the settings assume.

        Args:
            component: its row.
            what: what is used.
            key: the cost setting.
            price: of a unit.
            per: how much of the setting a unit is.
            free: how much of the setting the account has free.
        """
        quantity = Decimal(str(getattr(self.assumptions, key)))
        if free and self.first_in_account:
            quantity = max(Decimal(0), quantity - free)
            what = f"{what} ({free} {price.unit} free)"
        return Line(component, what, quantity / per, price, assumption=key)


def _references(value: object) -> Iterator[str]:
    """Yield the logical ids that a value refers to, however deep: an ARN is joined of several."""
    if isinstance(value, Mapping):
        if "Ref" in value:
            yield value["Ref"]
        elif "Fn::GetAtt" in value:
            yield value["Fn::GetAtt"][0]
        else:
            for item in value.values():
                yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def take_inventory(
    stacks: Sequence[AssemblyStack],
    assumptions: CostSettings,
    *,
    first_in_account: bool,
    today: dt.date,
) -> Inventory:
    """Sort the resources of a stage's stacks by type."""
    resources: dict[str, list[Resource]] = {}
    for stack in stacks:
        for logical_id, resource in stack.template.get("Resources", {}).items():
            kind = resource["Type"]
            properties = resource.get("Properties", {})
            found = Resource(stack.name, logical_id, kind, properties)
            resources.setdefault(kind, []).append(found)
    return Inventory(resources, assumptions, first_in_account, today)
