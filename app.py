"""The CDK app: a `cdk.Stage` for each stage file in settings/, and one for each account.

The context `-c stage=NAME` selects a single stage with its account, which is faster.
"""

# ruff: noqa: E402
import gc

# The app frees hardly any memory before it ends. Garbage collection took a sixth of its time, half
# of that during the imports below.
gc.disable()

import datetime as dt
import os
import sys
from collections.abc import Iterator, Mapping, Sequence

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from settings import SettingsError, StageSettings, load_stage, resolve_accounts, stage_names
from settings.accounts import check_placeholders, group_by_account
from spywatcher_constructs.template_validation import native_template_validation
from stacks.account.stage import AccountStage
from stacks.stage import SpyWatcherStage

# The creation stack traces of CDK have no frame of Python, unless `cdk --debug` asks for them. The
# key is not in cdk.json, where the CLI warns of reserved keys.
CONTEXT = {"aws:cdk:disable-creation-stack-traces": True}


def main() -> None:
    """Synthesize the stages and their accounts.

    A stage that still has placeholders for a real account is left out with a warning. A stage that
    is selected, and settings that are invalid, end the program with a message and exit code 1.
    """
    validation = native_template_validation()
    app = cdk.App(context=CONTEXT, builtin_cloud_formation_validation=validation is None)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks())
    if validation:
        cdk.Validations.of(app).add_plugins(validation)
    selected: str | None = app.node.try_get_context("stage")
    try:
        stages = [load_stage(name) for name in stage_names()]
        accounts = resolve_accounts(stages, os.environ.get("CDK_DEFAULT_ACCOUNT"))
        if selected:
            check_placeholders(load_stage(selected), accounts[selected])
    except SettingsError as error:
        raise SystemExit(str(error)) from None
    complete = list(_complete_stages(stages, accounts, warn=not selected))
    chosen = [settings for settings in complete if selected in (None, settings.stage)]
    numbers = {accounts[settings.stage] for settings in chosen}
    for account in group_by_account(complete, accounts):
        if account.number in numbers:
            AccountStage(app, account=account, is_only_account=len(numbers) == 1)
    for settings in chosen:
        environment = cdk.Environment(account=accounts[settings.stage], region=settings.region)
        stage = SpyWatcherStage(app, settings=settings, environment=environment)
        for warning in settings.support_warnings(dt.datetime.now(dt.UTC).date()):
            cdk.Annotations.of(stage).add_warning_v2("spywatcher:retiring-version", warning)
    app.synth()
    # Frees nothing at the exit of the process either, which the garbage collector would search.
    gc.freeze()


def _complete_stages(
    stages: Sequence[StageSettings], accounts: Mapping[str, str | None], *, warn: bool
) -> Iterator[StageSettings]:
    """Yield the stages without placeholders.

    Args:
        stages: all stages.
        accounts: the account of each stage, by the stage's name.
        warn: whether to print a warning for each stage that is left out.
    """
    for settings in stages:
        try:
            check_placeholders(settings, accounts[settings.stage])
        except SettingsError as error:
            if warn:
                print(f"{error}; {settings.stage} is left out until then", file=sys.stderr)
        else:
            yield settings


if __name__ == "__main__":
    main()
