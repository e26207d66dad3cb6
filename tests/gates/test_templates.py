"""cfn-lint and checkov over the synthesized templates, and checkov over the charts."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from settings import load_stage, stage_names
from tests.gates.checkov import CHECKOV
from tests.synthesis import synthesize


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The templates of all stages, a file each."""
    folder = tmp_path_factory.mktemp("templates")
    for name in stage_names():
        for stack, template in synthesize(load_stage(name)).templates.items():
            (folder / f"{name}-{stack}.template.json").write_text(json.dumps(template))
    return folder


@pytest.fixture(scope="module")
def charts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Kubernetes objects of all stages, a file each."""
    folder = tmp_path_factory.mktemp("charts")
    for name in stage_names():
        text = yaml.safe_dump_all(synthesize(load_stage(name)).released())
        (folder / f"{name}.yaml").write_text(text)
    return folder


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True)  # noqa: S603 - our own


def test_cfn_lint_finds_nothing(folder: Path) -> None:
    """W3005 and W3010 aside: CDK repeats dependencies; the zones are the settings', on purpose."""
    executable = str(Path(sys.executable).with_name("cfn-lint"))
    ignored = ["--ignore-checks", "W3005", "W3010"]
    done = run(executable, *ignored, "--", *map(str, sorted(folder.iterdir())))
    assert done.returncode == 0, done.stdout + done.stderr


def test_checkov_finds_nothing_in_the_templates(folder: Path) -> None:
    options = ["--framework", "cloudformation", "--quiet", "--compact", "--skip-download"]
    done = run(str(CHECKOV), "--directory", str(folder), *options)
    assert done.returncode == 0, done.stdout + done.stderr


def test_checkov_finds_nothing_in_the_charts(charts: Path) -> None:
    """What it skips says why in an annotation of the object."""
    options = ["--framework", "kubernetes", "--quiet", "--compact", "--skip-download"]
    done = run(str(CHECKOV), "--directory", str(charts), *options)
    assert done.returncode == 0, done.stdout + done.stderr
