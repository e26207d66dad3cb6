"""The sizes of INFRASTRUCTURE.md, "Resource Sizing", stage by stage."""

import pytest

from settings import load_stage
from tests.synthesis import SynthesizedStage, synthesize

SERVICES = {
    # stage, service: memory request, CPU request, minimum, maximum replicas
    ("production", "backend"): ("512Mi", "500m", 2, 10),
    ("production", "frontend"): ("128Mi", "100m", 2, 5),
    ("staging", "backend"): ("256Mi", "250m", 1, 3),
    ("staging", "frontend"): ("128Mi", "100m", 1, 2),
}
DATABASES = {"production": ("db.t3.large", True), "staging": ("db.t3.medium", False)}
CACHES = {"production": ("cache.t3.medium", 2), "staging": ("cache.t3.small", 1)}
NODES = {"production": ("t3.large", 2, 3, 10), "staging": ("t3.medium", 1, 2, 4)}


@pytest.mark.parametrize("stage, service", SERVICES)
def test_pods_ask_for_what_the_design_gives_them(stage: str, service: str) -> None:
    memory, cpu, minimum, maximum = SERVICES[stage, service]
    made = synthesize(load_stage(stage))
    pod = made.manifest("Deployment", f"spywatcher-{service}")["spec"]["template"]["spec"]
    assert pod["containers"][0]["resources"]["requests"] == {"cpu": cpu, "memory": memory}
    scaler = made.manifest("HorizontalPodAutoscaler", f"spywatcher-{service}")["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (minimum, maximum)


def test_the_database_has_the_class_and_the_zones_of_the_design(stage: SynthesizedStage) -> None:
    database = stage.only("data", "AWS::RDS::DBInstance")
    expected = DATABASES[stage.settings.stage]
    assert (database["DBInstanceClass"], database["MultiAZ"]) == expected


def test_the_cache_has_the_type_and_the_nodes_of_the_design(stage: SynthesizedStage) -> None:
    cache = stage.only("data", "AWS::ElastiCache::ReplicationGroup")
    assert (cache["CacheNodeType"], cache["NumCacheClusters"]) == CACHES[stage.settings.stage]
    assert cache["AutomaticFailoverEnabled"] == (cache["NumCacheClusters"] > 1)


def test_the_nodes_have_the_type_and_the_bounds_of_the_design(stage: SynthesizedStage) -> None:
    nodes = stage.only("cluster", "AWS::EKS::Nodegroup")
    kind, minimum, desired, maximum = NODES[stage.settings.stage]
    assert nodes["InstanceTypes"] == [kind]
    assert nodes["ScalingConfig"] == {
        "MinSize": minimum,
        "DesiredSize": desired,
        "MaxSize": maximum,
    }


def test_the_vpc_spans_three_zones_with_three_tiers(stage: SynthesizedStage) -> None:
    subnets = stage.resources("network", "AWS::EC2::Subnet").values()
    zones = [subnet["Properties"]["AvailabilityZone"] for subnet in subnets]
    assert sorted(zones) == sorted(list(stage.settings.availability_zones) * 3)


def test_each_zone_of_production_has_its_own_nat_gateway(production: SynthesizedStage) -> None:
    assert len(production.resources("network", "AWS::EC2::NatGateway")) == 3


def test_production_is_10_0_0_0_16_and_staging_does_not_overlap_it(
    production: SynthesizedStage, staging: SynthesizedStage
) -> None:
    assert production.only("network", "AWS::EC2::VPC")["CidrBlock"] == "10.0.0.0/16"
    assert staging.only("network", "AWS::EC2::VPC")["CidrBlock"] == "10.1.0.0/16"
