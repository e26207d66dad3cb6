"""The service-linked roles that the stacks need, and their creation.

Many services create their role when it is first needed. A new account has none of them yet, and the
first request to a service can fail because its role is not usable at once. No template has them:
`AWS::IAM::ServiceLinkedRole` fails in an account that has the role.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from settings import StageSettings
from settings.account_wide import AccountWideSettings
from tools.operations.errors import OperationError

if TYPE_CHECKING:
    from boto3 import Session
    from botocore.client import BaseClient


@dataclass(frozen=True)
class ServiceLinkedRole:
    """A service-linked role, which IAM creates for the principal of a service."""

    name: str
    service: str


_OF_EVERY_STAGE = (
    ServiceLinkedRole("AWSServiceRoleForAmazonEKS", "eks.amazonaws.com"),
    ServiceLinkedRole("AWSServiceRoleForAmazonEKSNodegroup", "eks-nodegroup.amazonaws.com"),
    ServiceLinkedRole("AWSServiceRoleForAutoScaling", "autoscaling.amazonaws.com"),
    ServiceLinkedRole("AWSServiceRoleForElastiCache", "elasticache.amazonaws.com"),
    ServiceLinkedRole(
        "AWSServiceRoleForElasticLoadBalancing", "elasticloadbalancing.amazonaws.com"
    ),
    ServiceLinkedRole("AWSServiceRoleForRDS", "rds.amazonaws.com"),
)
_ACCESS_ANALYZER = ServiceLinkedRole(
    "AWSServiceRoleForAccessAnalyzer", "access-analyzer.amazonaws.com"
)
_GUARDDUTY = ServiceLinkedRole("AWSServiceRoleForAmazonGuardDuty", "guardduty.amazonaws.com")
_MALWARE_PROTECTION = ServiceLinkedRole(
    "AWSServiceRoleForAmazonGuardDutyMalwareProtection",
    "malware-protection.guardduty.amazonaws.com",
)
_CONFIG = ServiceLinkedRole("AWSServiceRoleForConfig", "config.amazonaws.com")
_CONFORMANCE_PACKS = ServiceLinkedRole(
    "AWSServiceRoleForConfigConforms", "config-conforms.amazonaws.com"
)
_CHAT = ServiceLinkedRole("AWSServiceRoleForAWSChatbot", "management.chatbot.amazonaws.com")


def required_roles(settings: StageSettings) -> list[ServiceLinkedRole]:
    """Return the roles that the stage and its account need, by name.

    The names and the principals are those of the page "Using service-linked roles" in the guide of
    each service.
    """
    roles = [*_OF_EVERY_STAGE, *_roles_of_the_account(settings.account_wide)]
    if settings.monitoring.subscriptions.slack:
        roles.append(_CHAT)
    return sorted(roles, key=lambda role: role.name)


def _roles_of_the_account(settings: AccountWideSettings) -> Iterator[ServiceLinkedRole]:
    if settings.access_analyzer == "make":
        yield _ACCESS_ANALYZER
    if settings.guardduty == "make":
        yield _GUARDDUTY
        if "EBS_MALWARE_PROTECTION" in settings.guardduty_features:
            yield _MALWARE_PROTECTION
    if settings.config_recorder == "make":
        yield _CONFIG
    if settings.conformance_pack:
        yield _CONFORMANCE_PACKS


def missing_roles(iam: "BaseClient", settings: StageSettings) -> list[ServiceLinkedRole]:
    """Return the required roles that the account does not have.

    Args:
        iam: an IAM client. The caller needs `iam:GetRole`.
        settings: the settings of the stage.
    """
    return [role for role in required_roles(settings) if not _exists(iam, role)]


def create_missing_roles(session: "Session", settings: StageSettings) -> Iterator[str]:
    """Create the required roles that the account does not have; yield a line for each role.

    Raises:
        OperationError: the credentials are for another account than the stage's.
    """
    caller_account = session.client("sts").get_caller_identity()["Account"]
    if settings.account not in (None, caller_account):
        raise OperationError(
            f"settings/{settings.stage}.yaml: account: found {settings.account}; your credentials "
            f"are for {caller_account}"
        )
    iam = session.client("iam")
    for role in required_roles(settings):
        is_new = not _exists(iam, role) and _create(iam, role)
        yield f"{role.name}: {'created' if is_new else 'exists'}"


def _exists(iam: "BaseClient", role: ServiceLinkedRole) -> bool:
    try:
        iam.get_role(RoleName=role.name)
    except iam.exceptions.NoSuchEntityException:
        return False
    return True


def _create(iam: "BaseClient", role: ServiceLinkedRole) -> bool:
    """Create a role; return False if its service has created it in the meantime."""
    try:
        iam.create_service_linked_role(AWSServiceName=role.service)
    except iam.exceptions.EntityAlreadyExistsException:
        return False
    except iam.exceptions.InvalidInputException as error:
        # IAM's message: "Service role name ... has been taken in this account".
        if "has been taken" not in str(error):
            raise
        return False
    return True
