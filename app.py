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
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

# Importing jsii starts no process, and importing the CDK does. The imports of the CDK wait for Node
# for half of their time, in which a second thread imports what needs no Node. Only one thread at a
# time may call Node: tests/test_app.py checks that the other one does not.
import jsii  # noqa: F401

with ThreadPoolExecutor(max_workers=1) as executor:
    executor.submit(import_module, "settings.selection")
    import aws_cdk as cdk

    executor.submit(import_module, "cdk_nag")
    # The largest modules of the CDK. Their import calls nothing of Node.
    from aws_cdk import aws_ec2, aws_eks_v2, aws_elasticache, aws_rds  # noqa: F401

from cdk_nag import AwsSolutionsChecks

from settings import SettingsError
from settings.selection import select_stages
from spywatcher_constructs.template_validation import native_template_validation
from stacks.account.stage import AccountStage
from stacks.stage import SpyWatcherStage

# The creation stack traces of CDK have no frame of Python, unless `cdk --debug` asks for them. The
# key is not in cdk.json, where the CLI warns of reserved keys.
CONTEXT = {"aws:cdk:disable-creation-stack-traces": True}


def main() -> None:
    """Synthesize the selected stages and their accounts.

    Settings that are invalid end the program with a message and exit code 1.
    """
    validation = native_template_validation()
    app = cdk.App(context=CONTEXT, builtin_cloud_formation_validation=validation is None)
    plugins = [AwsSolutionsChecks(), validation] if validation else [AwsSolutionsChecks()]
    cdk.Validations.of(app).add_plugins(*plugins)
    try:
        selection = select_stages(
            app.node.try_get_context("stage"), os.environ.get("CDK_DEFAULT_ACCOUNT")
        )
    except SettingsError as error:
        raise SystemExit(str(error)) from None
    for account in selection.accounts:
        AccountStage(app, account=account, is_only_account=len(selection.accounts) == 1)
    for settings in selection.stages:
        number = selection.account_numbers[settings.stage]
        environment = cdk.Environment(account=number, region=settings.region)
        stage = SpyWatcherStage(app, settings=settings, environment=environment)
        for warning in settings.support_warnings(dt.datetime.now(dt.UTC).date()):
            cdk.Annotations.of(stage).add_warning_v2("spywatcher:retiring-version", warning)
    app.synth()
    # Frees nothing at the exit of the process either, which the garbage collector would search.
    gc.freeze()


if __name__ == "__main__":
    main()
