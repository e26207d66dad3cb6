"""The recorded effects of a change of each setting, one file for each stage."""

import json

from tests.synthesis import ROOT

FOLDER = ROOT / "tests" / "snapshots" / "changing_settings"


def read_effects(stage: str) -> dict[str, list[str]]:
    """Return the effects of each setting that has any, by its key."""
    path = FOLDER / f"{stage}.json"
    effects: dict[str, list[str]] = json.loads(path.read_text()) if path.exists() else {}
    return effects


def write_effects(stage: str, key: str, effects: frozenset[str]) -> None:
    """Record the effects of a setting."""
    recorded = {**read_effects(stage), key: sorted(effects)}
    kept = {key: recorded[key] for key in sorted(recorded) if recorded[key]}
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{stage}.json").write_text(json.dumps(kept, indent=2) + "\n")
