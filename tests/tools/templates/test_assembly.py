"""What is read from a cloud assembly."""

import json
from pathlib import Path
from typing import Any

from tests.synthesis import SynthesizedStage
from tests.tools.review.stages import write_assembly
from tools.templates.assembly import read_stage


def test_the_hashes_of_assets_are_read(production: SynthesizedStage, tmp_path: Path) -> None:
    folder = write_assembly(tmp_path / "cdk.out", "production", production.templates)
    inner = folder / "assembly-production"
    manifest = json.loads((inner / "manifest.json").read_text())
    manifest["artifacts"]["data.assets"] = {
        "type": "cdk:asset-manifest",
        "properties": {"file": "data.assets.json"},
    }
    (inner / "manifest.json").write_text(json.dumps(manifest))
    assets: dict[str, Any] = {"files": {"b": {}, "a": {}}, "dockerImages": {"c": {}}}
    (inner / "data.assets.json").write_text(json.dumps(assets))
    hashes = {
        stack.construct_path: stack.asset_hashes for stack in read_stage(folder, "production")
    }
    assert hashes["production/data"] == ("a", "b", "c")
    assert hashes["production/network"] == ()
