"""Copies of the app that are larger, which show how the time of a synthesis grows."""

import shutil
from pathlib import Path
from typing import Any

import yaml

_UNCHANGED = ("stacks", "k8s", "constructs")
_MODEL = "staging"
SERVICES = ("backend", "frontend")


def add_stages(root: Path, folder: Path, count: int) -> Path:
    """Copy the app with further stages; return the path of the copied app.py.

    A further stage has the settings of staging, with a name, a domain and a VPC range of its own.
    """
    app = _copy(root, folder)
    values = _read(folder)
    domain = values["domain"]["name"]
    for number in range(1, count + 1):
        name = f"{_MODEL}{number}"
        values["domain"]["name"] = f"{name}.{domain}"
        values["network"]["cidr"] = f"10.{100 + number}.0.0/16"
        _write(folder, name, values)
    return app


def add_tracks(root: Path, folder: Path) -> Path:
    """Copy the app with a second track of each service; return the path of the copied app.py.

    A track has all that a service has: target group, binding, Deployment, autoscaler and alarms.
    """
    app = _copy(root, folder)
    values = _read(folder)
    for service in SERVICES:
        values["services"][service]["delivery"] = {"strategy": "canary"}
    _write(folder, _MODEL, values)
    return app


def _copy(root: Path, folder: Path) -> Path:
    folder.mkdir()
    for name in _UNCHANGED:
        (folder / name).symlink_to(root / name, target_is_directory=True)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(root / "settings", folder / "settings", ignore=ignored)
    # Not a link: Python imports from the folder that a link points to.
    return Path(shutil.copy(root / "app.py", folder))


def _read(folder: Path) -> dict[str, Any]:
    file = folder / "settings" / f"{_MODEL}.yaml"
    values: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return values


def _write(folder: Path, stage: str, values: dict[str, Any]) -> None:
    file = folder / "settings" / f"{stage}.yaml"
    file.write_text(yaml.safe_dump(values), encoding="utf-8")
