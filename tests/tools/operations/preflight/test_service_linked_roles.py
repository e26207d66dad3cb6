"""The service-linked roles before the first deployment."""

from collections.abc import Mapping
from typing import Any

from tests.tools.operations.simulated_account import ApiError, SimulatedAccount
from tools.operations.preflight.row import Status
from tools.operations.preflight.service_linked_roles import check_service_linked_roles

NEEDED_BY_EVERY_STAGE = {
    "AWSServiceRoleForAmazonEKS",
    "AWSServiceRoleForAmazonEKSNodegroup",
    "AWSServiceRoleForAutoScaling",
    "AWSServiceRoleForElastiCache",
    "AWSServiceRoleForElasticLoadBalancing",
    "AWSServiceRoleForRDS",
}


def test_a_role_that_does_not_exist_has_the_command_that_creates_it(
    account: SimulatedAccount,
) -> None:
    def answer(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        if parameters["RoleName"] == "AWSServiceRoleForAutoScaling":
            raise ApiError("NoSuchEntity")
        return {"Role": {}}

    account.answers["iam:GetRole"] = answer
    (row,) = check_service_linked_roles(account.session, account.settings)
    assert row.text == (
        "no AWSServiceRoleForAutoScaling; allowed: every role that the services of the stage "
        "assume; fix: python3 dev.py service-linked-roles production"
    )


def test_the_roles_of_every_service_of_the_stage_are_checked(account: SimulatedAccount) -> None:
    (row,) = check_service_linked_roles(account.session, account.settings)
    assert row.status == Status.OK
    assert {call.parameters["RoleName"] for call in account.calls} >= NEEDED_BY_EVERY_STAGE
