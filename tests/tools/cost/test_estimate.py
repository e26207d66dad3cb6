"""Whole stages: everything is priced, everything adds up, and the design stands beside it."""

from decimal import Decimal

import pytest

from settings import load_stage
from settings.instances import CACHE_NODE_TYPES, DATABASE_CLASSES, NODE_TYPES
from tests.synthesis import SynthesizedStage, synthesize
from tests.tools.cost.templates import estimate_of, price, stacks
from tools.cost.components import COMPONENTS, DESIGN, DESIGNED, LEFT_OUT
from tools.cost.estimate import estimate
from tools.cost.free import FREE, FREE_FAMILIES, NEGLIGIBLE, is_free
from tools.cost.inventory import UnpricedError
from tools.cost.prices import AS_OF, EC2_HOURS, ELASTICACHE_HOURS, RDS_HOURS
from tools.cost.pricing import PRICERS

TOTALS = {"production": 718, "staging": 273}


def test_every_resource_type_of_the_stage_has_a_price_or_is_free(stage: SynthesizedStage) -> None:
    types = {
        resource["Type"]
        for template in stage.templates.values()
        for resource in template["Resources"].values()
    }
    assert {each for each in types if each not in PRICERS and not is_free(each)} == set()


def test_no_type_is_both_priced_and_free() -> None:
    known = [*PRICERS, *FREE, *NEGLIGIBLE]
    assert len(known) == len(set(known))
    assert not [each for each in known if each.startswith(FREE_FAMILIES)]


def test_an_unknown_type_is_refused_with_stack_id_and_the_file_to_change() -> None:
    with pytest.raises(UnpricedError) as caught:
        price(
            {
                "Queue": ("AWS::SQS::Queue", {}),
                "Stream": ("AWS::Kinesis::Stream", {}),
                "Other": ("AWS::Kinesis::Stream", {}),
                "Table": ("AWS::DynamoDB::Table", {}),
            }
        )
    assert str(caught.value) == (
        "no price for spywatcher-production-x: Stream (AWS::Kinesis::Stream) and 1 more; "
        "spywatcher-production-x: Table (AWS::DynamoDB::Table). Add each type to "
        "tools/cost/pricing.py with its price in tools/cost/prices.py, or to tools/cost/free.py "
        "with the reason why it costs nothing"
    )


def test_another_region_is_refused_since_its_prices_differ(production: SynthesizedStage) -> None:
    settings = production.settings.model_copy(update={"region": "eu-west-1"})
    with pytest.raises(UnpricedError) as caught:
        estimate(stacks(production), settings, AS_OF)
    assert str(caught.value) == (
        "settings/production.yaml: region: found eu-west-1; allowed: us-east-1 (tools/cost/"
        "prices.py has the list prices of no other region)"
    )


def test_the_components_add_up_to_the_total(stage: SynthesizedStage) -> None:
    result = estimate_of(stage)
    assert result.usd == result.total_of(COMPONENTS)
    shown = [*result.designed(), *result.left_out()]
    assert len(shown) == len(set(shown))
    assert result.usd == result.total_of(shown)


def test_the_designs_table_adds_up_to_its_totals_which_are_the_budgets() -> None:
    assert {stage: sum(table.values()) for stage, table in DESIGN.items()} == TOTALS
    assert {name: load_stage(name).cost.monthly_budget_usd for name in TOTALS} == TOTALS
    assert set(DESIGN["production"]) == set(DESIGNED)
    assert set(DESIGN["staging"]) < set(DESIGNED)


def test_each_component_is_in_the_design_or_left_out_of_it() -> None:
    assert set(COMPONENTS) == set(DESIGNED) | set(LEFT_OUT)
    assert not set(DESIGNED) & set(LEFT_OUT)


def test_what_the_templates_say_is_counted_there(
    production: SynthesizedStage, staging: SynthesizedStage
) -> None:
    fixed = {
        stage.settings.stage: {
            component.name: estimate_of(stage).of(component) for component in DESIGNED[:4]
        }
        for stage in (production, staging)
    }
    assert fixed == {
        "production": {
            "EKS cluster": Decimal("73.00"),
            "EC2 nodes": Decimal("182.21"),
            "RDS PostgreSQL": Decimal("234.70"),
            "ElastiCache Redis": Decimal("99.28"),
        },
        "staging": {
            "EKS cluster": Decimal("73.00"),
            "EC2 nodes": Decimal("60.74"),
            "RDS PostgreSQL": Decimal("58.31"),
            "ElastiCache Redis": Decimal("24.82"),
        },
    }


def test_what_the_design_leaves_out_is_named(
    production: SynthesizedStage, staging: SynthesizedStage
) -> None:
    names = [component.name for component in estimate_of(production).left_out()]
    assert {"NAT gateways", "KMS keys", "VPC flow logs", "Container Insights", "WAF"} <= set(names)
    assert "Backups & monitoring" not in names
    assert "Backups & monitoring" in [each.name for each in estimate_of(staging).left_out()]


def test_a_stage_that_the_design_does_not_name_has_no_table(staging: SynthesizedStage) -> None:
    settings = staging.settings.model_copy(update={"stage": "review"})
    result = estimate_of(staging, settings)
    assert list(result.designed()) == []
    assert result.total_of(result.left_out()) == result.usd


def test_the_sizes_that_settings_may_ask_for_have_prices() -> None:
    staging = load_stage("staging")
    optional = staging.model_copy(
        update={
            "network": staging.network.model_copy(update={"interface_endpoints": ("ecr.api",)}),
            "database": staging.database.model_copy(
                update={"read_replicas": 1, "multi_az": True, "max_storage_gib": 100}
            ),
            "cluster": staging.cluster.model_copy(update={"container_insights": True}),
        }
    )
    costs = estimate_of(synthesize(optional))
    assert costs.usd > estimate_of(synthesize(staging)).usd
    assert {"Interface endpoints", "Container Insights"} <= {each.name for each in costs.left_out()}


def test_every_class_that_the_settings_allow_has_a_price() -> None:
    assert set(EC2_HOURS) == set(NODE_TYPES)
    assert set(RDS_HOURS) == set(DATABASE_CLASSES)
    assert set(ELASTICACHE_HOURS) == set(CACHE_NODE_TYPES)
