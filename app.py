"""Builds one cdk.Stage per stage from its settings.

`-c stage=<name>` builds that stage alone, which is faster.
"""

# ruff: noqa: E402
import gc

# Nothing here is ever freed: looking for garbage took a sixth of Python's time, half of that in
# the imports.
gc.disable()

import datetime as dt
import os

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from settings import SettingsError, load_stage, resolve_accounts, stage_names
from stacks.stage import SpyWatcherStage

# Where a resource was made: frames of the CDK library alone, not one of Python (`cdk --debug` has
# those, whatever stands here). Not in cdk.json: the CLI warns of a reserved key there.
WITHOUT_TRACES = {"aws:cdk:disable-creation-stack-traces": True}


def main() -> None:
    """Synthesize the stages; wrong settings end the program with a message and status 1."""
    app = cdk.App(context=WITHOUT_TRACES)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks())
    chosen: str | None = app.node.try_get_context("stage")
    try:
        stages = [load_stage(name) for name in stage_names()]
        accounts = resolve_accounts(stages, os.environ.get("CDK_DEFAULT_ACCOUNT"))
        built = [load_stage(chosen)] if chosen else stages
    except SettingsError as error:
        raise SystemExit(str(error)) from None
    today = dt.datetime.now(dt.UTC).date()
    for settings in built:
        environment = cdk.Environment(account=accounts[settings.stage], region=settings.region)
        stage = SpyWatcherStage(app, settings=settings, environment=environment)
        for warning in settings.retiring_versions(today):
            cdk.Annotations.of(stage).add_warning_v2("spywatcher:retiring-version", warning)
    app.synth()


if __name__ == "__main__":
    main()
