"""A copy of the app with further stages, which shows how the time of a synthesis grows."""

import shutil
from pathlib import Path

import yaml

_UNCHANGED = ("stacks", "k8s", "constructs")
_MODEL = "staging"


def copy_app(root: Path, folder: Path, *, further_stages: int) -> Path:
    """Copy the app and its settings to a new folder; return the path of the copied app.py.

    A further stage has the settings of staging, with a name, a domain and a VPC range of its own.
    """
    folder.mkdir()
    for name in _UNCHANGED:
        (folder / name).symlink_to(root / name, target_is_directory=True)
    settings = folder / "settings"
    shutil.copytree(root / "settings", settings, ignore=shutil.ignore_patterns("__pycache__"))
    values = yaml.safe_load((settings / f"{_MODEL}.yaml").read_text(encoding="utf-8"))
    domain = values["domain"]["name"]
    for number in range(1, further_stages + 1):
        name = f"{_MODEL}{number}"
        values["domain"]["name"] = f"{name}.{domain}"
        values["network"]["cidr"] = f"10.{100 + number}.0.0/16"
        (settings / f"{name}.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    # Not a link: Python imports from the folder that a link points to.
    return Path(shutil.copy(root / "app.py", folder))
