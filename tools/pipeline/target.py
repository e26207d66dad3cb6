"""Where the workflows deploy a stage to, and in which roles."""

from collections.abc import Mapping

from settings.accounts import account_stage_id, check_placeholders
from settings.model import StageSettings


def read_target(
    settings: StageSettings, *, qualifier: str, is_only_account: bool
) -> Mapping[str, str]:
    """Return the account, the Region and the roles of a stage, by the name of the output.

    Empty where the settings of the stage name no account: the pipeline does not deploy the stage.

    Args:
        settings: The settings of the stage.
        qualifier: The qualifier of the bootstrap stack, which the names of its roles contain.
        is_only_account: Whether the app has no other account.

    Raises:
        SettingsError: The stage still has the placeholders of this repository.
    """
    account, region = settings.account, settings.region
    if account is None:
        return {}
    check_placeholders(settings, account)
    return {
        "account": account,
        "region": region,
        "deployer": _role_arn(account, settings.resource_name("deployer")),
        "reviewer": _role_arn(account, settings.resource_name("reviewer")),
        "lookup_role": _role_arn(account, f"cdk-{qualifier}-lookup-role-{account}-{region}"),
        # The path of the stack in the CDK CLI.
        "account_stack": f"{account_stage_id(account, is_only_account)}/{region}",
    }


def describe_missing_account(settings: StageSettings) -> str:
    """Return what to set, so that the pipeline deploys a stage that names no account."""
    file = f"settings/{settings.stage}.yaml"
    return (
        f"{file}: account: found none; the pipeline deploys {settings.stage} once the file names "
        f"its AWS account, such as account: '111122223333' (docs/pipeline.md)"
    )


def _role_arn(account: str, name: str) -> str:
    # Every Region that the settings allow is in this partition.
    return f"arn:aws:iam::{account}:role/{name}"
