"""The program app.py, which the CDK CLI runs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import constructs
from tests.synthesis import ROOT

FLAGS = json.loads((ROOT / "cdk.json").read_text())["context"]


def run_app(folder: Path, context: dict[str, str]) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "CDK_"))}
    environment = {
        **inherited,
        "CDK_OUTDIR": str(folder),
        "CDK_CONTEXT_JSON": json.dumps(FLAGS | context),
    }
    return subprocess.run(
        [sys.executable, "app.py"], cwd=ROOT, env=environment, capture_output=True, text=True
    )


def test_an_unknown_stage_is_refused_before_the_synthesis(tmp_path: Path) -> None:
    result = run_app(tmp_path, {"stage": "prod"})
    assert result.returncode == 1
    assert (
        result.stderr == "settings/prod.yaml: no such stage: 'prod'; allowed: production, staging\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_stage_is_synthesized_without_credentials_and_without_an_account(tmp_path: Path) -> None:
    result = run_app(tmp_path, {"stage": "staging"})
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "assembly-staging" / "manifest.json").exists()


def test_constructs_is_imported_from_pypi_and_not_from_the_source_folder() -> None:
    assert ROOT / "constructs" not in Path(constructs.__file__).parents
    assert hasattr(constructs, "Construct")
