"""The formats of generated identifiers and attributes, compared with those of AWS."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tools.embedded_aws.cloudformation.attributes import AttributeGenerator, Scope
from tools.templates.schemas import registry_schemas

SCOPE = Scope("111122223333", "eu-west-1")
UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
HEX = "[0-9a-f]{17}"
ARN = "arn:aws:{}:eu-west-1:111122223333:{}"


def _generated(resource_type: str, **properties: object) -> tuple[str, dict[str, Any]]:
    schema = registry_schemas().get(resource_type, SCOPE.region)
    assert schema
    physical_id = AttributeGenerator(schema, SCOPE, properties, "seed", "st-Lo-1A").physical_id()
    maker = AttributeGenerator.of_existing(schema, SCOPE, properties, physical_id)
    return physical_id, maker.attributes(physical_id)


@pytest.mark.parametrize(
    ("resource_type", "properties", "reference"),
    [
        ("AWS::EC2::NatGateway", {}, f"nat-{HEX}"),
        ("AWS::EC2::NetworkAcl", {}, f"acl-{HEX}"),
        ("AWS::EC2::FlowLog", {}, f"fl-{HEX}"),
        ("AWS::EC2::SubnetNetworkAclAssociation", {}, f"aclassoc-{HEX}"),
        ("AWS::GuardDuty::Detector", {}, "[0-9a-f]{32}"),
        ("AWS::CloudTrail::Trail", {}, "st-Lo-1A"),
        ("AWS::CloudTrail::Trail", {"TrailName": "audit"}, "audit"),
        ("AWS::Synthetics::Canary", {}, "st-lo-1a"),
        ("AWS::Budgets::Budget", {"Budget": {"BudgetName": "monthly"}}, "monthly"),
        ("AWS::EKS::Addon", {"ClusterName": "c", "AddonName": "a"}, r"c\|a"),
        ("AWS::AccessAnalyzer::Analyzer", {}, ARN.format("access-analyzer", "analyzer/st-Lo-1A")),
        (
            "AWS::EKS::PodIdentityAssociation",
            {"ClusterName": "c"},
            ARN.format("eks", f"podidentityassociation/c/a-{HEX}"),
        ),
    ],
)
def test_ref_has_the_format_of_aws(
    resource_type: str, properties: dict[str, Any], reference: str
) -> None:
    assert re.fullmatch(reference, _generated(resource_type, **properties)[0])


@pytest.mark.parametrize(
    ("resource_type", "properties", "name", "value"),
    [
        ("AWS::EC2::EIP", {}, "AllocationId", f"eipalloc-{HEX}"),
        ("AWS::EKS::Addon", {"ClusterName": "c"}, "Arn", ARN.format("eks", f"addon/c/{UUID}")),
        ("AWS::CloudWatch::CompositeAlarm", {}, "Arn", ARN.format("cloudwatch", "alarm:st-Lo-1A")),
        ("AWS::ElasticLoadBalancingV2::LoadBalancer", {}, "CanonicalHostedZoneID", "Z[0-9A-F]{13}"),
        ("AWS::RDS::DBInstance", {"Port": 6000}, "Endpoint.Port", "6000"),
        ("AWS::RDS::DBInstance", {}, "Endpoint.Port", "5432"),
        ("AWS::RDS::DBInstance", {}, "Endpoint.Address", r"[a-z0-9.-]+\.rds\.amazonaws\.com"),
        ("AWS::EC2::VPC", {"CidrBlock": "10.0.0.0/16"}, "CidrBlock", "10.0.0.0/16"),
        ("AWS::EC2::VPC", {}, "DefaultSecurityGroup", f"sg-{HEX}"),
        (
            "AWS::IAM::OIDCProvider",
            {"Url": "https://issuer.example.com"},
            "Arn",
            "arn:aws:iam::111122223333:oidc-provider/issuer.example.com",
        ),
        (
            "AWS::EKS::Cluster",
            {"EncryptionConfig": [{"Provider": {"KeyArn": "arn:key"}}]},
            "EncryptionConfigKeyArn",
            "arn:key",
        ),
    ],
)
def test_an_attribute_has_the_format_of_aws(
    resource_type: str, properties: dict[str, Any], name: str, value: str
) -> None:
    assert re.fullmatch(value, _generated(resource_type, **properties)[1][name])


def test_booleans_and_numbers_are_not_strings() -> None:
    attributes = _generated("AWS::RDS::DBInstance")[1]

    assert attributes["IsStorageConfigUpgradeAvailable"] is False
    assert isinstance(attributes["StorageOperationPercentProgress"], int)


def test_the_id_in_an_arn_is_the_id_attribute() -> None:
    reference, attributes = _generated("AWS::EKS::PodIdentityAssociation", ClusterName="c")

    assert reference.endswith("/" + attributes["AssociationId"])


def test_the_partition_follows_the_region() -> None:
    assert Scope("1", "cn-north-1").partition == "aws-cn"
    assert Scope("1", "us-gov-west-1").partition == "aws-us-gov"


def test_two_resources_of_a_type_differ() -> None:
    schema = registry_schemas().get("AWS::EC2::NatGateway", SCOPE.region)
    assert schema
    makers = [AttributeGenerator(schema, SCOPE, {}, seed, "n") for seed in ("a", "b")]

    assert makers[0].physical_id() != makers[1].physical_id()


def test_every_type_of_the_registry_has_an_id_and_attributes() -> None:
    for resource_type in registry_schemas().types(SCOPE.region):
        reference, attributes = _generated(resource_type)
        assert reference, resource_type
        assert all(value is not None for value in attributes.values()), resource_type
