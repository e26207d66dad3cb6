"""The review of a stage as Markdown, and its form that fits into a comment of GitHub."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from tools.guard.comparison import check_update
from tools.review.cdk_diff import CdkDiff, cdk_diff
from tools.review.comparison import StageComparison
from tools.review.cost_difference import cost_difference
from tools.review.kubernetes_objects import object_differences
from tools.review.markdown import code_block, code_span, folded
from tools.review.other_permissions import permission_differences
from tools.review.replacements import describe_replacements
from tools.review.resource_changes import ResourceChanges, find_resource_changes
from tools.templates.assembly import AssemblyStack

CUT_NOTE = "(Cut here. The last line of this review says where the rest is.)"
LEAST_KEPT = 400
"""A block that would keep fewer characters than these is left out."""


@dataclass(frozen=True)
class Block:
    """A part of the review."""

    heading: str
    """Markdown; empty for a block under the heading of the former one."""
    content: str
    """Text, which is shown as a code block."""
    language: str = ""
    folded_title: str = ""
    """The line that unfolds the content; empty if the content is visible."""
    may_be_cut: bool = True
    is_cut: bool = False

    def render(self) -> str:
        """Return the block as Markdown."""
        content = code_block(self.content, self.language) if self.content else ""
        if self.folded_title and content:
            content = folded(self.folded_title, content)
        note = CUT_NOTE if self.is_cut and (self.heading or content) else ""
        return "\n\n".join(filter(None, [self.heading, content, note]))


@dataclass(frozen=True)
class Review:
    """The review of a stage."""

    summary: str
    """Markdown of one line, and notes."""
    blocks: Sequence[Block]
    rest: str
    """Where the parts are that were cut off, as Markdown."""

    def render(self, limit: int | None = None) -> str:
        """Return the review as Markdown, of at most `limit` characters if findings allow it.

        The blocks are cut from the last to the first: the output of `cdk diff` is the last one.
        """
        blocks = list(self.blocks)
        if limit is not None:
            for position in reversed(range(len(blocks))):
                excess = len(self._join(blocks)) - limit
                if excess <= 0:
                    break
                if blocks[position].may_be_cut:
                    blocks[position] = self._cut(blocks, position, limit)
        return self._join(blocks)

    def _cut(self, blocks: Sequence[Block], position: int, limit: int) -> Block:
        block = replace(blocks[position], is_cut=True)
        trial = [*blocks[:position], block, *blocks[position + 1 :]]
        kept = len(block.content) - (len(self._join(trial)) - limit)
        if kept < LEAST_KEPT:
            return replace(block, content="")
        return replace(block, content=block.content[:kept].rpartition("\n")[0])

    def _join(self, blocks: Sequence[Block]) -> str:
        texts = [block.render() for block in blocks]
        notes = [self.rest] if any(block.is_cut for block in blocks) else []
        return "\n\n".join([self.summary, *filter(None, texts), *notes]) + "\n"


def review(comparison: StageComparison, today: dt.date) -> Review:
    """Compare the templates of a stage, and return what a reviewer has to read.

    `cdk diff --template` compares one stack and takes more than a second of CPU time. So as many
    of these processes run at once as there are cores, while this process finds what else changes.

    Args:
        comparison: the templates before and after.
        today: the date that decides which versions are in extended support, which costs more.

    Raises:
        ReviewError: `cdk diff` failed.
    """
    executor = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="cdk-diff")
    try:
        diffs = _start_diffs(comparison, executor)
        changes = find_resource_changes(comparison.update)
        blocks = list(_blocks(comparison, changes, diffs, today))
    finally:
        executor.shutdown(cancel_futures=True)
    stage = comparison.settings.stage
    return Review(
        summary=_summarize(comparison, changes),
        blocks=blocks,
        rest="The review is too long for this page. The log of this run has all of it, and so has "
        f"the output of {code_span(f'python3 dev.py review {stage}')}.",
    )


def _blocks(
    comparison: StageComparison,
    changes: ResourceChanges,
    started_diffs: Mapping[str, Future[CdkDiff]],
    today: dt.date,
) -> Iterator[Block]:
    update = comparison.update
    guard = check_update(update)
    if guard.findings:
        text = "\n\n".join(map(str, guard.findings))
        yield Block("#### What loses data", text, may_be_cut=False)
    if guard.refusals:
        text = "\n\n".join(map(str, guard.refusals))
        yield Block("#### What AWS refuses", text, may_be_cut=False)
    found = {finding.name for finding in guard.findings}
    if texts := describe_replacements(update, changes, found):
        yield Block("#### What else may be replaced or is removed", "\n\n".join(texts))
    objects = object_differences(update.deployed, update.synthesized)
    other = permission_differences(update.deployed, update.synthesized)
    other += [item.text for item in objects if item.object_id.is_permission]
    cost = cost_difference(comparison, today)
    diffs = {path: diff.result() for path, diff in started_diffs.items()}
    yield from _permission_blocks(diffs, other)
    if texts := [item.text for item in objects if not item.object_id.is_permission]:
        yield Block("#### Kubernetes objects", "\n\n".join(texts), "diff")
    if cost:
        yield Block("#### Cost", cost, may_be_cut=False)
    yield from _diff_blocks(diffs)


def _start_diffs(comparison: StageComparison, executor: Executor) -> dict[str, Future[CdkDiff]]:
    """Return the future `cdk diff` of each changed stack, by the path of the stack."""
    return {
        stack.construct_path: executor.submit(_diff, comparison, stack)
        for stack in comparison.changed_stacks
    }


def _diff(comparison: StageComparison, stack: AssemblyStack) -> CdkDiff:
    before = comparison.before.get(stack.name)
    return cdk_diff(stack, before.template if before else {}, comparison.assembly)


def _permission_blocks(diffs: Mapping[str, CdkDiff], other: Sequence[str]) -> Iterator[Block]:
    """Yield the tables of each stack, then what the tables leave out."""
    heading = "#### Permissions\n\n"
    for path, diff in diffs.items():
        if diff.permissions or diff.broadens_access:
            change = "**broadens access**" if diff.broadens_access else "changes permissions"
            yield Block(f"{heading}{code_span(path)} {change}:", diff.permissions)
            heading = ""
    if other:
        note = "What the tables of `cdk diff` do not have:"
        yield Block(f"{heading}{note}", "\n\n".join(other), "diff")


def _diff_blocks(diffs: Mapping[str, CdkDiff]) -> Iterator[Block]:
    heading = "#### `cdk diff`"
    for path, diff in diffs.items():
        if diff.differences:
            yield Block(heading, diff.differences, folded_title=path)
            heading = ""


def _summarize(comparison: StageComparison, changes: ResourceChanges) -> str:
    """Return one line about all stacks, then what it is compared with, then the notes."""
    update, stage = comparison.update, comparison.settings.stage
    paths = {stack.name: stack.construct_path for stack in comparison.stacks}
    counts = sum(len(ids) for of_stack in changes.values() for ids in of_stack.values())
    parts = [
        f"{_short_name(paths[stack.name])} ({_describe(comparison, changes, stack.name)})"
        for stack in comparison.stacks
        if stack in comparison.changed_stacks or stack.name in changes
    ]
    removed = [name for name in update.deployed if name not in update.synthesized]
    parts += [f"{name} (no longer synthesized)" for name in removed]
    if not parts:
        line = "nothing changes"
    else:
        number = {0: "no resource changes", 1: "1 resource changes"}.get(
            counts, f"{counts} resources change"
        )
        line = f"{number}: {', '.join(parts)}"
    notes = [f"- {code_span(note)}" for note in comparison.notes]
    name = f" {code_span(comparison.baseline_name)}" if comparison.baseline_name else ""
    baseline = f"Compared with {comparison.baseline}{name}."
    return "\n\n".join([f"### {stage}: {line}", baseline, *filter(None, ["\n".join(notes)])])


def _describe(comparison: StageComparison, changes: ResourceChanges, stack: str) -> str:
    """Return how many resources of a stack change and how, or what else of the template does."""
    counts = [f"{len(ids)} {kind.value}" for kind, ids in changes.get(stack, {}).items()]
    if stack not in comparison.update.deployed:
        return ", ".join(["new stack", *counts])
    if counts:
        return ", ".join(counts)
    old = comparison.update.deployed[stack].template
    new = comparison.update.synthesized[stack].template
    sections = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    shown = ["metadata" if name == "Resources" else name.lower() for name in sections]
    return f"only {' and '.join(shown)}"


def _short_name(construct_path: str) -> str:
    return construct_path.rpartition("/")[2]
