"""A stage as the guard compares it: the templates of its stacks, deployed or synthesized."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tools.templates.assembly import AssemblyStack

Address = tuple[str, str]
"""A resource: the name of its stack and its logical id."""


@dataclass(frozen=True)
class StackTemplate:
    """A stack's template, and the values that its parameters have."""

    name: str
    region: str
    account: str
    template: Mapping[str, Any]
    parameters: Mapping[str, str] = field(default_factory=dict)
    """The deployed values; where one is missing, the template's default stands."""

    @property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        """The template's resources by logical id."""
        resources: Mapping[str, Mapping[str, Any]] = self.template.get("Resources", {})
        return resources


Templates = Mapping[str, StackTemplate]
"""The stacks of a stage by name."""


def synthesized_templates(stacks: Sequence[AssemblyStack], deployed: Templates) -> Templates:
    """Return what an update makes of the synthesized stacks.

    A parameter that is deployed keeps its value: the CDK CLI updates with the previous ones.
    """
    return {
        stack.name: StackTemplate(
            name=stack.name,
            region=stack.region,
            account=stack.account,
            template=stack.template,
            parameters=deployed[stack.name].parameters if stack.name in deployed else {},
        )
        for stack in stacks
    }
