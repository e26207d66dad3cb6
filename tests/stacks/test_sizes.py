"""INFRASTRUCTURE.md: Resource Sizing, for each stage."""

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
def test_pods_request_the_resources_of_the_design(stage: str, service: str) -> None:
    memory, cpu, minimum, maximum = SERVICES[stage, service]
    synthesized = synthesize(load_stage(stage))
    pod = synthesized.manifest("Deployment", f"spywatcher-{service}")["spec"]["template"]["spec"]
    assert pod["containers"][0]["resources"]["requests"] == {"cpu": cpu, "memory": memory}
    scaler = synthesized.manifest("HorizontalPodAutoscaler", f"spywatcher-{service}")["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (minimum, maximum)


def test_the_database_has_the_class_and_the_standby_of_the_design(
    stage: SynthesizedStage,
) -> None:
    database = stage.only("data", "AWS::RDS::DBInstance")
    expected = DATABASES[stage.settings.stage]
    assert (database["DBInstanceClass"], database["MultiAZ"]) == expected


def test_the_cache_has_the_type_and_number_of_nodes_of_the_design(
    stage: SynthesizedStage,
) -> None:
    cache = stage.only("data", "AWS::ElastiCache::ReplicationGroup")
    assert (cache["CacheNodeType"], cache["NumCacheClusters"]) == CACHES[stage.settings.stage]
    assert cache["AutomaticFailoverEnabled"] == (cache["NumCacheClusters"] > 1)


def test_the_node_group_has_the_type_and_the_sizes_of_the_design(
    stage: SynthesizedStage,
) -> None:
    nodes = stage.only("cluster", "AWS::EKS::Nodegroup")
    instance_type, minimum, desired, maximum = NODES[stage.settings.stage]
    assert nodes["InstanceTypes"] == [instance_type]
    assert nodes["ScalingConfig"] == {
        "MinSize": minimum,
        "DesiredSize": desired,
        "MaxSize": maximum,
    }


def test_the_vpc_has_three_tiers_in_three_zones(stage: SynthesizedStage) -> None:
    subnets = stage.resources("network", "AWS::EC2::Subnet").values()
    zones = [subnet["Properties"]["AvailabilityZone"] for subnet in subnets]
    assert sorted(zones) == sorted(list(stage.settings.availability_zones) * 3)


def test_each_zone_of_production_has_its_own_nat_gateway(production: SynthesizedStage) -> None:
    assert len(production.resources("network", "AWS::EC2::NatGateway")) == 3


def test_the_ranges_of_production_and_staging_do_not_overlap(
    production: SynthesizedStage, staging: SynthesizedStage
) -> None:
    assert production.only("network", "AWS::EC2::VPC")["CidrBlock"] == "10.0.0.0/16"
    assert staging.only("network", "AWS::EC2::VPC")["CidrBlock"] == "10.1.0.0/16"
