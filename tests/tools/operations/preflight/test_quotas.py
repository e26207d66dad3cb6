"""The quotas of an account, compared with what a deployment needs."""

from typing import Any

import pytest

from settings import load_stage
from tests.stacks.lambda_executions import max_executions
from tests.synthesis import synthesize
from tests.tools.operations.simulated_account import (
    SimulatedAccount,
    refuse,
    stage_settings,
)
from tools.operations.preflight import quotas
from tools.operations.preflight.row import Row, Status

REQUEST = "aws service-quotas request-service-quota-increase"


def instance(instance_type: str, vcpus: int = 2, **values: Any) -> dict[str, Any]:
    cpu = {"CoreCount": vcpus // 2, "ThreadsPerCore": 2}
    return {"InstanceType": instance_type, "CpuOptions": cpu, **values}


def set_quota(account: SimulatedAccount, value: int) -> None:
    account.answers["servicequotas:GetServiceQuota"] = {"Quota": {"Value": float(value)}}


def test_the_number_of_lambda_executions_is_that_of_the_templates() -> None:
    stages = [synthesize(load_stage(name)) for name in ("staging", "production")]
    assert max(max_executions(stage) for stage in stages) == quotas.LAMBDA_EXECUTIONS


def test_executions_that_functions_reserve_do_not_count(account: SimulatedAccount) -> None:
    account.answers["lambda:GetAccountSettings"] = {
        "AccountLimit": {"ConcurrentExecutions": 18, "UnreservedConcurrentExecutions": 8}
    }
    assert quotas.check_lambda_executions(account.session, account.settings) == [
        Row(
            "Lambda executions",
            Status.MISSING,
            "8 at the same time (18 less what functions reserve)",
            "at least 9",
            f"{REQUEST} --service-code lambda --quota-code L-B99A9384 --desired-value 1000 "
            "--region us-east-1",
        )
    ]


def test_a_new_account_cannot_start_the_nodes_of_production(account: SimulatedAccount) -> None:
    """Production starts 3 nodes with 2 vCPUs each, and has 10 at maximum scale."""
    set_quota(account, 5)
    first, maximum = quotas.check_vcpus(account.session, account.settings)
    assert first.text == (
        "quota 5, 0 used by others; allowed: at least 6: the stage needs 6; "
        f"fix: {REQUEST} --service-code ec2 --quota-code L-1216C47A --desired-value 20 "
        "--region us-east-1"
    )
    assert (maximum.status, maximum.allowed) == (Status.MISSING, "at least 20: the stage needs 20")


def test_the_quota_of_the_first_nodes_can_suffice_where_that_of_all_does_not(
    account: SimulatedAccount,
) -> None:
    set_quota(account, 19)
    first, maximum = quotas.check_vcpus(account.session, account.settings)
    assert (first.status, maximum.status) == (Status.OK, Status.MISSING)


def test_vcpus_of_other_instances_count_and_those_of_the_cluster_do_not(
    account: SimulatedAccount,
) -> None:
    def node(cluster: str) -> list[dict[str, str]]:
        return [{"Key": "eks:cluster-name", "Value": cluster}]

    instances = [
        instance("t3.medium", Tags=node("spywatcher-staging")),
        instance("m7i.xlarge", vcpus=4),
        instance("t3.large", Tags=node("spywatcher-production")),
        instance("m5.large", InstanceLifecycle="spot"),
        instance("g5.xlarge", vcpus=4),
        instance("trn1.2xlarge", vcpus=8),
    ]
    account.answers["ec2:DescribeInstances"] = {"Reservations": [{"Instances": instances}]}
    first, _ = quotas.check_vcpus(account.session, account.settings)
    assert first.found == "quota 64, 6 used by others, 6 needed"
    (state,) = account.calls[-1].parameters["Filters"]
    assert state["Values"] == ["pending", "running"]


def test_the_addresses_of_the_stage_do_not_count_against_it(account: SimulatedAccount) -> None:
    tags = {"Project": "spywatcher", "Environment": "production"}
    own = {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
    account.answers["ec2:DescribeAddresses"] = {"Addresses": [own, own, own, {}]}
    (row,) = quotas.check_elastic_ips(account.session, account.settings)
    assert row.found == "quota 5, 1 used by others, 3 needed"


def test_staging_needs_one_address() -> None:
    account = SimulatedAccount(stage_settings("staging"))
    account.answers["ec2:DescribeAddresses"] = {"Addresses": [{}, {}, {}, {}]}
    (row,) = quotas.check_elastic_ips(account.session, account.settings)
    assert row.status == Status.OK


def test_a_region_with_five_vpcs_takes_no_other(account: SimulatedAccount) -> None:
    account.answers["ec2:DescribeVpcs"] = {"Vpcs": [{}] * 5}
    (row,) = quotas.check_vpcs(account.session, account.settings)
    assert (row.status, row.allowed) == (Status.MISSING, "at least 6: the stage needs 1")


def test_the_default_quota_is_used_where_none_is_applied(account: SimulatedAccount) -> None:
    account.answers["servicequotas:GetServiceQuota"] = refuse("NoSuchResourceException")
    account.answers["servicequotas:GetAWSDefaultServiceQuota"] = {"Quota": {"Value": 5.0}}
    (row,) = quotas.check_vpcs(account.session, account.settings)
    assert row.found == "quota 5, 1 used by others, 1 needed"


@pytest.mark.parametrize("stage", ["staging", "production"])
def test_every_request_names_the_region_of_the_stage(stage: str) -> None:
    account = SimulatedAccount(stage_settings(stage))
    set_quota(account, 0)
    rows = [
        *quotas.check_vcpus(account.session, account.settings),
        *quotas.check_vpcs(account.session, account.settings),
    ]
    assert all(row.fix.endswith("--region us-east-1") for row in rows)
