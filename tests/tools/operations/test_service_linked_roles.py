"""The service-linked roles of an account, which the command creates where they are missing."""

from typing import Any

import pytest

from settings import StageSettings, load_stage
from tools.operations.errors import OperationError
from tools.operations.service_linked_roles import (
    create_missing_roles,
    missing_roles,
    required_roles,
)


class NoSuchEntityError(Exception):
    """The error of the client for a role that does not exist."""


class InvalidInputError(Exception):
    """The error of the client for a role that exists, and for a service without such a role."""


class Iam:
    """Simulates IAM in an account with some service-linked roles."""

    class exceptions:  # noqa: N801 - the client's own name
        NoSuchEntityException = NoSuchEntityError
        InvalidInputException = InvalidInputError

        class EntityAlreadyExistsException(Exception):  # noqa: N818 - the client's own name
            """The error of the client for a role that exists, in the embedded AWS."""

    def __init__(self, *names: str, error: Exception | None = None) -> None:
        self.names = set(names)
        self.created: list[str] = []
        self.error = error

    def get_role(self, **request: str) -> None:
        if request["RoleName"] not in self.names:
            raise NoSuchEntityError

    def create_service_linked_role(self, **request: str) -> None:
        if self.error:
            raise self.error
        (role,) = (role for role in every_role() if role.service == request["AWSServiceName"])
        self.names.add(role.name)
        self.created.append(role.name)


class Session:
    """Simulates a boto3 session with credentials for account 111111111111."""

    def __init__(self, iam: Iam) -> None:
        self.iam = iam

    def client(self, service: str) -> Any:
        return {"iam": self.iam, "sts": self}[service]

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": "111111111111"}


def stage_with(**changes: Any) -> StageSettings:
    values = load_stage("staging").model_dump()
    for section, settings in changes.items():
        values[section] |= settings
    return StageSettings.model_validate(values)


def every_role() -> list[Any]:
    slack = {"workspace_id": "T0", "critical_channel_id": "C1", "warning_channel_id": "C2"}
    return required_roles(
        stage_with(
            account_wide={"guardduty_features": ("EBS_MALWARE_PROTECTION",)},
            monitoring={"subscriptions": {"slack": slack}},
        )
    )


def create(iam: Iam, settings: StageSettings) -> list[str]:
    session: Any = Session(iam)
    return list(create_missing_roles(session, settings))


def test_a_stage_needs_the_roles_of_the_services_that_it_uses() -> None:
    assert {role.name for role in every_role()} == {
        "AWSServiceRoleForAWSChatbot",
        "AWSServiceRoleForAccessAnalyzer",
        "AWSServiceRoleForAmazonEKS",
        "AWSServiceRoleForAmazonEKSNodegroup",
        "AWSServiceRoleForAmazonGuardDuty",
        "AWSServiceRoleForAmazonGuardDutyMalwareProtection",
        "AWSServiceRoleForAutoScaling",
        "AWSServiceRoleForConfig",
        "AWSServiceRoleForConfigConforms",
        "AWSServiceRoleForElastiCache",
        "AWSServiceRoleForElasticLoadBalancing",
        "AWSServiceRoleForRDS",
    }


@pytest.mark.parametrize(
    ("changes", "unneeded"),
    [
        ({"access_analyzer": "use"}, "AWSServiceRoleForAccessAnalyzer"),
        ({"guardduty": "none"}, "AWSServiceRoleForAmazonGuardDuty"),
        ({"config_recorder": "use"}, "AWSServiceRoleForConfig"),
        ({"conformance_pack": False}, "AWSServiceRoleForConfigConforms"),
    ],
)
def test_an_account_needs_the_roles_of_what_the_account_stack_makes(
    changes: dict[str, Any], unneeded: str
) -> None:
    names = {role.name for role in required_roles(stage_with(account_wide=changes))}
    assert {role.name for role in required_roles(load_stage("staging"))} - names == {unneeded}


def test_each_missing_role_is_created_once() -> None:
    iam = Iam("AWSServiceRoleForRDS")
    settings = load_stage("staging")
    wanted = {role.name for role in required_roles(settings)}
    lines = create(iam, settings)
    assert "AWSServiceRoleForRDS: exists" in lines
    assert "AWSServiceRoleForAmazonEKS: created" in lines
    assert set(iam.created) == wanted - {"AWSServiceRoleForRDS"}
    assert missing_roles(iam, settings) == []
    assert create(iam, settings) == [f"{name}: exists" for name in sorted(wanted)]


@pytest.mark.parametrize(
    "error",
    [
        InvalidInputError("Service role name AWSServiceRoleForRDS has been taken in this account"),
        Iam.exceptions.EntityAlreadyExistsException(),
    ],
)
def test_a_role_that_its_service_creates_in_the_meantime_exists(error: Exception) -> None:
    lines = create(Iam(error=error), load_stage("staging"))
    assert {line.partition(": ")[2] for line in lines} == {"exists"}


def test_another_error_of_iam_is_not_hidden() -> None:
    with pytest.raises(InvalidInputError):
        create(Iam(error=InvalidInputError("no such service")), load_stage("staging"))


def test_credentials_for_another_account_create_nothing() -> None:
    iam = Iam()
    settings = load_stage("staging").model_copy(update={"account": "222222222222"})
    with pytest.raises(OperationError) as caught:
        create(iam, settings)
    assert str(caught.value) == (
        "settings/staging.yaml: account: found 222222222222; your credentials are for 111111111111"
    )
    assert iam.created == []
