"""The findings of cdk-nag, and the acknowledgements of the stacks."""

import functools
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks, NIST80053R5Checks

from settings import StageSettings, load_stage, stage_names
from settings.accounts import Account
from stacks.account.stage import AccountStage
from stacks.stage import SpyWatcherStage
from tests.synthesis import ACCOUNT, ROOT

PROVIDERS = (
    "/KubectlProvider/",
    "/Custom::VpcRestrictDefaultSGCustomResourceProvider/",
    "/Custom::S3AutoDeleteObjectsCustomResourceProvider/",
)
"""Parts of the construct paths of functions that the CDK library defines."""


class Finding(NamedTuple):
    """A rule that a resource violates."""

    path: str
    rule: str

    @property
    def is_about_a_provider(self) -> bool:
        return any(part in self.path for part in PROVIDERS)


class Acknowledgement(NamedTuple):
    """An accepted finding, with the reason."""

    finding: Finding
    reason: str


@functools.cache
def acknowledgements() -> list[Acknowledgement]:
    """Return all acknowledgements, in the order of the construct paths."""
    return sorted(_read_acknowledgements(_app_with_acknowledgements()))


@functools.cache
def cdk_nag_findings(*, with_acknowledgements: bool) -> frozenset[Finding]:
    """Return the findings of two rule packs of cdk-nag in all stages and in the account."""
    if with_acknowledgements:
        return _validate(_app_with_acknowledgements())
    with patch("stacks.shared.acknowledgement.record"):
        return _validate(_create_app(_stages()))


def cdk_nag_findings_in(settings: StageSettings) -> frozenset[Finding]:
    """Return the findings that are not acknowledged in a stage and in its account."""
    return _validate(_create_app((settings,)))


@functools.cache
def _app_with_acknowledgements() -> cdk.App:
    """Return the app. Its creation takes seconds, so that two functions share it."""
    return _create_app(_stages())


def _stages() -> tuple[StageSettings, ...]:
    return tuple(load_stage(name) for name in stage_names())


def _create_app(stages: tuple[StageSettings, ...]) -> cdk.App:
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    # These tests do not read the findings of the CDK's own validation, which app.py runs.
    app = cdk.App(
        context=context,
        analytics_reporting=False,
        builtin_cloud_formation_validation=False,
        outdir=tempfile.mkdtemp(),
    )
    AccountStage(app, account=Account(ACCOUNT, stages), is_only_account=True)
    for settings in stages:
        environment = cdk.Environment(account=ACCOUNT, region=settings.region)
        SpyWatcherStage(app, settings=settings, environment=environment)
    return app


def _validate(app: cdk.App) -> frozenset[Finding]:
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(), NIST80053R5Checks())
    try:
        folder = app.synth().directory
    except RuntimeError:  # there are findings
        folder = app.outdir
    report = json.loads((Path(folder) / "validation-report.json").read_text())
    return frozenset(
        Finding(construct["constructPath"], violation["ruleName"])
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
        if plugin["pluginName"] in ("AwsSolutions", "NIST.800.53.R5")
        for construct in violation["violatingConstructs"]
    )


def _read_acknowledgements(app: cdk.App) -> Iterator[Acknowledgement]:
    for construct in app.node.find_all():
        for entry in construct.node.metadata:
            if entry.type == cdk.Validations.ACKNOWLEDGED_RULES_METADATA_KEY:
                for rule, reason in entry.data.items():
                    if rule.startswith("CloudFormation-Validate::"):
                        continue  # an acknowledgement of the CDK library
                    yield Acknowledgement(Finding(construct.node.path, rule), reason)
