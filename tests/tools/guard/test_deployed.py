"""The deployed templates of a stage, and the credentials that read them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tools.guard.deployed import cloudformation_clients, read_deployed, stage_of_stack
from tools.guard.errors import GuardError
from tools.templates.assembly import AssemblyStack

ROLE = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/lookup"


def synthesized(name: str, region: str = "us-east-1", account: str = "1") -> AssemblyStack:
    return AssemblyStack(name, {}, region, account, ROLE, ())


class CloudFormation:
    """Simulates CloudFormation. The template of a stack has its name as Description."""

    def __init__(self, statuses: Mapping[str, str], **parameters: str) -> None:
        """Create stacks with the given statuses, all of them with the same parameters."""
        self.statuses = statuses
        self.parameters = [
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ]

    def get_paginator(self, name: str) -> "CloudFormation":
        assert name == "describe_stacks"
        return self

    def paginate(self) -> Iterator[dict[str, Any]]:
        for name, status in self.statuses.items():
            stack = {
                "StackName": name,
                "StackStatus": status,
                "Parameters": self.parameters,
                "EnableTerminationProtection": True,
            }
            yield {"Stacks": [stack]}

    def get_template(self, **request: str) -> dict[str, Any]:
        assert request["TemplateStage"] == "Original"
        return {"TemplateBody": {"Description": request["StackName"]}}


def deployed_names(*stacks: AssemblyStack, **statuses: str) -> set[str]:
    client = CloudFormation({name.replace("_", "-"): s for name, s in statuses.items()})
    return set(read_deployed("staging", stacks, lambda region: client))


def test_a_stack_is_read_with_its_template_and_parameters() -> None:
    client = CloudFormation({"spywatcher-staging-data": "UPDATE_COMPLETE"}, Image="1.0.0")
    stacks = [synthesized("spywatcher-staging-data")]
    deployed = read_deployed("staging", stacks, lambda region: client)["spywatcher-staging-data"]
    assert deployed.template == {"Description": "spywatcher-staging-data"}
    assert deployed.parameters == {"Image": "1.0.0"}
    assert (deployed.status, deployed.is_protected) == ("UPDATE_COMPLETE", True)


def test_a_template_that_is_not_json_is_refused() -> None:
    client = CloudFormation({"spywatcher-staging-data": "CREATE_COMPLETE"})
    client.get_template = lambda **request: {"TemplateBody": "Resources: {}"}  # type: ignore[method-assign]
    with pytest.raises(GuardError, match="spywatcher-staging-data: found a template in YAML"):
        read_deployed("staging", [synthesized("spywatcher-staging-data")], lambda region: client)


def test_each_region_of_the_stage_is_searched() -> None:
    clients = {
        "us-east-1": CloudFormation({"a": "CREATE_COMPLETE"}),
        "us-west-2": CloudFormation({"b": "CREATE_COMPLETE"}),
    }
    stacks = [synthesized("a"), synthesized("b", "us-west-2")]
    deployed = read_deployed("staging", stacks, clients.__getitem__)
    assert {name: stack.region for name, stack in deployed.items()} == {
        "a": "us-east-1",
        "b": "us-west-2",
    }


@pytest.mark.parametrize("status", ["REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "DELETE_COMPLETE"])
def test_a_stack_without_resources_is_not_read(status: str) -> None:
    assert deployed_names(synthesized("a"), a=status) == set()


@pytest.mark.parametrize("status", ["UPDATE_ROLLBACK_FAILED", "DELETE_FAILED", "CREATE_FAILED"])
def test_a_stack_whose_last_operation_failed_is_read(status: str) -> None:
    assert deployed_names(synthesized("a"), a=status) == {"a"}


def test_a_stack_with_an_operation_in_progress_is_refused() -> None:
    with pytest.raises(GuardError, match="a: found status UPDATE_IN_PROGRESS; wait until"):
        deployed_names(synthesized("a"), a="UPDATE_IN_PROGRESS")


def test_deployed_stacks_of_the_stage_that_are_not_synthesized_are_read() -> None:
    deployed = deployed_names(
        synthesized("spywatcher-staging-data"),
        spywatcher_staging_data="CREATE_COMPLETE",
        spywatcher_staging_former="CREATE_COMPLETE",
        spywatcher_production_data="CREATE_COMPLETE",
        CDKToolkit="CREATE_COMPLETE",
    )
    assert deployed == {"spywatcher-staging-data", "spywatcher-staging-former"}


def test_a_stack_belongs_to_the_stage_with_the_longest_matching_name() -> None:
    stages = ["staging", "staging-eu"]
    assert stage_of_stack(stages, "spywatcher-staging-eu-data") == "staging-eu"
    assert stage_of_stack(stages, "spywatcher-staging-data") == "staging"
    assert stage_of_stack(stages, "spywatcher-stagingdata") is None


class Sts:
    """Simulates STS for a caller in account 1 of the partition aws-cn."""

    def __init__(self, can_assume: bool) -> None:
        self.can_assume = can_assume
        self.assumed: list[str] = []

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": "1", "Arn": "arn:aws-cn:sts::1:assumed-role/x/y"}

    def assume_role(self, **request: str) -> dict[str, Any]:
        self.assumed.append(request["RoleArn"])
        if not self.can_assume:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "AssumeRole")
        keys = ("AccessKeyId", "SecretAccessKey", "SessionToken")
        return {"Credentials": dict.fromkeys(keys, "of-the-role")}


class Session:
    """Simulates a boto3 session. A client is the dictionary of its arguments."""

    def __init__(self, sts: Sts) -> None:
        self.sts = sts

    def client(self, service: str, **options: str) -> Any:
        return self.sts if service == "sts" else options


def clients(sts: Sts, account: str = "1") -> Callable[[str], Any]:
    session: Any = Session(sts)
    return cloudformation_clients(session, [synthesized("a", account=account)])


def test_the_clients_have_the_credentials_of_the_lookup_role() -> None:
    sts = Sts(can_assume=True)
    assert clients(sts)("us-east-1") == {
        "region_name": "us-east-1",
        "aws_access_key_id": "of-the-role",
        "aws_secret_access_key": "of-the-role",
        "aws_session_token": "of-the-role",
    }
    assert sts.assumed == ["arn:aws-cn:iam::1:role/lookup"]


def test_the_clients_have_the_callers_credentials_if_the_lookup_role_cannot_be_assumed() -> None:
    assert clients(Sts(can_assume=False))("us-east-1") == {"region_name": "us-east-1"}


def test_credentials_for_another_account_are_refused() -> None:
    with pytest.raises(GuardError, match="a: found account 2; your credentials are for 1"):
        clients(Sts(can_assume=True), account="2")


def test_a_renamed_stage_file_is_refused_instead_of_making_a_second_stage() -> None:
    with pytest.raises(GuardError) as caught:
        deployed_names(synthesized("spywatcher-staging-data"), spywatcher_test_data="X_COMPLETE")
    message = str(caught.value)
    assert "the account has the stages test without a settings file" in message
    assert "git mv settings/staging.yaml settings/test.yaml" in message


def test_a_new_stage_beside_stages_with_files_and_other_stacks_is_not_a_renamed_one() -> None:
    assert not deployed_names(
        synthesized("spywatcher-staging-data"),
        spywatcher_production_data="UPDATE_COMPLETE",
        spywatcher_account="UPDATE_COMPLETE",
        CDKToolkit="UPDATE_COMPLETE",
    )


def test_a_deployed_stage_is_not_a_renamed_one() -> None:
    assert deployed_names(
        synthesized("spywatcher-staging-data"),
        spywatcher_staging_data="UPDATE_COMPLETE",
        spywatcher_test_data="UPDATE_COMPLETE",
    ) == {"spywatcher-staging-data"}
