"""Snapshots of the templates and the charts, whose diffs show what a change does.

`python3 dev.py test tests/test_templates.py --snapshot-update` updates the files.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from syrupy.assertion import SnapshotAssertion

from tests.snapshot_files import SnapshotFiles
from tests.synthesis import SynthesizedAccount, SynthesizedStage
from tools.operations.preflight.stacks import STACKS
from tools.templates.text import as_text

FOLDER = Path(__file__).parent / "snapshots" / Path(__file__).stem


class YamlSnapshots(SnapshotFiles):
    """A YAML file for each snapshot: snapshots/test_templates/<stage>-<name>.yaml."""

    folder = "test_templates"
    file_extension = "yaml"

    def serialize(self, data: Any, **_: Any) -> str:
        return yaml.dump_all(data, Dumper=_Dumper, sort_keys=False, width=100)


class _Dumper(yaml.SafeDumper):
    """Writes equal values out instead of using YAML aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


@pytest.fixture
def snapshots(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(YamlSnapshots)


@pytest.mark.parametrize("stack", STACKS)
def test_template(stage: SynthesizedStage, stack: str, snapshots: SnapshotAssertion) -> None:
    name = f"{stage.settings.stage}-{stack}"
    assert [_readable(stage.templates[stack])] == snapshots(name=name)


def test_template_of_the_account(account: SynthesizedAccount, snapshots: SnapshotAssertion) -> None:
    (template,) = account.templates.values()
    assert [_readable(template)] == snapshots(name="account")


def test_charts(stage: SynthesizedStage, snapshots: SnapshotAssertion) -> None:
    assert stage.manifests() == snapshots(name=f"{stage.settings.stage}-charts")


def test_snapshots_hold_no_hash_and_no_path_of_a_machine() -> None:
    files = list(FOLDER.glob("*.yaml"))
    assert files
    for file in files:
        text = file.read_text()
        assert not re.search(r"[0-9a-f]{64}", text), file
        assert f"{Path.home()}/" not in text and "/tmp/cdk" not in text, file


def _readable(value: Any) -> Any:
    """Mask the hashes of assets, and replace JSON in strings by objects or a summary."""
    if isinstance(value, list):
        return [_readable(item) for item in value]
    if isinstance(value, str):
        return re.sub(r"[0-9a-f]{64}", "<asset>", value)
    if not isinstance(value, dict):
        return value
    shown = {}
    for key, item in sorted(value.items()):
        if key == "Manifest":
            shown[key] = f"charts.yaml, {len(json.loads(as_text(item)))} objects"
        elif key == "DashboardBody":
            shown[key] = json.loads(as_text(item))
        elif key not in ("BootstrapVersion", "CheckBootstrapVersion"):
            shown[key] = _readable(item)
    return shown
