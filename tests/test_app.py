"""The program that the CDK CLI runs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import constructs
from tests.synthesis import ROOT

FLAGS = json.loads((ROOT / "cdk.json").read_text())["context"]


def run(folder: Path, context: dict[str, str]) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "CDK_"))}
    environment = {
        **inherited,
        "CDK_OUTDIR": str(folder),
        "CDK_CONTEXT_JSON": json.dumps(FLAGS | context),
    }
    return subprocess.run(
        [sys.executable, "app.py"], cwd=ROOT, env=environment, capture_output=True, text=True
    )


def test_an_unknown_stage_stops_before_anything_is_synthesized(tmp_path: Path) -> None:
    done = run(tmp_path, {"stage": "prod"})
    assert done.returncode == 1
    assert (
        done.stderr == "settings/prod.yaml: no such stage: 'prod'; allowed: production, staging\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_stage_is_synthesized_without_credentials_and_without_an_account(tmp_path: Path) -> None:
    done = run(tmp_path, {"stage": "staging"})
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "assembly-staging" / "manifest.json").exists()


def test_import_constructs_is_pypis_and_not_the_source_folder() -> None:
    assert ROOT / "constructs" not in Path(constructs.__file__).parents
    assert hasattr(constructs, "Construct")
