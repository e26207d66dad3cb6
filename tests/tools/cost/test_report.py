"""The estimate as a table and as JSON, and the difference between two estimates."""

import json
import re

import pytest

from tests.synthesis import SynthesizedStage
from tests.tools.cost.templates import Resources, estimate_of, price
from tools.cost import report
from tools.cost.estimate import Estimate

DASHBOARDS: Resources = {name: ("AWS::CloudWatch::Dashboard", {}) for name in "AB"}


@pytest.fixture
def result(stage: SynthesizedStage) -> Estimate:
    return estimate_of(stage)


def test_the_table_shows_the_design_and_the_estimate_of_each_component(result: Estimate) -> None:
    rows = report.format_table(result).splitlines()
    for component in result.components:
        (row,) = [row for row in rows if row.startswith(component.name)]
        design = [f"{result.design[component]}"] if component in result.design else []
        figures = [*design, f"{result.cost_of(component):,.2f}"]
        assert row.removeprefix(component.name).split()[: len(figures)] == figures
    (total,) = [row for row in rows if row.startswith("total")]
    assert total.split() == ["total", f"{result.design_usd}", f"{result.usd:,.2f}"]


def test_the_table_lists_the_components_that_are_not_in_the_design(result: Estimate) -> None:
    counted, _, rest = report.format_table(result).partition("Not in the design's table:")
    names = [component.name for component in result.components_not_in_design]
    assert names and all(name in rest and name not in counted for name in names)
    subtotal = f"{result.cost_of(*result.components_not_in_design):,.2f}"
    assert re.search(rf"subtotal +{re.escape(subtotal)}\n", rest)


def test_the_table_lists_each_assumption_and_its_file(result: Estimate) -> None:
    heading = f"Assumed usage (settings/{result.stage}.yaml, cost):"
    shown = report.format_table(result).partition(heading)[2]
    used = {item.assumption for item in result.line_items if item.assumption}
    assert used == set(result.assumptions)
    for name, value in result.assumptions.items():
        assert re.search(rf"^  {name} +{value:,g}$", shown, re.MULTILINE)


def test_the_table_lists_the_prices_that_were_not_re_checked(staging: SynthesizedStage) -> None:
    table = report.format_table(estimate_of(staging))
    shown = table.partition("not re-checked on 2026-11-23:\n")[2]
    assert "ElastiCache Redis, 1 x cache.t3.small: 730 h x 0.034" in shown


def test_the_json_has_the_figures_of_the_table(result: Estimate) -> None:
    document = json.loads(report.to_json(report.to_document(result)))
    text = report.format_table(result)
    assert f"{document['total']:,.2f}" == f"{result.usd:,.2f}"
    assert document["design_total"] == result.design_usd
    assert document["budget"] == result.budget_usd
    for component in document["components"]:
        assert re.search(
            rf"^{re.escape(component['name'])} .*\b{component['estimate']:,.2f}\b", text, re.M
        )
        assert sum(line["usd"] for line in component["lines"]) == pytest.approx(
            component["estimate"]
        )
        assert all(line["price_source"] for line in component["lines"])
    assert sum(component["estimate"] for component in document["components"]) == pytest.approx(
        document["total"]
    )
    assert document["assumptions"] == dict(result.assumptions)


def test_the_summary_compares_the_total_with_the_design_and_the_budget(
    production: SynthesizedStage,
) -> None:
    settings = production.settings
    costs = settings.cost.model_copy(update={"monthly_budget_usd": 5000})
    result = estimate_of(production, settings.model_copy(update={"cost": costs}))
    assert report.summarize(result) == (
        f"{result.usd - 718:,.2f} more than the design's 718; "
        f"{5000 - result.usd:,.2f} under the budget of 5000."
    )


def test_the_difference_lists_the_changed_components_only() -> None:
    old = price(DASHBOARDS | {"K": ("AWS::KMS::Key", {})})
    new = price(DASHBOARDS | {"K": ("AWS::KMS::Key", {}), "G": ("AWS::EC2::NatGateway", {})})
    assert report.format_difference(old, new, "main").splitlines() == [
        "production: USD per month, against main (under today's assumptions)",
        "",
        "                                   before     after    change",
        "NAT gateways                         0.00     32.85    +32.85",
        "total                                7.00     39.85    +32.85",
    ]
    assert report.to_difference_document(old, new, "main") == {
        "revision": "main",
        "before": 7.0,
        "change": 32.85,
        "components": [{"name": "NAT gateways", "before": 0.0, "after": 32.85, "change": 32.85}],
    }


def test_equal_estimates_have_no_difference() -> None:
    result = price(DASHBOARDS)
    assert report.format_difference(result, result, "main").endswith(
        "\n\nNo difference: 6.00 before and after."
    )
