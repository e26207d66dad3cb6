"""The CDK app: a `cdk.Stage` for each stage file in settings/.

The context `-c stage=NAME` selects a single stage, which is faster.
"""

# ruff: noqa: E402
import gc

# The app frees hardly any memory before it ends. Garbage collection took a sixth of its time, half
# of that during the imports below.
gc.disable()

import datetime as dt
import os

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from settings import SettingsError, load_stage, resolve_accounts, stage_names
from stacks.stage import SpyWatcherStage

# The creation stack traces of CDK have no frame of Python, unless `cdk --debug` asks for them. The
# key is not in cdk.json, where the CLI warns of reserved keys.
CONTEXT = {"aws:cdk:disable-creation-stack-traces": True}


def main() -> None:
    """Synthesize the stages. Invalid settings end the program with a message and exit code 1."""
    app = cdk.App(context=CONTEXT)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks())
    selected: str | None = app.node.try_get_context("stage")
    try:
        stages = [load_stage(name) for name in stage_names()]
        accounts = resolve_accounts(stages, os.environ.get("CDK_DEFAULT_ACCOUNT"))
        if selected:
            stages = [load_stage(selected)]
    except SettingsError as error:
        raise SystemExit(str(error)) from None
    for settings in stages:
        environment = cdk.Environment(account=accounts[settings.stage], region=settings.region)
        stage = SpyWatcherStage(app, settings=settings, environment=environment)
        for warning in settings.support_warnings(dt.datetime.now(dt.UTC).date()):
            cdk.Annotations.of(stage).add_warning_v2("spywatcher:retiring-version", warning)
    app.synth()


if __name__ == "__main__":
    main()
