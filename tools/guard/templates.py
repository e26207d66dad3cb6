"""The templates of a stage, deployed or synthesized."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tools.guard.reference import ResourceId
from tools.templates.assembly import AssemblyStack


@dataclass(frozen=True)
class StackTemplate:
    """The template of a stack, and the values of its parameters."""

    name: str
    region: str
    account: str
    template: Mapping[str, Any]
    parameters: Mapping[str, str] = field(default_factory=dict)
    """The deployed values. A parameter without one has the default of the template."""
    status: str = ""
    """The status of the deployed stack; empty for a synthesized one."""
    is_protected: bool = False
    """Whether the deployed stack has termination protection."""
    assembly_path: str = ""
    """The construct path in the cloud assembly; empty for a deployed stack."""

    @property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        """The resources of the template by logical id."""
        resources: Mapping[str, Mapping[str, Any]] = self.template.get("Resources", {})
        return resources

    @property
    def outputs(self) -> Mapping[str, Mapping[str, Any]]:
        """The outputs of the template by logical id."""
        outputs: Mapping[str, Mapping[str, Any]] = self.template.get("Outputs", {})
        return outputs

    @property
    def construct_path(self) -> str:
        """The path that selects the stack in the CDK CLI, such as staging/data.

        Only a synthesis by the CDK CLI writes paths into the metadata of the resources.
        """
        if self.assembly_path:
            return self.assembly_path
        paths = (construct_path(resource, "") for resource in self.resources.values())
        path = next(filter(None, paths), self.name)
        return "/".join(path.split("/")[:2])


Templates = Mapping[str, StackTemplate]
"""The templates of a stage by stack name."""


def construct_path(resource: Mapping[str, Any], default: str) -> str:
    """Return the construct path in the metadata of a resource, such as staging/data/Cache/Key."""
    return str(resource.get("Metadata", {}).get("aws:cdk:path", default))


def resource_ids(templates: Templates) -> list[ResourceId]:
    """Return the ids of all resources of a stage."""
    return [
        ResourceId(stack.name, logical_id)
        for stack in templates.values()
        for logical_id in stack.resources
    ]


def has_resource(templates: Templates, resource_id: ResourceId) -> bool:
    """Return whether the templates of a stage have a resource."""
    stack = templates.get(resource_id.stack)
    return stack is not None and resource_id.logical_id in stack.resources


def synthesized_templates(stacks: Sequence[AssemblyStack], deployed: Templates) -> Templates:
    """Return the synthesized templates of a stage.

    Parameters keep their deployed values, because `cdk deploy` passes the previous values.
    """
    return {
        stack.name: StackTemplate(
            name=stack.name,
            region=stack.region,
            account=stack.account,
            template=stack.template,
            parameters=deployed[stack.name].parameters if stack.name in deployed else {},
            assembly_path=stack.construct_path,
        )
        for stack in stacks
    }


def former_templates(stacks: Sequence[AssemblyStack]) -> Templates:
    """Return the templates of former stacks as if they were deployed.

    Their parameters have the values of a first deployment, which a later one keeps: another default
    in the synthesized template changes nothing.
    """
    return {
        name: replace(stack, parameters=_default_parameters(stack.template))
        for name, stack in synthesized_templates(stacks, deployed={}).items()
    }


def _default_parameters(template: Mapping[str, Any]) -> Mapping[str, str]:
    return {
        name: str(parameter["Default"])
        for name, parameter in template.get("Parameters", {}).items()
        if "Default" in parameter
    }
