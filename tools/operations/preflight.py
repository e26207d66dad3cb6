"""Checks what no template shows: the account, the application secret and the deployed images."""

from typing import TYPE_CHECKING

from settings import StageSettings, load_stage, resolve_accounts, stage_names
from settings.accounts import check_placeholders
from tools.operations.application_secret import ApplicationSecretStore
from tools.operations.errors import OperationError
from tools.operations.released_images import describe_unreleased_images

if TYPE_CHECKING:
    from boto3 import Session


def run_preflight(session: "Session", settings: StageSettings) -> list[str]:
    """Run the checks of a stage; return notes about what a deployment does not change.

    Raises:
        OperationError: a deployment would fail. The text says why.
        SettingsError: the settings of the stages do not fit the account of the credentials.
    """
    _check_account(session, settings)
    ApplicationSecretStore(session.client("secretsmanager"), settings).check()
    return describe_unreleased_images(session.client("cloudformation"), settings)


def _check_account(session: "Session", settings: StageSettings) -> None:
    caller_account = session.client("sts").get_caller_identity()["Account"]
    accounts = resolve_accounts([load_stage(name) for name in stage_names()], caller_account)
    if accounts[settings.stage] != caller_account:
        raise OperationError(
            f"settings/{settings.stage}.yaml: account: found {accounts[settings.stage]}; your "
            f"credentials are for {caller_account}"
        )
    check_placeholders(settings, caller_account)
