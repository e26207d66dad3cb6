"""The workflows of GitHub Actions, read from their files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from tests.synthesis import ROOT

FOLDER = ROOT / ".github" / "workflows"


@dataclass(frozen=True)
class Job:
    """A job of a workflow."""

    workflow: str
    """The name of the file, without .yml."""
    name: str
    content: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.workflow}.{self.name}"

    @property
    def steps(self) -> list[Mapping[str, Any]]:
        return list(self.content["steps"])

    def commands(self) -> Iterator[str]:
        """Yield the text of each `run:`."""
        for step in self.steps:
            if "run" in step:
                yield step["run"]


def workflows() -> dict[str, dict[str, Any]]:
    """Return the content of each workflow by the name of its file, without .yml."""
    return {path.stem: yaml.safe_load(path.read_text()) for path in sorted(FOLDER.glob("*.yml"))}


def jobs() -> list[Job]:
    """Return the jobs of all workflows."""
    return [
        Job(workflow, name, content)
        for workflow, document in workflows().items()
        for name, content in document["jobs"].items()
    ]


def triggers(document: Mapping[Any, Any]) -> set[str]:
    """Return the names of the events that start a workflow. YAML 1.1 reads the key `on` as True."""
    return set(document[True])
