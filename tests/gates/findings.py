"""What the security checks find, and which of it is acknowledged where."""

import functools
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks, NIST80053R5Checks

from settings import load_stage, stage_names
from stacks.stage import SpyWatcherStage
from tests.synthesis import ACCOUNT, ROOT

PROVIDERS = (
    "/KubectlProvider/",
    "/Custom::VpcRestrictDefaultSGCustomResourceProvider/",
    "/Custom::S3AutoDeleteObjectsCustomResourceProvider/",
)
"""Parts of the paths of functions that CDK itself makes, which are not ours to change."""


class Finding(NamedTuple):
    """A rule that a resource does not meet."""

    path: str
    rule: str

    @property
    def is_cdks_own(self) -> bool:
        return any(part in self.path for part in PROVIDERS)


class Acknowledgement(NamedTuple):
    """A finding that stays, and why."""

    finding: Finding
    reason: str


@functools.cache
def acknowledgements() -> list[Acknowledgement]:
    """Return what the stacks acknowledge, in the order of the construct paths."""
    return sorted(_acknowledged(_acknowledging_app()))


@functools.cache
def cdk_nag_findings(*, with_acknowledgements: bool) -> frozenset[Finding]:
    """Return what cdk-nag's two packs report over all stages."""
    if with_acknowledgements:
        return _report(_acknowledging_app())
    with patch("stacks.shared.acknowledgement.record"):
        return _report(_app())


@functools.cache
def _acknowledging_app() -> cdk.App:
    """Return the app as it is; to build it takes seconds."""
    return _app()


def _app() -> cdk.App:
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = cdk.App(context=context, analytics_reporting=False, outdir=tempfile.mkdtemp())
    for name in stage_names():
        settings = load_stage(name)
        environment = cdk.Environment(account=ACCOUNT, region=settings.region)
        SpyWatcherStage(app, settings=settings, environment=environment)
    return app


def _report(app: cdk.App) -> frozenset[Finding]:
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(), NIST80053R5Checks())
    try:
        folder = app.synth().directory
    except RuntimeError:  # findings: they stand in the report
        folder = app.outdir
    report = json.loads((Path(folder) / "validation-report.json").read_text())
    return frozenset(
        Finding(construct["constructPath"], violation["ruleName"])
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
        if plugin["pluginName"] in ("AwsSolutions", "NIST.800.53.R5")
        for construct in violation["violatingConstructs"]
    )


def _acknowledged(app: cdk.App) -> Iterator[Acknowledgement]:
    for construct in app.node.find_all():
        for entry in construct.node.metadata:
            if entry.type == cdk.Validations.ACKNOWLEDGED_RULES_METADATA_KEY:
                for rule, reason in entry.data.items():
                    if rule.startswith("CloudFormation-Validate::"):
                        continue  # the library's own, about its own constructs
                    yield Acknowledgement(Finding(construct.node.path, rule), reason)
