"""Resolves the intrinsic functions of templates, so that equal values compare as equal.

Each reference to a resource becomes a `Reference`, also if it goes through the export of another
stack. A function whose result is not known before the deployment stays in the resolved value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from tools.guard.reference import Reference, ResourceId, TargetChange, is_function
from tools.guard.templates import StackTemplate, Templates
from tools.templates.schemas import JsonValue

_NO_VALUE = {"Ref": "AWS::NoValue"}
_VARIABLE = re.compile(r"\$\{(!?)([^}]+)\}")


@dataclass(frozen=True)
class Export:
    """An output that a stack exports."""

    stack: StackTemplate
    logical_id: str
    """The key of the output."""
    value: JsonValue
    """The value in the template, not resolved."""


class Resolver:
    """Resolves the values in the templates of a stage."""

    def __init__(
        self,
        templates: Templates,
        target_changes: Mapping[ResourceId, TargetChange] | None = None,
    ) -> None:
        """Resolve references with the changes that a deployment makes to their targets."""
        self._templates = templates
        self._target_changes = target_changes or {}

    def properties(self, resource_id: ResourceId) -> dict[str, JsonValue]:
        """Return the resolved properties of a resource."""
        stack = self._templates[resource_id.stack]
        properties = stack.resources[resource_id.logical_id].get("Properties", {})
        resolved: dict[str, JsonValue] = self._value(stack, properties)
        return resolved

    def condition(self, resource_id: ResourceId) -> JsonValue:
        """Return whether the condition of a resource holds.

        The result is the partly resolved condition if it is not known before the deployment.
        """
        stack = self._templates[resource_id.stack]
        name = stack.resources[resource_id.logical_id].get("Condition")
        return True if name is None else self._condition(stack, {"Condition": name})

    @cached_property
    def exports(self) -> Mapping[str, Export]:
        """The exports of all stacks, by their names."""
        return {
            str(self._value(stack, output["Export"]["Name"])): Export(
                stack, logical_id, output["Value"]
            )
            for stack in self._templates.values()
            for logical_id, output in stack.outputs.items()
            if "Export" in output
        }

    def export_value(self, name: str) -> JsonValue:
        """Return the resolved value of an export; None if no stack exports the name."""
        export = self.exports.get(name)
        return None if export is None else self._value(export.stack, export.value)

    def output_value(self, stack: str, output: str) -> JsonValue:
        """Return the resolved value of an output of a stack."""
        template = self._templates[stack]
        return self._value(template, template.outputs[output]["Value"])

    def imports(self, stack: str) -> frozenset[str]:
        """Return the names of the exports that a stack imports."""
        return self._imports[stack]

    @cached_property
    def _imports(self) -> Mapping[str, frozenset[str]]:
        return {
            name: frozenset(
                str(self._value(stack, argument))
                for argument in _arguments_of("Fn::ImportValue", stack.template)
            )
            for name, stack in self._templates.items()
        }

    def outputs_read(self, stack: str) -> frozenset[tuple[str, str]]:
        """Return the outputs that a stack reads with `Fn::GetStackOutput`, as (stack, output)."""
        template = self._templates[stack]
        return frozenset(
            self._output_read(template, argument)
            for argument in _arguments_of("Fn::GetStackOutput", template.template)
        )

    def _value(self, stack: StackTemplate, node: JsonValue) -> JsonValue:
        """Return a resolved value of a stack's template.

        Numbers and booleans become strings, because CloudFormation accepts either form.
        """
        if isinstance(node, bool):
            return "true" if node else "false"
        if isinstance(node, (int, float)):
            return json.dumps(node)
        if isinstance(node, (list, tuple)):
            return [v for item in node if (v := self._value(stack, item)) != _NO_VALUE]
        if not isinstance(node, Mapping):
            return node
        if is_function(node):
            ((function, argument),) = node.items()
            return self._call(stack, function, argument)
        return {k: v for k, item in node.items() if (v := self._value(stack, item)) != _NO_VALUE}

    def _call(self, stack: StackTemplate, function: str, argument: JsonValue) -> JsonValue:
        match function, argument:
            case "Ref", str(name):
                return self._ref(stack, name)
            case "Fn::GetAtt", str(path):
                return self._get_att(stack, *path.split(".", 1))
            case "Fn::GetAtt", [str(name), attribute]:
                return self._get_att(stack, name, self._value(stack, attribute))
            case "Fn::ImportValue", name:
                return self._import_value(self._value(stack, name))
            case "Fn::GetStackOutput", Mapping():
                return self._stack_output(stack, argument)
            case "Fn::Join", [str(separator), parts]:
                return _join(separator, self._value(stack, parts))
            case "Fn::Sub", str(text):
                return _join("", list(self._substitute(stack, text, {})))
            case "Fn::Sub", [str(text), Mapping() as variables]:
                return _join("", list(self._substitute(stack, text, variables)))
            case "Fn::If", [str(name), if_true, if_false]:
                return self._if(stack, name, if_true, if_false)
            case "Fn::FindInMap", [mapping, *keys]:
                return self._find_in_map(stack, mapping, self._value(stack, keys))
            case "Fn::Split", [str(separator), text]:
                return _split(separator, self._value(stack, text))
            case "Fn::Select", [index, items]:
                return _select(self._value(stack, index), self._value(stack, items))
        return {function: self._value(stack, argument)}

    def _ref(self, stack: StackTemplate, name: str) -> JsonValue:
        if name in stack.resources:
            return self._reference(stack, name)
        known = {"AWS::Region": stack.region, "AWS::StackName": stack.name}
        if stack.account.isdigit():
            known["AWS::AccountId"] = stack.account
        known |= stack.parameters
        parameter = stack.template.get("Parameters", {}).get(name, {})
        if name not in known and "Default" in parameter:
            return self._value(stack, parameter["Default"])
        return known.get(name, {"Ref": name})

    def _get_att(self, stack: StackTemplate, name: str, attribute: JsonValue = "") -> JsonValue:
        if name in stack.resources:
            return self._reference(stack, name, attribute)
        return {"Fn::GetAtt": [name, attribute]}

    def _reference(
        self, stack: StackTemplate, logical_id: str, attribute: JsonValue = None
    ) -> Reference:
        target = ResourceId(stack.name, logical_id)
        return Reference(target, attribute, self._target_changes.get(target))

    def _import_value(self, name: JsonValue) -> JsonValue:
        known = str(name) in self.exports
        return self.export_value(str(name)) if known else {"Fn::ImportValue": name}

    def _stack_output(self, stack: StackTemplate, argument: Mapping[str, JsonValue]) -> JsonValue:
        source, output = self._output_read(stack, argument)
        if source not in self._templates or output not in self._templates[source].outputs:
            return {"Fn::GetStackOutput": self._value(stack, argument)}
        return self.output_value(source, output)

    def _output_read(
        self, stack: StackTemplate, argument: Mapping[str, JsonValue]
    ) -> tuple[str, str]:
        """Return the names of the stack and of the output that `Fn::GetStackOutput` reads."""
        resolved = self._value(stack, argument)
        return str(resolved["StackName"]), str(resolved["OutputName"])

    def _substitute(
        self, stack: StackTemplate, text: str, variables: Mapping[str, JsonValue]
    ) -> Iterator[JsonValue]:
        """Yield the parts of an `Fn::Sub` string: the text and the resolved variables."""
        end = 0
        for match in _VARIABLE.finditer(text):
            yield text[end : match.start()]
            end = match.end()
            escape, name = match.groups()
            if escape:
                yield f"${{{name}}}"
            elif name in variables:
                yield self._value(stack, variables[name])
            else:
                yield self._value(stack, {"Fn::GetAtt" if "." in name else "Ref": name})
        yield text[end:]

    def _if(
        self, stack: StackTemplate, condition: str, if_true: JsonValue, if_false: JsonValue
    ) -> JsonValue:
        holds = self._condition(stack, {"Condition": condition})
        if isinstance(holds, bool):
            return self._value(stack, if_true if holds else if_false)
        return {"Fn::If": [holds, self._value(stack, if_true), self._value(stack, if_false)]}

    def _find_in_map(
        self, stack: StackTemplate, mapping: JsonValue, keys: Sequence[JsonValue]
    ) -> JsonValue:
        value: JsonValue = stack.template.get("Mappings", {}).get(str(mapping))
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) and isinstance(key, str) else None
        return {"Fn::FindInMap": [mapping, *keys]} if value is None else self._value(stack, value)

    def _condition(self, stack: StackTemplate, node: Mapping[str, JsonValue]) -> JsonValue:
        ((function, argument),) = node.items()
        if function == "Condition":
            definition = stack.template.get("Conditions", {}).get(argument)
            return self._condition(stack, definition) if definition else {"Condition": argument}
        if function == "Fn::Equals":
            values = [self._value(stack, item) for item in argument]
            known = all(isinstance(value, str) for value in values)
            return values[0] == values[1] if known else {function: values}
        operands = [self._condition(stack, item) for item in argument]
        match function:
            case "Fn::Not" if isinstance(operands[0], bool):
                return not operands[0]
            case "Fn::And" if False in operands or all(operand is True for operand in operands):
                return False not in operands
            case "Fn::Or" if True in operands or all(operand is False for operand in operands):
                return True in operands
        return {function: operands}


def _join(separator: str, parts: JsonValue) -> JsonValue:
    """Return the joined string; if parts are unknown, an `Fn::Join` of as few parts as possible."""
    if not isinstance(parts, list):
        return {"Fn::Join": [separator, parts]}
    merged: list[JsonValue] = []
    for position, part in enumerate(parts):
        for piece in [separator] * (position > 0) + _joined_parts(part):
            if isinstance(piece, str) and merged and isinstance(merged[-1], str):
                merged[-1] += piece
            elif piece != "":
                merged.append(piece)
    if not merged:
        return ""
    return merged[0] if len(merged) == 1 else {"Fn::Join": ["", merged]}


def _joined_parts(part: JsonValue) -> list[JsonValue]:
    """Return the parts of an `Fn::Join` without separator, or the part itself."""
    if isinstance(part, Mapping) and list(part) == ["Fn::Join"] and part["Fn::Join"][0] == "":
        return list(part["Fn::Join"][1])
    return [part]


def _split(separator: str, text: JsonValue) -> JsonValue:
    if isinstance(text, str):
        return text.split(separator)
    return {"Fn::Split": [separator, text]}


def _select(index: JsonValue, items: JsonValue) -> JsonValue:
    if isinstance(items, list) and isinstance(index, str) and index.isdigit():
        position = int(index)
        if position < len(items):
            return items[position]
    return {"Fn::Select": [index, items]}


def _arguments_of(function: str, node: JsonValue) -> Iterator[JsonValue]:
    """Yield the arguments of each call of an intrinsic function in a template."""
    if isinstance(node, Mapping):
        for name, value in node.items():
            if name == function:
                yield value
            else:
                yield from _arguments_of(function, value)
    elif isinstance(node, (list, tuple)):
        for item in node:
            yield from _arguments_of(function, item)
