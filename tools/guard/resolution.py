"""Resolves what templates refer to, so far that a change of wording is no change of value.

A reference to a resource becomes the resource's address in the stage, also through an export of
another stack. A reference to a resource that is going to be replaced reads differently, and so
changes every property that holds it. What stays unknown before a deploy stays as it is written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from tools.guard.templates import Address, StackTemplate, Templates

NO_VALUE = {"Ref": "AWS::NoValue"}
_VARIABLE = re.compile(r"\$\{(!?)([^}]+)\}")


class Resolver:
    """Resolves the values of a stage's templates."""

    def __init__(self, stage: Templates, marks: Mapping[Address, str] | None = None) -> None:
        """Take the stage, and a word for each resource whose references read differently."""
        self._stage = stage
        self._marks = marks or {}

    def properties(self, stack: str, logical_id: str) -> dict[str, Any]:
        """Return a resource's properties, resolved."""
        template = self._stage[stack]
        properties = template.resources[logical_id].get("Properties", {})
        resolved: dict[str, Any] = self.value(template, properties)
        return resolved

    def condition(self, stack: str, logical_id: str) -> Any:  # noqa: ANN401 - JSON
        """Return whether a resource is made: true, false, or the condition as far as known."""
        template = self._stage[stack]
        name = template.resources[logical_id].get("Condition")
        return True if name is None else self._condition(template, {"Condition": name})

    def value(self, stack: StackTemplate, node: Any) -> Any:  # noqa: ANN401 - JSON
        """Return a value of a stack's template, resolved.

        Numbers and booleans become text, as CloudFormation takes either for the other.
        """
        if isinstance(node, bool):
            return "true" if node else "false"
        if isinstance(node, (int, float)):
            return json.dumps(node)
        if isinstance(node, (list, tuple)):
            return [v for item in node if (v := self.value(stack, item)) != NO_VALUE]
        if not isinstance(node, Mapping):
            return node
        if len(node) == 1:
            ((function, argument),) = node.items()
            if function == "Ref" or function.startswith("Fn::"):
                return self._call(stack, function, argument)
        return {k: v for k, item in node.items() if (v := self.value(stack, item)) != NO_VALUE}

    def _call(self, stack: StackTemplate, function: str, argument: Any) -> Any:  # noqa: ANN401
        match function, argument:
            case "Ref", str(name):
                return self._ref(stack, name)
            case "Fn::GetAtt", str(dotted):
                return self._attribute(stack, *dotted.split(".", 1))
            case "Fn::GetAtt", [str(name), attribute]:
                return self._attribute(stack, name, self.value(stack, attribute))
            case "Fn::ImportValue", name:
                return self._import(self.value(stack, name))
            case "Fn::Join", [str(separator), parts]:
                return _join(separator, self.value(stack, parts))
            case "Fn::Sub", str(text):
                return _join("", list(self._substituted(stack, text, {})))
            case "Fn::Sub", [str(text), Mapping() as variables]:
                return _join("", list(self._substituted(stack, text, variables)))
            case "Fn::If", [str(name), yes, no]:
                holds = self._condition(stack, {"Condition": name})
                if isinstance(holds, bool):
                    return self.value(stack, yes if holds else no)
                return {function: [holds, self.value(stack, yes), self.value(stack, no)]}
            case "Fn::FindInMap", [mapping, *keys]:
                return self._in_map(stack, mapping, self.value(stack, keys))
            case "Fn::Split", [str(separator), text]:
                whole = self.value(stack, text)
                if isinstance(whole, str):
                    return whole.split(separator)
                return {function: [separator, whole]}
            case "Fn::Select", [index, items]:
                return _select(self.value(stack, index), self.value(stack, items))
        return {function: self.value(stack, argument)}

    def _ref(self, stack: StackTemplate, name: str) -> Any:  # noqa: ANN401 - JSON
        if name in stack.resources:
            return {"Ref": self._address(stack, name)}
        known = {"AWS::Region": stack.region, "AWS::StackName": stack.name}
        if stack.account.isdigit():
            known["AWS::AccountId"] = stack.account
        known |= stack.parameters
        parameter = stack.template.get("Parameters", {}).get(name, {})
        if name not in known and "Default" in parameter:
            return self.value(stack, parameter["Default"])
        return known.get(name, {"Ref": name})

    def _attribute(self, stack: StackTemplate, name: str, attribute: Any = "") -> Any:  # noqa: ANN401
        known = name in stack.resources
        return {"Fn::GetAtt": [self._address(stack, name) if known else name, attribute]}

    def _address(self, stack: StackTemplate, name: str) -> str:
        mark = self._marks.get((stack.name, name))
        return f"{stack.name}/{name}" + (f" ({mark})" if mark else "")

    def _import(self, name: Any) -> Any:  # noqa: ANN401 - JSON
        stack, value = self._exports.get(str(name), (None, None))
        return {"Fn::ImportValue": name} if stack is None else self.value(stack, value)

    @cached_property
    def _exports(self) -> dict[str, tuple[StackTemplate, Any]]:
        return {
            str(self.value(stack, output["Export"]["Name"])): (stack, output["Value"])
            for stack in self._stage.values()
            for output in stack.template.get("Outputs", {}).values()
            if "Export" in output
        }

    def _substituted(
        self, stack: StackTemplate, text: str, variables: Mapping[str, Any]
    ) -> Iterator[Any]:
        end = 0
        for match in _VARIABLE.finditer(text):
            yield text[end : match.start()]
            end = match.end()
            literal, name = match.groups()
            if literal:
                yield f"${{{name}}}"
            elif name in variables:
                yield self.value(stack, variables[name])
            else:
                yield self.value(stack, {"Fn::GetAtt" if "." in name else "Ref": name})
        yield text[end:]

    def _in_map(self, stack: StackTemplate, mapping: Any, keys: list[Any]) -> Any:  # noqa: ANN401
        found: Any = stack.template.get("Mappings", {}).get(str(mapping))
        for key in keys:
            found = found.get(key) if isinstance(found, Mapping) and isinstance(key, str) else None
        return {"Fn::FindInMap": [mapping, *keys]} if found is None else self.value(stack, found)

    def _condition(self, stack: StackTemplate, node: Mapping[str, Any]) -> Any:  # noqa: ANN401
        ((function, argument),) = node.items()
        if function == "Condition":
            defined = stack.template.get("Conditions", {}).get(argument)
            return self._condition(stack, defined) if defined else {"Condition": argument}
        if function == "Fn::Equals":
            values = [self.value(stack, item) for item in argument]
            known = all(isinstance(value, str) for value in values)
            return values[0] == values[1] if known else {function: values}
        parts = [self._condition(stack, item) for item in argument]
        match function:
            case "Fn::Not" if isinstance(parts[0], bool):
                return not parts[0]
            case "Fn::And" if False in parts or all(part is True for part in parts):
                return False not in parts
            case "Fn::Or" if True in parts or all(part is False for part in parts):
                return True in parts
        return {function: parts}


def _join(separator: str, parts: Any) -> Any:  # noqa: ANN401 - JSON
    if not isinstance(parts, list):
        return {"Fn::Join": [separator, parts]}
    merged: list[Any] = []
    for position, part in enumerate(parts):
        for piece in [separator] * (position > 0) + _pieces(part):
            if isinstance(piece, str) and merged and isinstance(merged[-1], str):
                merged[-1] += piece
            elif piece != "":
                merged.append(piece)
    if not merged:
        return ""
    return merged[0] if len(merged) == 1 else {"Fn::Join": ["", merged]}


def _pieces(part: Any) -> list[Any]:  # noqa: ANN401 - JSON
    if isinstance(part, Mapping) and list(part) == ["Fn::Join"] and part["Fn::Join"][0] == "":
        return list(part["Fn::Join"][1])
    return [part]


def _select(index: Any, items: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(items, list) and isinstance(index, str) and index.isdigit():
        position = int(index)
        if position < len(items):
            return items[position]
    return {"Fn::Select": [index, items]}
