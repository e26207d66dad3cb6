"""The monthly estimate of a stage, which can be compared with the design's table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from settings import StageSettings
from tools.cost import prices
from tools.cost.components import ALL_COMPONENTS, DESIGN_USD, Component
from tools.cost.errors import UnpricedError
from tools.cost.free import NEGLIGIBLE, is_free
from tools.cost.inventory import Inventory
from tools.cost.line_item import LineItem
from tools.cost.pricing import PRICING_FUNCTIONS
from tools.templates.assembly import AssemblyStack


@dataclass(frozen=True)
class Estimate:
    """The cost of a stage per month."""

    stage: str
    line_items: tuple[LineItem, ...]
    budget_usd: int
    assumptions: Mapping[str, float]
    """The cost settings that a line item uses, with their values."""
    negligible: Mapping[str, str]
    """The prices of the used resource types whose cost is not counted."""

    @property
    def usd(self) -> Decimal:
        """The total cost."""
        return sum((item.usd for item in self.line_items), Decimal(0))

    @property
    def design(self) -> Mapping[Component, int]:
        """The design's table in USD; empty for a stage that is not in the design."""
        return DESIGN_USD.get(self.stage, {})

    @property
    def design_usd(self) -> int:
        """The total of the design's table."""
        return sum(self.design.values())

    @property
    def components_in_design(self) -> list[Component]:
        """The components of the design's table."""
        return [component for component in ALL_COMPONENTS if component in self.design]

    @property
    def components_not_in_design(self) -> list[Component]:
        """The components that have a cost, but are not in the design's table."""
        return [
            component
            for component in ALL_COMPONENTS
            if component not in self.design and self.cost_of(component)
        ]

    @property
    def components(self) -> list[Component]:
        """The components of the design's table, then the others that have a cost."""
        return [*self.components_in_design, *self.components_not_in_design]

    @property
    def items_with_unchecked_price(self) -> list[LineItem]:
        """The line items whose price no source confirmed on the day of the price table."""
        return [
            item
            for item in self.line_items
            if item.usd and item.price.source == prices.NOT_RECHECKED
        ]

    def cost_of(self, *components: Component) -> Decimal:
        """Return the cost of components."""
        items = [item for item in self.line_items if item.component in components]
        return sum((item.usd for item in items), Decimal(0))

    def items_of(self, component: Component) -> list[LineItem]:
        """Return the line items of a component that have a cost."""
        return [item for item in self.line_items if item.component == component and item.usd]


def estimate(stacks: Sequence[AssemblyStack], settings: StageSettings, today: dt.date) -> Estimate:
    """Estimate the cost of the synthesized stacks of a stage.

    Args:
        stacks: the synthesized stacks, with the account stack if the stage monitors the account.
        settings: the settings of the stage, which hold the usage that no template shows.
        today: the date that decides which versions are in extended support.

    Raises:
        UnpricedError: the region, a resource type or a property has no price.
    """
    if settings.region != prices.REGION:
        raise UnpricedError(
            f"settings/{settings.stage}.yaml: region: found {settings.region}; allowed: "
            f"{prices.REGION} (tools/cost/prices.py has the list prices of no other region)"
        )
    inventory = Inventory.from_stacks(
        stacks, settings.cost, uses_free_tier=settings.monitoring.account_wide, today=today
    )
    _refuse_unknown_types(inventory)
    line_items = tuple(_price(inventory))
    used_settings = {item.assumption for item in line_items if item.assumption}
    return Estimate(
        stage=settings.stage,
        line_items=line_items,
        budget_usd=settings.cost.monthly_budget_usd,
        assumptions={
            name: value
            for name, value in settings.cost.model_dump().items()
            if name in used_settings
        },
        negligible={
            resource_type: price
            for resource_type, price in NEGLIGIBLE.items()
            if inventory.of_type(resource_type)
        },
    )


def _price(inventory: Inventory) -> Iterable[LineItem]:
    for resource_type, pricing_function in PRICING_FUNCTIONS.items():
        if resources := inventory.of_type(resource_type):
            yield from pricing_function(resources, inventory)


def _refuse_unknown_types(inventory: Inventory) -> None:
    unknown = [
        f"{resources[0]}" + (f" and {len(resources) - 1} more" if len(resources) > 1 else "")
        for resource_type, resources in inventory.resources.items()
        if resource_type not in PRICING_FUNCTIONS and not is_free(resource_type)
    ]
    if unknown:
        raise UnpricedError(
            f"no price for {'; '.join(unknown)}. Add each type to tools/cost/pricing.py with its "
            "price in tools/cost/prices.py, or to tools/cost/free.py with the reason why it costs "
            "nothing"
        )
