"""The resources of a stage, and the assumptions about their usage."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from settings.cost import CostSettings
from tools.cost.components import Component
from tools.cost.errors import UnpricedError
from tools.cost.line_item import LineItem
from tools.cost.prices import Price
from tools.templates.assembly import AssemblyStack

_T = TypeVar("_T")


@dataclass(frozen=True)
class Resource:
    """A resource of a template."""

    stack: str
    logical_id: str
    type: str
    properties: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.stack}: {self.logical_id} ({self.type})"

    def look_up(self, name: str, table: Mapping[str, _T], default: str | None = None) -> _T:
        """Return the entry of a table for the value of a property.

        Raises:
            UnpricedError: the table has no entry for the value.
        """
        return self.look_up_value(name, self.properties.get(name, default), table)

    def look_up_value(self, name: str, value: object, table: Mapping[str, _T]) -> _T:
        """Return the entry of a table for a value that is nested in the property `name`.

        Raises:
            UnpricedError: the table has no entry for the value.
        """
        if not isinstance(value, str) or value not in table:
            raise UnpricedError(
                f"{self}: {name}: found {value!r}; allowed: {', '.join(table)} (what "
                "tools/cost/prices.py and tools/cost/pricing.py have a price for)"
            )
        return table[value]

    def require(self, name: str, allowed: Collection[str], default: str | None = None) -> None:
        """Refuse a value of a property that this estimate cannot price.

        Raises:
            UnpricedError: the value is not allowed.
        """
        self.look_up(name, dict.fromkeys(allowed), default)


@dataclass(frozen=True)
class Inventory:
    """The resources of a stage, and what their templates do not show."""

    resources: Mapping[str, Sequence[Resource]]
    """The resources by type."""
    assumptions: CostSettings
    uses_free_tier: bool
    """Whether the account's Free Tier counts for this stage, which monitors the account."""
    today: dt.date

    @classmethod
    def from_stacks(
        cls,
        stacks: Sequence[AssemblyStack],
        assumptions: CostSettings,
        *,
        uses_free_tier: bool,
        today: dt.date,
    ) -> Inventory:
        """Return the inventory of a stage's stacks."""
        resources: dict[str, list[Resource]] = {}
        for stack in stacks:
            for logical_id, definition in stack.template.get("Resources", {}).items():
                properties = definition.get("Properties", {})
                resource = Resource(stack.name, logical_id, definition["Type"], properties)
                resources.setdefault(resource.type, []).append(resource)
        return cls(resources, assumptions, uses_free_tier, today)

    def of_type(self, resource_type: str) -> Sequence[Resource]:
        """Return the resources of a type."""
        return self.resources.get(resource_type, ())

    def find_referenced(self, resource: Resource, value: object) -> Resource | None:
        """Return the first resource of the same stack that a property's value refers to."""
        logical_ids = list(_referenced_ids(value))
        for resources in self.resources.values():
            for other in resources:
                if other.stack == resource.stack and other.logical_id in logical_ids:
                    return other
        return None

    def assumed_usage(self, setting: str) -> Decimal:
        """Return the value of a cost setting."""
        return Decimal(str(getattr(self.assumptions, setting)))

    def assumed(
        self,
        component: Component,
        what: str,
        setting: str,
        price: Price,
        *,
        per: int = 1,
        free: int = 0,
    ) -> LineItem:
        """Return the line item of an assumed usage.

        Args:
            component: the component that the usage belongs to.
            what: what is used.
            setting: the name of the cost setting that holds the usage.
            price: the price of one unit.
            per: how much usage one unit is.
            free: how much usage the Free Tier includes.
        """
        quantity = self.assumed_usage(setting)
        if free and self.uses_free_tier:
            quantity = max(Decimal(0), quantity - free)
            what = f"{what} ({free} {price.unit} free)"
        return LineItem(component, what, quantity / per, price, assumption=setting)


def _referenced_ids(value: object) -> Iterator[str]:
    """Yield the logical ids that a value refers to, also those inside an `Fn::Join`."""
    if isinstance(value, Mapping):
        if "Ref" in value:
            yield value["Ref"]
        elif "Fn::GetAtt" in value:
            yield value["Fn::GetAtt"][0]
        else:
            for item in value.values():
                yield from _referenced_ids(item)
    elif isinstance(value, list):
        for item in value:
            yield from _referenced_ids(item)
