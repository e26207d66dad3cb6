"""What the command shows: the table and its JSON say the same."""

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


def test_the_table_has_each_component_beside_the_design(result: Estimate) -> None:
    rows = report.text(result).splitlines()
    for component in (*result.designed(), *result.left_out()):
        (row,) = [row for row in rows if row.startswith(component.name)]
        design = [f"{result.design[component]}"] if component in result.design else []
        figures = [*design, f"{result.of(component):,.2f}"]
        assert row.removeprefix(component.name).split()[: len(figures)] == figures
    (total,) = [row for row in rows if row.startswith("total")]
    assert total.split() == ["total", f"{result.design_usd}", f"{result.usd:,.2f}"]


def test_the_table_says_what_the_design_leaves_out(result: Estimate) -> None:
    counted, _, rest = report.text(result).partition("Not in the design's table:")
    names = [component.name for component in result.left_out()]
    assert names and all(name in rest and name not in counted for name in names)
    subtotal = f"{result.total_of(result.left_out()):,.2f}"
    assert re.search(rf"what the design leaves out +{re.escape(subtotal)}\n", rest)


def test_the_table_names_each_assumption_and_its_file(result: Estimate) -> None:
    shown = report.text(result).partition(f"Assumed (settings/{result.stage}.yaml, cost):")[2]
    assert {line.assumption for line in result.lines if line.assumption} == set(result.assumptions)
    for key, value in result.assumptions.items():
        assert re.search(rf"^  {key} +{value:,g}$", shown, re.MULTILINE)


def test_the_table_admits_prices_that_were_not_re_checked(staging: SynthesizedStage) -> None:
    shown = report.text(estimate_of(staging)).partition("not re-checked on 2026-11-23:\n")[2]
    assert "ElastiCache Redis, 1 x cache.t3.small: 730 h x 0.034" in shown


def test_the_json_says_what_the_table_says(result: Estimate) -> None:
    document = json.loads(report.to_json(report.document(result)))
    text = report.text(result)
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
    assert sum(each["estimate"] for each in document["components"]) == pytest.approx(
        document["total"]
    )
    assert document["assumptions"] == dict(result.assumptions)


def test_the_verdict_compares_with_design_and_budget(production: SynthesizedStage) -> None:
    settings = production.settings
    costs = settings.cost.model_copy(update={"monthly_budget_usd": 5000})
    result = estimate_of(production, settings.model_copy(update={"cost": costs}))
    assert report.verdict(result) == (
        f"{result.usd - 718:,.2f} more than the design's 718; "
        f"{5000 - result.usd:,.2f} under the budget of 5000."
    )


def test_the_difference_has_what_changed_and_nothing_else() -> None:
    old = price(DASHBOARDS | {"K": ("AWS::KMS::Key", {})})
    new = price(DASHBOARDS | {"K": ("AWS::KMS::Key", {}), "G": ("AWS::EC2::NatGateway", {})})
    assert report.difference(old, new, "main").splitlines() == [
        "production: a month in USD, against main (under today's assumptions)",
        "",
        "                                   before     after    change",
        "NAT gateways                         0.00     32.85    +32.85",
        "total                                7.00     39.85    +32.85",
    ]
    assert report.difference_document(old, new, "main") == {
        "revision": "main",
        "before": 7.0,
        "change": 32.85,
        "components": [{"name": "NAT gateways", "before": 0.0, "after": 32.85, "change": 32.85}],
    }


def test_no_difference_is_said() -> None:
    result = price(DASHBOARDS)
    assert report.difference(result, result, "main").endswith(
        "\n\nNo difference: 6.00 before and after."
    )
