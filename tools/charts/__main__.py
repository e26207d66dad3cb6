"""Writes the Kubernetes objects of a stage as YAML files, for a review and for `kubectl diff`.

The objects are read from the synthesized templates, so they are what a deployment applies.
Parameters have their default values. Values that only a deployment knows are written as `${...}`.
"""

import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from settings import SettingsError, load_stage
from tools.command_line import ArgumentParser, UsageError
from tools.templates.assembly import AssemblyStack, read_stage
from tools.templates.synthesis import ROOT, SynthesisError, synthesize_checkout
from tools.templates.text import as_text

_MANIFEST_TYPE = "Custom::AWSCDK-EKS-KubernetesResource"
_LOGICAL_ID_HASH = re.compile(r"[0-9A-F]{8}$")
"""The CDK appends it to the ids of the construct path."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write one file for each manifest; return the exit code."""
    parser = ArgumentParser(prog="python3 dev.py charts", description=__doc__, allow_abbrev=False)
    parser.add_argument("stage", help="a file of settings/, without .yaml")
    parser.add_argument("--output", type=Path, help="the folder; default: charts/STAGE")
    try:
        options = parser.parse_args(arguments)
        load_stage(options.stage)
        with synthesize_checkout(options.stage) as assembly:
            stacks = read_stage(assembly, options.stage)
    except (UsageError, SettingsError, SynthesisError) as error:
        print(error, file=sys.stderr)
        return 1
    folder = options.output or ROOT / "charts" / options.stage
    try:
        count = write_manifests(stacks, folder)
    except OSError as error:
        print(f"cannot write to {folder}: {error.strerror}", file=sys.stderr)
        return 1
    print(f"{count} files in {folder}; compare with a cluster: kubectl diff -f {folder}")
    return 0


def write_manifests(stacks: Sequence[AssemblyStack], folder: Path) -> int:
    """Write the manifests of the stacks; return the number of files.

    The YAML files that an earlier run wrote for other manifests are deleted.

    Raises:
        OSError: the folder cannot be written to.
    """
    files = {
        f"{stack.name.rpartition('-')[2]}-{name}.yaml": objects
        for stack in stacks
        for name, objects in _manifests(stack)
    }
    folder.mkdir(parents=True, exist_ok=True)
    for existing in folder.glob("*.yaml"):
        if existing.name not in files:
            existing.unlink()
    for name, objects in files.items():
        (folder / name).write_text(yaml.safe_dump_all(objects, sort_keys=False, width=100))
    return len(files)


def _manifests(stack: AssemblyStack) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield the name and the Kubernetes objects of each manifest in a stack."""
    defaults = {
        f"${{{name}}}": str(parameter["Default"])
        for name, parameter in stack.template.get("Parameters", {}).items()
        if "Default" in parameter
    }
    for logical_id, resource in stack.template["Resources"].items():
        if resource["Type"] != _MANIFEST_TYPE:
            continue
        text = as_text(resource["Properties"]["Manifest"])
        for placeholder, default in defaults.items():
            text = text.replace(placeholder, default)
        words = re.findall(r"[A-Z][a-z]*", _LOGICAL_ID_HASH.sub("", logical_id))
        yield "-".join(words).lower(), json.loads(text)


if __name__ == "__main__":
    sys.exit(main())
