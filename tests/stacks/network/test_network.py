"""The VPC, its endpoints and its flow logs. `flows` tests which connections are possible."""

import ipaddress
from collections.abc import Callable
from typing import Any

import pytest

from settings import load_stage
from settings.addresses import RESERVED_ADDRESSES, count_required_addresses
from settings.instances import NODE_TYPES
from tests.synthesis import SynthesizedStage, synthesize
from tools.templates.text import as_text

LOAD_BALANCER_ADDRESSES = 50
"""A load balancer takes at most 100 addresses of all its subnets ("Application Load Balancers",
Subnets). Half of them are in each subnet while one zone of three is unavailable."""


@pytest.fixture(scope="session")
def with_endpoints() -> SynthesizedStage:
    settings = load_stage("staging")
    network = settings.network.model_copy(update={"interface_endpoints": ("ecr.api", "sts")})
    return synthesize(settings.model_copy(update={"network": network}))


def tags(resource: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in resource["Properties"]["Tags"]}


def subnets(stage: SynthesizedStage, tier: str) -> list[dict[str, Any]]:
    found = stage.resources("network", "AWS::EC2::Subnet").values()
    return [subnet for subnet in found if tags(subnet)["aws-cdk:subnet-name"] == tier]


def usable_addresses(stage: SynthesizedStage, tier: str) -> int:
    ranges = [subnet["Properties"]["CidrBlock"] for subnet in subnets(stage, tier)]
    return (
        min(ipaddress.IPv4Network(range_).num_addresses for range_ in ranges) - RESERVED_ADDRESSES
    )


def addresses_of_nodes_and_pods(stage: SynthesizedStage) -> int:
    nodes = stage.only("cluster", "AWS::EKS::Nodegroup")
    return count_required_addresses(
        max_nodes=nodes["ScalingConfig"]["MaxSize"],
        max_pods=NODE_TYPES[nodes["InstanceTypes"][0]].max_pods,
        interface_endpoints=0,
    )


def addresses_of_load_balancer_and_nat(_: SynthesizedStage) -> int:
    return LOAD_BALANCER_ADDRESSES + 1


def addresses_of_data_stores(stage: SynthesizedStage) -> int:
    """Count a Multi-AZ database, a restored one beside it, and all nodes of the cache."""
    cache = stage.only("data", "AWS::ElastiCache::ReplicationGroup")
    return 2 * 2 + int(cache["NumCacheClusters"])


FREE_ADDRESSES = {
    # stage, tier: what uses addresses, and how many are free in a subnet at the maximum scale
    ("production", "private"): (addresses_of_nodes_and_pods, 3775),
    ("production", "public"): (addresses_of_load_balancer_and_nat, 200),
    ("production", "database"): (addresses_of_data_stores, 245),
    ("staging", "private"): (addresses_of_nodes_and_pods, 3976),
    ("staging", "public"): (addresses_of_load_balancer_and_nat, 200),
    ("staging", "database"): (addresses_of_data_stores, 246),
}


@pytest.mark.parametrize("name, tier", FREE_ADDRESSES)
def test_subnets_have_free_addresses_at_the_maximum_scale_without_a_zone(
    name: str, tier: str
) -> None:
    used: Callable[[SynthesizedStage], int]
    used, free = FREE_ADDRESSES[name, tier]
    stage = synthesize(load_stage(name))
    assert usable_addresses(stage, tier) - used(stage) == free


def test_subnets_have_the_tags_for_their_discovery_by_controllers(
    stage: SynthesizedStage,
) -> None:
    """CDK's EKS cluster adds them ("Subnet auto discovery") to a VPC of the same app."""
    expected = {
        "public": {"kubernetes.io/role/elb": "1"},
        "private": {"kubernetes.io/role/internal-elb": "1"},
        "database": {},
    }
    for tier, role_tags in expected.items():
        for subnet in subnets(stage, tier):
            found = {k: v for k, v in tags(subnet).items() if k.startswith("kubernetes.io/role")}
            assert found == role_tags


def test_each_tier_has_one_range_that_contains_no_other_tier(stage: SynthesizedStage) -> None:
    ranges = {
        tier: [
            ipaddress.IPv4Network(s["Properties"]["CidrBlock"]).supernet(2)
            for s in subnets(stage, tier)
        ]
        for tier in ("public", "private", "database")
    }
    assert [len(set(found)) for found in ranges.values()] == [1, 1, 1]
    assert len({found[0] for found in ranges.values()}) == 3


def test_flow_logs_of_all_traffic_are_encrypted_and_kept_for_30_days(
    stage: SynthesizedStage,
) -> None:
    log = stage.only("network", "AWS::EC2::FlowLog")
    assert (log["TrafficType"], log["ResourceType"]) == ("ALL", "VPC")
    group = stage.resources("network", "AWS::Logs::LogGroup")[log["LogGroupName"]["Ref"]]
    assert group["Properties"]["RetentionInDays"] == 30
    assert "KeysLogs" in as_text(group["Properties"]["KmsKeyId"])


def test_the_zones_of_staging_share_one_nat_gateway(staging: SynthesizedStage) -> None:
    assert len(staging.resources("network", "AWS::EC2::NatGateway")) == 1


def s3_policy(stage: SynthesizedStage) -> dict[str, dict[str, Any]]:
    endpoint = stage.only("network", "AWS::EC2::VPCEndpoint")
    assert endpoint["VpcEndpointType"] == "Gateway"
    return {statement["Sid"]: statement for statement in endpoint["PolicyDocument"]["Statement"]}


def test_the_s3_endpoint_allows_writing_to_buckets_of_this_account_only(
    stage: SynthesizedStage,
) -> None:
    policy = s3_policy(stage)
    own = policy.pop("OwnBuckets")
    assert own["Condition"] == {"StringEquals": {"aws:ResourceAccount": "111111111111"}}
    assert {sid: statement["Action"] for sid, statement in policy.items()} == {
        "ReadImagesAndPackages": "s3:GetObject",
        "AnswerCloudFormation": "s3:PutObject",
    }


def test_the_s3_endpoint_names_every_bucket_of_another_account(stage: SynthesizedStage) -> None:
    policy = s3_policy(stage)
    read = policy["ReadImagesAndPackages"]["Resource"]
    assert "arn:aws:s3:::prod-us-east-1-starport-layer-bucket/*" in read
    assert "arn:aws:s3:::prod-registry-k8s-io-us-east-1/*" in read
    assert not [arn for arn in read if "*" in arn.removesuffix("/*")]


def test_functions_in_the_vpc_can_respond_to_cloudformation(stage: SynthesizedStage) -> None:
    assert s3_policy(stage)["AnswerCloudFormation"]["Resource"] == (
        "arn:aws:s3:::cloudformation-custom-resource-response-useast1/*"
    )


def test_interface_endpoints_are_in_every_private_subnet_with_private_dns(
    with_endpoints: SynthesizedStage,
) -> None:
    endpoints = [
        endpoint["Properties"]
        for endpoint in with_endpoints.resources("network", "AWS::EC2::VPCEndpoint").values()
        if endpoint["Properties"]["VpcEndpointType"] == "Interface"
    ]
    assert {as_text(e["ServiceName"]).rpartition("us-east-1.")[2] for e in endpoints} == {
        "ecr.api",
        "sts",
    }
    for endpoint in endpoints:
        assert endpoint["PrivateDnsEnabled"] is True
        assert all("private" in subnet["Ref"] for subnet in endpoint["SubnetIds"])
        assert len(endpoint["SubnetIds"]) == 3


def test_no_stage_has_interface_endpoints(stage: SynthesizedStage) -> None:
    assert stage.settings.network.interface_endpoints == ()


def test_nodes_and_kubectl_depend_on_their_access_to_the_endpoints(
    with_endpoints: SynthesizedStage,
) -> None:
    (nodes,) = with_endpoints.resources("cluster", "AWS::EKS::Nodegroup").values()
    (cluster,) = with_endpoints.resources("cluster", "AWS::EKS::Cluster").values()
    assert "PodsToEndpointsIngress" in nodes["DependsOn"]
    assert "KubectlProviderToEndpointsIngress" in cluster["DependsOn"]


def test_every_security_group_has_a_description(stage: SynthesizedStage) -> None:
    for stack in ("network", "cluster"):
        for key, group in stage.resources(stack, "AWS::EC2::SecurityGroup").items():
            description = group["Properties"]["GroupDescription"]
            assert not description.startswith(f"{stage.settings.stage}/"), key
            assert description != "EKS Control Plane Security Group", key


def test_the_default_security_group_has_no_rules(stage: SynthesizedStage) -> None:
    assert len(stage.resources("network", "Custom::VpcRestrictDefaultSG")) == 1


def test_the_kubectl_provider_shares_no_security_group_with_pods(
    stage: SynthesizedStage,
) -> None:
    functions = stage.resources("cluster", "AWS::Lambda::Function").values()
    inside = [f["Properties"]["VpcConfig"] for f in functions if "VpcConfig" in f["Properties"]]
    assert len(inside) == 2
    for config in inside:
        assert [as_text(group) for group in config["SecurityGroupIds"]] != []
        assert "ClusterSecurityGroupId" not in str(config)
