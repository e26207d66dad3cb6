"""README.md: its picture of the stacks."""

import re
from graphlib import TopologicalSorter

import aws_cdk as cdk

from settings import load_stage
from stacks.stage import SpyWatcherStage
from tests.synthesis import ACCOUNT, ROOT, create_app

README = (ROOT / "README.md").read_text()
Arrows = set[tuple[str, str]]


def dependencies() -> dict[str, set[str]]:
    """Return the stacks that each stack of production waits for, by their short names."""
    settings = load_stage("production")
    environment = cdk.Environment(account=ACCOUNT, region=settings.region)
    assembly = SpyWatcherStage(create_app(), settings=settings, environment=environment).synth()
    prefix = f"{settings.resource_name()}-"
    names = {stack.id: stack.stack_name.removeprefix(prefix) for stack in assembly.stacks}
    return {
        names[stack.id]: {names[each.id] for each in stack.dependencies if each.id in names}
        for stack in assembly.stacks
    }


def without_detours(waits_for: dict[str, set[str]]) -> Arrows:
    """Return an arrow for each dependency that no other stack lies between."""
    before: dict[str, set[str]] = {}
    for name in TopologicalSorter(waits_for).static_order():
        before[name] = waits_for[name].union(*(before[other] for other in waits_for[name]))
    return {
        (other, name)
        for name, others in waits_for.items()
        for other in others
        if not any(other in before[between] for between in others - {other})
    }


def arrows_of_the_picture() -> Arrows:
    picture = README.partition("```mermaid\n")[2].partition("```")[0]
    arrows = re.findall(r"^ *(\w+) -- .* --> (\w+)$", picture, re.MULTILINE)
    return {(first, second) for first, second in arrows}


def test_the_arrows_of_the_picture_are_the_dependencies_of_the_stacks() -> None:
    """A stack may also use what stacks before its neighbour have: the text says so."""
    assert arrows_of_the_picture() == without_detours(dependencies())


def test_a_dependency_that_other_stacks_lie_between_has_no_arrow() -> None:
    waits_for = {"a": set[str](), "b": {"a"}, "c": {"a", "b"}}
    assert without_detours(waits_for) == {("a", "b"), ("b", "c")}
