"""cfn-lint and checkov over the synthesized templates."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

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
