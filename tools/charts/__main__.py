"""Writes the Kubernetes objects of a stage as YAML: for a review, and for `kubectl diff`.

They are read from the synthesized templates, so that they are what a deployment applies. What only
a deployment knows stands there as `${...}`; parameters have their defaults.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import yaml

from settings import SettingsError, load_stage
from tools.templates.assembly import AssemblyStack, read_stage
from tools.templates.revision import ROOT, RevisionError, synthesized
from tools.templates.text import as_text

_MANIFEST = "Custom::AWSCDK-EKS-KubernetesResource"
_HASH = re.compile(r"[0-9A-F]{8}$")
"""Which the CDK adds to a construct's id."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise SettingsError(f"{message}\n{self.format_usage().strip()}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a file for each manifest; return the exit code."""
    parser = _Parser(prog="python3 dev.py charts", description=__doc__, allow_abbrev=False)
    parser.add_argument("stage", help="a file of settings/, without .yaml")
    parser.add_argument("--output", type=Path, help="the folder; default: charts/STAGE")
    try:
        chosen = parser.parse_args(arguments)
        load_stage(chosen.stage)
        folder = chosen.output or ROOT / "charts" / chosen.stage
        with synthesized(chosen.stage) as assembly:
            written = write(read_stage(assembly, chosen.stage), folder)
    except (SettingsError, RevisionError) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"cannot write to {folder}: {error.strerror}", file=sys.stderr)
        return 1
    print(f"{written} files in {folder}; compare with a cluster: kubectl diff -f {folder}")
    return 0


def write(stacks: Sequence[AssemblyStack], folder: Path) -> int:
    """Write the manifests of the stacks, in the order of the stacks; return how many.

    Files of an earlier run that are no longer written are removed.
    """
    files = {
        f"{stack.name.rpartition('-')[2]}-{name}.yaml": objects
        for stack in stacks
        for name, objects in _manifests(stack)
    }
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.yaml"):
        if old.name not in files:
            old.unlink()
    for name, objects in files.items():
        (folder / name).write_text(yaml.safe_dump_all(objects, sort_keys=False, width=100))
    return len(files)


def _manifests(stack: AssemblyStack) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    defaults = {
        f"${{{name}}}": str(parameter["Default"])
        for name, parameter in stack.template.get("Parameters", {}).items()
        if "Default" in parameter
    }
    for logical_id, resource in stack.template["Resources"].items():
        if resource["Type"] != _MANIFEST:
            continue
        text = as_text(resource["Properties"]["Manifest"])
        for placeholder, value in defaults.items():
            text = text.replace(placeholder, value)
        words = re.findall(r"[A-Z][a-z]*", _HASH.sub("", logical_id))
        yield "-".join(words).lower(), json.loads(text)


if __name__ == "__main__":
    sys.exit(main())
