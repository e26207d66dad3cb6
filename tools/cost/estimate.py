"""The month's estimate of a stage: its templates' resources, priced, beside the design's table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from settings import StageSettings
from tools.cost import prices
from tools.cost.components import COMPONENTS, DESIGN, Component
from tools.cost.free import NEGLIGIBLE, is_free
from tools.cost.inventory import Inventory, Line, UnpricedError, take_inventory
from tools.cost.pricing import PRICERS
from tools.templates.assembly import AssemblyStack


@dataclass(frozen=True)
class Estimate:
    """What a stage costs a month."""

    stage: str
    lines: tuple[Line, ...]
    budget_usd: int
    assumptions: Mapping[str, float]
    """The cost settings that a line was made from."""
    negligible: Mapping[str, str]
    """Resource types that are used and not counted, with their price."""

    @property
    def design(self) -> Mapping[Component, int]:
        """The design's table; empty for a stage that it does not name."""
        return DESIGN.get(self.stage, {})

    @property
    def design_usd(self) -> int:
        """The design's total."""
        return sum(self.design.values())

    @property
    def usd(self) -> Decimal:
        """The whole."""
        return sum((line.usd for line in self.lines), Decimal(0))

    def of(self, component: Component) -> Decimal:
        """Return what a component costs."""
        return sum((line.usd for line in self.lines_of(component)), Decimal(0))

    def total_of(self, components: Iterable[Component]) -> Decimal:
        """Return what several components cost together."""
        return sum((self.of(component) for component in components), Decimal(0))

    def lines_of(self, component: Component) -> list[Line]:
        """Return the lines of a component that cost anything."""
        return [line for line in self.lines if line.component == component and line.usd]

    def unchecked(self) -> list[Line]:
        """Return the lines whose price was not read again on the table's day."""
        return [
            line for line in self.lines if line.usd and line.price.source == prices.NOT_RECHECKED
        ]

    def designed(self) -> Iterator[Component]:
        """Yield the components of the design's table."""
        return (component for component in COMPONENTS if component in self.design)

    def left_out(self) -> Iterator[Component]:
        """Yield the components that cost something, and that the design's table does not have."""
        return (each for each in COMPONENTS if each not in self.design and self.of(each))


def estimate(stacks: Sequence[AssemblyStack], settings: StageSettings, today: dt.date) -> Estimate:
    """Price the synthesized stacks of a stage, under the assumptions of its settings.

    Args:
        stacks: the stage's templates.
        settings: the stage's settings. Only what no template says is taken from them.
        today: decides which versions are in extended support.

    Raises:
        UnpricedError: a region, a resource type or a size has no price here.
    """
    if settings.region != prices.REGION:
        raise UnpricedError(
            f"settings/{settings.stage}.yaml: region: found {settings.region}; allowed: "
            f"{prices.REGION} (tools/cost/prices.py has the list prices of no other region)"
        )
    inventory = take_inventory(
        stacks, settings.cost, first_in_account=settings.account_wide.owned, today=today
    )
    _refuse_unknown_types(inventory)
    lines = tuple(
        line
        for resource_type, pricer in PRICERS.items()
        if (resources := inventory.of(resource_type))
        for line in pricer(resources, inventory)
    )
    used = {line.assumption for line in lines if line.assumption}
    values = settings.cost.model_dump()
    return Estimate(
        stage=settings.stage,
        lines=lines,
        budget_usd=settings.cost.monthly_budget_usd,
        assumptions={key: value for key, value in values.items() if key in used},
        negligible={key: why for key, why in NEGLIGIBLE.items() if inventory.of(key)},
    )


def _refuse_unknown_types(inventory: Inventory) -> None:
    unknown = [
        f"{resources[0]}" + (f" and {len(resources) - 1} more" if len(resources) > 1 else "")
        for resource_type, resources in inventory.resources.items()
        if resource_type not in PRICERS and not is_free(resource_type)
    ]
    if unknown:
        raise UnpricedError(
            f"no price for {'; '.join(unknown)}. Add each type to tools/cost/pricing.py with its "
            "price in tools/cost/prices.py, or to tools/cost/free.py with the reason why it costs "
            "nothing"
        )
