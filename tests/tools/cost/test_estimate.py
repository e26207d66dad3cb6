"""The estimate of a stage: each resource has a price, and the components add up to the total."""

from decimal import Decimal

import pytest

from settings import load_stage
from settings.instances import CACHE_NODE_TYPES, DATABASE_CLASSES, NODE_TYPES
from tests.stage_variants import with_strategy
from tests.synthesis import SynthesizedStage, synthesize
from tests.tools.cost.templates import estimate_of, price, stacks
from tools.cost.components import ALL_COMPONENTS, DESIGN_USD, IN_DESIGN, NOT_IN_DESIGN
from tools.cost.errors import UnpricedError
from tools.cost.estimate import estimate
from tools.cost.free import FREE, FREE_TYPE_PREFIXES, NEGLIGIBLE, is_free
from tools.cost.prices import AS_OF, EC2_HOURS, ELASTICACHE_HOURS, RDS_HOURS
from tools.cost.pricing import PRICING_FUNCTIONS

TOTALS = {"production": 718, "staging": 273}


def test_every_resource_type_of_the_stage_has_a_price_or_is_free(stage: SynthesizedStage) -> None:
    types = {
        resource["Type"]
        for template in stage.templates.values()
        for resource in template["Resources"].values()
    }
    assert {name for name in types if name not in PRICING_FUNCTIONS and not is_free(name)} == set()


def test_no_type_is_both_priced_and_free() -> None:
    known = [*PRICING_FUNCTIONS, *FREE, *NEGLIGIBLE]
    assert len(known) == len(set(known))
    assert not [name for name in known if name.startswith(FREE_TYPE_PREFIXES)]


def test_an_unknown_type_is_refused_with_its_logical_id_and_the_file_to_change() -> None:
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


def test_another_region_is_refused_because_its_prices_differ(production: SynthesizedStage) -> None:
    settings = production.settings.model_copy(update={"region": "eu-west-1"})
    with pytest.raises(UnpricedError) as caught:
        estimate(stacks(production), settings, AS_OF)
    assert str(caught.value) == (
        "settings/production.yaml: region: found eu-west-1; allowed: us-east-1 (tools/cost/"
        "prices.py has the list prices of no other region)"
    )


def test_the_components_add_up_to_the_total(stage: SynthesizedStage) -> None:
    result = estimate_of(stage)
    assert result.usd == result.cost_of(*ALL_COMPONENTS)
    shown = result.components
    assert len(shown) == len(set(shown))
    assert result.usd == result.cost_of(*shown)


def test_the_design_tables_add_up_to_the_design_totals_which_are_the_budgets() -> None:
    assert {stage: sum(table.values()) for stage, table in DESIGN_USD.items()} == TOTALS
    assert {name: load_stage(name).cost.monthly_budget_usd for name in TOTALS} == TOTALS
    assert set(DESIGN_USD["production"]) == set(IN_DESIGN)
    assert set(DESIGN_USD["staging"]) < set(IN_DESIGN)


def test_each_component_is_in_the_design_or_not() -> None:
    assert set(ALL_COMPONENTS) == set(IN_DESIGN) | set(NOT_IN_DESIGN)
    assert not set(IN_DESIGN) & set(NOT_IN_DESIGN)


def test_the_sizes_in_the_templates_have_these_costs(
    production: SynthesizedStage, staging: SynthesizedStage
) -> None:
    fixed = {
        stage.settings.stage: {
            component.name: estimate_of(stage).cost_of(component) for component in IN_DESIGN[:4]
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


def test_the_components_that_are_not_in_the_design_are_listed(
    production: SynthesizedStage, staging: SynthesizedStage
) -> None:
    names = [component.name for component in estimate_of(production).components_not_in_design]
    assert {"NAT gateways", "KMS keys", "VPC flow logs", "Container Insights", "WAF"} <= set(names)
    assert "Backups & monitoring" not in names
    assert "Backups & monitoring" in [
        component.name for component in estimate_of(staging).components_not_in_design
    ]


def test_a_stage_that_is_not_in_the_design_has_no_table(staging: SynthesizedStage) -> None:
    settings = staging.settings.model_copy(update={"stage": "review"})
    result = estimate_of(staging, settings)
    assert list(result.components_in_design) == []
    assert result.cost_of(*result.components_not_in_design) == result.usd


def test_optional_resources_of_the_settings_have_prices() -> None:
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
    assert {"Interface endpoints", "Container Insights"} <= {
        component.name for component in costs.components_not_in_design
    }


def test_each_instance_type_that_the_settings_allow_has_a_price() -> None:
    assert set(EC2_HOURS) == set(NODE_TYPES)
    assert set(RDS_HOURS) == set(DATABASE_CLASSES)
    assert set(ELASTICACHE_HOURS) == set(CACHE_NODE_TYPES)


def test_a_stage_with_two_tracks_has_a_price() -> None:
    """Each of its resource types is priced, or free."""
    one = estimate_of(synthesize(load_stage("production"))).usd
    two = estimate_of(synthesize(with_strategy("canary", stage="production"))).usd
    assert one < two < one + 10
