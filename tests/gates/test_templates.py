"""cfn-lint and checkov over the synthesized templates, and checkov over the charts."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from settings import load_stage, stage_names
from tests.gates.checkov import CHECKOV
from tests.stage_variants import with_strategy
from tests.synthesis import synthesize, synthesize_account

pytestmark = pytest.mark.lint


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all templates and the Kubernetes objects of all stages."""
    folder = tmp_path_factory.mktemp("synthesized")
    stages = {name: load_stage(name) for name in stage_names()}
    for region, template in synthesize_account(*stages.values()).templates.items():
        (folder / f"account-{region}.template.json").write_text(json.dumps(template))
    stages["two-tracks"] = with_strategy("canary", stage="production")
    for name, stage in zip(stages, map(synthesize, stages.values()), strict=True):
        for stack, template in stage.templates.items():
            (folder / f"{name}-{stack}.template.json").write_text(json.dumps(template))
        (folder / f"{name}-charts.yaml").write_text(yaml.safe_dump_all(stage.released()))
    return folder


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True)  # noqa: S603 - our own command


def check_with_cfn_lint(folder: Path) -> None:
    """Ignore W3005, as CDK repeats dependencies, and W3010, as the settings name the zones."""
    executable = str(Path(sys.executable).with_name("cfn-lint"))
    ignored = ["--ignore-checks", "W3005", "W3010"]
    result = run(executable, *ignored, "--", *map(str, sorted(folder.glob("*.json"))))
    assert result.returncode == 0, result.stdout + result.stderr


def test_cfn_lint_finds_nothing(folder: Path) -> None:
    check_with_cfn_lint(folder)


def test_checkov_finds_nothing(folder: Path) -> None:
    """It skips what the metadata of a resource or the annotations of an object acknowledge."""
    options = ["--framework", "cloudformation", "kubernetes"]
    options += ["--quiet", "--compact", "--skip-download"]
    result = run(str(CHECKOV), "--directory", str(folder), *options)
    assert result.returncode == 0, result.stdout + result.stderr
