"""The way out of a failed creation in a protected stage (docs/runbooks/failed-creation.md)."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

NAME = "spywatcher-production-later"
INSTANCE = {
    "Type": "AWS::RDS::DBInstance",
    "DeletionPolicy": "RetainExceptOnCreate",
    "UpdateReplacePolicy": "Retain",
    "Properties": {
        "DBInstanceIdentifier": NAME,
        "DBInstanceClass": "db.t3.medium",
        "Engine": "postgres",
        "AllocatedStorage": "20",
        "MasterUsername": "spywatcher",
        "MasterUserPassword": "not-a-secret",
        "DeletionProtection": True,
    },
}
LOAD_BALANCER = {
    "Type": "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "Properties": {
        "Name": NAME,
        "Subnets": ["subnet-1", "subnet-2"],
        "LoadBalancerAttributes": [{"Key": "deletion_protection.enabled", "Value": "true"}],
    },
}
CLUSTER: dict[str, Any] = {
    "Type": "AWS::EKS::Cluster",
    "Properties": {
        "Name": NAME,
        "RoleArn": "arn:aws:iam::000000000000:role/cluster",
        "ResourcesVpcConfig": {"SubnetIds": ["subnet-1", "subnet-2"]},
        "DeletionProtection": True,
    },
}
LOG_GROUP = {
    "Type": "AWS::Logs::LogGroup",
    "DeletionPolicy": "RetainExceptOnCreate",
    "Properties": {"LogGroupName": NAME},
}


class ProtectedStack:
    """A stack that the CDK CLI creates in a protected stage."""

    def __init__(self, aws: Callable[[str], Any]) -> None:
        self.cloudformation = aws("cloudformation")
        self.rds = aws("rds")
        self.logs = aws("logs")

    def create(self, *protected: dict[str, Any], fails: bool) -> str:
        """Create the stack with resources before one that may fail; return its status."""
        wrong = {"NoSuchProperty": 1} if fails else {}
        resources: dict[str, Any] = {f"R{index}": each for index, each in enumerate(protected)}
        resources["Last"] = {
            "Type": "AWS::EC2::VPC",
            "DependsOn": list(resources),
            "Properties": {"CidrBlock": "10.9.0.0/16"} | wrong,
        }
        self.cloudformation.create_stack(
            StackName=NAME,
            TemplateBody=json.dumps({"Resources": resources}),
            EnableTerminationProtection=True,
        )
        (stack,) = self.cloudformation.describe_stacks(StackName=NAME)["Stacks"]
        return str(stack["StackStatus"])

    def delete(self) -> None:
        self.cloudformation.delete_stack(StackName=NAME)

    def remove_termination_protection(self) -> None:
        self.cloudformation.update_termination_protection(
            StackName=NAME, EnableTerminationProtection=False
        )

    def remove_instance(self) -> None:
        self.rds.modify_db_instance(
            DBInstanceIdentifier=NAME, DeletionProtection=False, ApplyImmediately=True
        )
        self.rds.delete_db_instance(DBInstanceIdentifier=NAME, SkipFinalSnapshot=True)

    def remains(self) -> list[str]:
        """Return the types of the resources that exist."""
        instances = self.rds.describe_db_instances()["DBInstances"]
        groups = self.logs.describe_log_groups(logGroupNamePrefix=NAME)["logGroups"]
        names = [each["DBInstanceIdentifier"] for each in instances]
        return ["instance"] * names.count(NAME) + ["log group"] * len(groups)


@pytest.fixture
def protected(aws: Callable[[str], Any]) -> Iterator[ProtectedStack]:
    stack = ProtectedStack(aws)
    yield stack
    stack.remove_termination_protection()
    stack.delete()
    if "instance" in stack.remains():
        stack.remove_instance()
    if "log group" in stack.remains():
        stack.logs.delete_log_group(logGroupName=NAME)


def test_a_stack_in_rollback_complete_is_created_again_without_termination_protection(
    protected: ProtectedStack,
) -> None:
    assert protected.create(LOG_GROUP, fails=True) == "ROLLBACK_COMPLETE"
    assert protected.remains() == []
    with pytest.raises(ClientError, match="while TerminationProtection is enabled"):
        protected.delete()

    protected.remove_termination_protection()
    protected.delete()

    assert protected.create(LOG_GROUP, fails=False) == "CREATE_COMPLETE"


def test_a_stack_in_rollback_failed_is_created_again_without_its_protected_resource(
    protected: ProtectedStack,
) -> None:
    assert protected.create(LOG_GROUP, INSTANCE, fails=True) == "ROLLBACK_FAILED"
    assert protected.remains() == ["instance"]

    protected.remove_instance()
    protected.remove_termination_protection()
    protected.delete()

    assert protected.create(LOG_GROUP, INSTANCE, fails=False) == "CREATE_COMPLETE"


def test_the_deletion_of_the_stack_alone_leaves_a_name_that_blocks_the_creation(
    protected: ProtectedStack,
) -> None:
    assert protected.create(INSTANCE, fails=True) == "ROLLBACK_FAILED"
    protected.remove_termination_protection()
    protected.delete()
    assert protected.remains() == ["instance"]
    assert protected.create(INSTANCE, fails=False) == "ROLLBACK_COMPLETE"


def test_a_creation_is_repeated_once_its_load_balancer_is_not_protected(
    protected: ProtectedStack, aws: Callable[[str], Any]
) -> None:
    """Elastic Load Balancing refuses the deletion until the attribute is false."""
    elb = aws("elbv2")
    assert protected.create(LOAD_BALANCER, fails=True) == "ROLLBACK_FAILED"
    (balancer,) = elb.describe_load_balancers(Names=[NAME])["LoadBalancers"]
    with pytest.raises(ClientError, match="deletion protection is enabled"):
        elb.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
    off = {"Key": "deletion_protection.enabled", "Value": "false"}
    elb.modify_load_balancer_attributes(
        LoadBalancerArn=balancer["LoadBalancerArn"], Attributes=[off]
    )

    protected.remove_termination_protection()
    protected.delete()

    names = [each["LoadBalancerName"] for each in elb.describe_load_balancers()["LoadBalancers"]]
    assert NAME not in names
    assert protected.create(LOG_GROUP, fails=False) == "CREATE_COMPLETE"


def test_a_creation_is_repeated_once_its_cluster_is_not_protected(
    protected: ProtectedStack, aws: Callable[[str], Any]
) -> None:
    """Amazon EKS refuses the deletion until its deletion protection is disabled."""
    eks = aws("eks")
    assert protected.create(CLUSTER, fails=True) == "ROLLBACK_FAILED"
    assert eks.describe_cluster(name=NAME)["cluster"]["deletionProtection"] is True
    with pytest.raises(ClientError, match="deletion protection is enabled"):
        eks.delete_cluster(name=NAME)

    eks.update_cluster_config(name=NAME, deletionProtection=False)
    protected.remove_termination_protection()
    protected.delete()

    assert NAME not in eks.list_clusters()["clusters"]
    assert protected.create(LOG_GROUP, fails=False) == "CREATE_COMPLETE"


def test_an_update_sets_the_protection_of_a_cluster(
    protected: ProtectedStack, aws: Callable[[str], Any]
) -> None:
    protected.create(CLUSTER, fails=False)
    unprotected = CLUSTER["Properties"] | {"DeletionProtection": False}
    template = {"Resources": {"R0": CLUSTER | {"Properties": unprotected}}}
    protected.cloudformation.update_stack(StackName=NAME, TemplateBody=json.dumps(template))
    cluster = aws("eks").describe_cluster(name=NAME)["cluster"]
    assert cluster["deletionProtection"] is False
