"""Evaluates the Conditions section of a template.

ministack 1.5.33 supports only Ref to a parameter and Fn::Select in conditions. `AWS::Region` is not
replaced, and Fn::Join equals nothing, so that CDK's bootstrap template takes wrong branches. This
module evaluates conditions with ministack's resolver of property values, which supports both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ministack.services.cloudformation import (  # type: ignore[import-untyped]
    changesets,
    engine,
    handlers,
    stacks,
)


def repair_conditions() -> None:
    """Replace the evaluation of conditions in each module of the emulator that has it."""
    for module in (engine, stacks, changesets, handlers):
        if hasattr(module, "_evaluate_conditions"):
            module._evaluate_conditions = evaluate_conditions


def evaluate_conditions(
    template: Mapping[str, Any], parameters: Mapping[str, Any]
) -> dict[str, bool]:
    """Return the value of each condition of the template.

    Raises:
        ValueError: a condition refers to itself.
    """
    evaluation = _Evaluation(template, parameters)
    return {name: evaluation.condition(name) for name in template.get("Conditions") or {}}


class _Evaluation:
    def __init__(self, template: Mapping[str, Any], parameters: Mapping[str, Any]) -> None:
        self._definitions = template.get("Conditions") or {}
        self._mappings = template.get("Mappings") or {}
        self._parameters = parameters
        self._known: dict[str, bool] = {}
        self._open: set[str] = set()

    def condition(self, name: str) -> bool:
        if name not in self._known:
            if name in self._open:
                raise ValueError(f"Template error: Condition {name} refers to itself")
            self._open.add(name)
            self._known[name] = self._holds(self._definitions.get(name, False))
        return self._known[name]

    def _holds(self, expression: object) -> bool:
        if not isinstance(expression, Mapping) or len(expression) != 1:
            return bool(expression)
        function, operands = next(iter(expression.items()))
        if function == "Condition":
            return self.condition(operands)
        if function == "Fn::Not":
            return not self._holds(operands[0])
        if function == "Fn::And":
            return all(self._holds(operand) for operand in operands)
        if function == "Fn::Or":
            return any(self._holds(operand) for operand in operands)
        if function == "Fn::Equals":
            left, right = (self._value(operand) for operand in operands)
            return left == right
        return self._value(expression) == "true"

    def _value(self, operand: object) -> str:
        value = engine._resolve_refs(
            operand, {}, self._parameters, self._known, self._mappings, "", ""
        )
        return str(value).lower() if isinstance(value, bool) else str(value)
