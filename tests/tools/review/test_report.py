"""The review of changes of production, as the Markdown that a reviewer reads."""

import functools
import os
import re
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from syrupy.assertion import SnapshotAssertion

from tests.snapshot_files import SnapshotFiles
from tests.synthesis import SynthesizedStage
from tests.tools.review import mutations
from tests.tools.review.stages import Mutation, comparison
from tools.cost.prices import AS_OF
from tools.review import report
from tools.review.__main__ import MARKDOWN_LIMIT
from tools.review.cdk_diff import CdkDiff, cdk_diff
from tools.review.errors import ReviewError
from tools.review.report import Review, review
from tools.templates.assembly import AssemblyStack

NEW_STAGE_LIMIT = 3_300
"""The review of a new stage is cut for its snapshot, which would have 400,000 characters."""
MASKS = (
    (r"\b(?!0{64})[0-9a-f]{64}\b", "<asset>"),
    (r" +\d[\d,.]*\.\d\d +\d[\d,.]*\.\d\d( +[+-])", r"  <before>  <after>\1"),
)
"""What differs after each change of production: hashes of assets, and costs of the whole stage."""
NEW_STAGE_MASKS = ((r"\d+ (added|resources)", r"<number> \1"), (r"[+]\d[\d,]*\.\d\d", "<cost>"))


ReviewOf = Callable[[Mutation], Review]


class MarkdownSnapshots(SnapshotFiles):
    """A Markdown file for each snapshot: snapshots/test_review/<name>.md."""

    folder = "test_review"
    file_extension = "md"


@pytest.fixture
def snapshots(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(MarkdownSnapshots)


def masked(text: str, masks: tuple[tuple[str, str], ...]) -> str:
    for pattern, replacement in masks:
        text = re.sub(pattern, replacement, text)
    return text


@pytest.fixture(scope="module")
def review_of(production: SynthesizedStage, tmp_path_factory: pytest.TempPathFactory) -> ReviewOf:
    """Review a mutation once, however many tests read the review."""

    @functools.cache
    def review_once(mutate: Mutation) -> Review:
        folder = tmp_path_factory.mktemp("review")
        return review(comparison(production, mutate, folder / "cdk.out"), AS_OF)

    return review_once


@pytest.mark.parametrize("mutate", mutations.SHOWN, ids=lambda mutate: mutate.__name__)
def test_the_review_shows_what_changes(
    review_of: ReviewOf, mutate: Mutation, snapshots: SnapshotAssertion
) -> None:
    text = review_of(mutate).render()
    assert masked(text, MASKS) == snapshots(name=mutate.__name__)


def test_a_new_stage_is_reviewed(
    production: SynthesizedStage,
    tmp_path: Path,
    snapshots: SnapshotAssertion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Compare the first stack alone with the CDK CLI: the texts of all other stacks are cut off."""
    new = comparison(production, mutations.nothing, tmp_path / "cdk.out", before={})
    diff = cdk_diff(new.stacks[0], {}, new.assembly)
    monkeypatch.setattr(report, "cdk_diff", lambda *_: diff)
    text = review(new, AS_OF).render(NEW_STAGE_LIMIT)
    assert masked(text, (*MASKS, *NEW_STAGE_MASKS)) == snapshots(name="a_new_stage")
    assert len(text) <= NEW_STAGE_LIMIT


def test_a_stack_that_is_no_longer_synthesized_is_listed(review_of: ReviewOf) -> None:
    def without_monitoring(templates: mutations.Templates) -> None:
        del templates["monitoring"]

    text = review_of(without_monitoring).render()
    assert "spywatcher-production-monitoring (no longer synthesized)" in text.splitlines()[0]


def test_a_large_review_is_cut_but_its_findings_are_not(
    production: SynthesizedStage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    diff = CdkDiff(False, "", "\n".join(["[+] AWS::CloudWatch::Alarm Example"] * 400))
    monkeypatch.setattr(report, "cdk_diff", lambda *_: diff)
    large = comparison(production, mutations.a_large_change, tmp_path / "cdk.out")
    result = review(large, AS_OF)
    full, cut = result.render(), result.render(MARKDOWN_LIMIT)
    assert len(full) > MARKDOWN_LIMIT + 20_000
    assert MARKDOWN_LIMIT - 1_000 < len(cut) <= MARKDOWN_LIMIT
    findings = full.partition("#### What loses data")[2].partition("####")[0]
    assert "would be replaced by a new, empty one" in findings
    assert findings in cut
    assert "`python3 dev.py review production`" in cut
    assert "too long for this page" not in full
    assert_is_inert(cut)


def test_the_output_of_cdk_diff_is_cut_first(review_of: ReviewOf) -> None:
    result = review_of(mutations.a_replaced_database)
    full = result.render()
    before_the_diff = full.partition("#### `cdk diff`")[0]
    assert before_the_diff in result.render(len(full) - 10)


def test_only_a_cut_review_that_is_all_findings_exceeds_the_limit(review_of: ReviewOf) -> None:
    text = review_of(mutations.a_replaced_database).render(100)
    assert "#### What loses data" in text
    assert "<details>" not in text


@pytest.mark.parametrize("limit", [None, 3_000, 4_000])
def test_values_of_templates_stay_text(review_of: ReviewOf, limit: int | None) -> None:
    text = review_of(mutations.hostile_values).render(limit)
    assert "@someone" in text
    assert_is_inert(text)


def test_stacks_are_compared_at_the_same_time(
    production: SynthesizedStage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_at_once = threading.Barrier(2, timeout=10)

    def wait_for_another(
        stack: AssemblyStack, before: Mapping[str, Any], assembly: Path
    ) -> CdkDiff:
        two_at_once.wait()
        return CdkDiff(False, "", f"The changes of {stack.construct_path}.")

    monkeypatch.setattr(report, "cdk_diff", wait_for_another)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    changed = comparison(production, mutations.hostile_values, tmp_path / "cdk.out")
    text = review(changed, AS_OF).render()
    shown = re.findall(r"The changes of production/(\w+)\.", text)
    assert shown == ["network", "workloads"]


def test_the_first_of_several_failures_is_the_message(
    production: SynthesizedStage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    another_failed = threading.Event()

    def fail(stack: AssemblyStack, before: Mapping[str, Any], assembly: Path) -> CdkDiff:
        if stack.construct_path == "production/security":
            assert another_failed.wait(timeout=10)
        another_failed.set()
        raise ReviewError(f"cdk diff {stack.construct_path} failed")

    monkeypatch.setattr(report, "cdk_diff", fail)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    new = comparison(production, mutations.nothing, tmp_path / "cdk.out", before={})
    with pytest.raises(ReviewError, match=r"^cdk diff production/security failed$"):
        review(new, AS_OF)


def assert_is_inert(text: str) -> None:
    """Check that a value of a template is code, and that every `<details>` ends."""
    html = []
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "html_block":
            html.append(token.content)
        for child in token.children or []:
            assert child.type in ("text", "code_inline", "strong_open", "strong_close", "softbreak")
            assert not _is_hostile(child), child.content
    opened = [block for block in html if block.startswith("<details><summary><code>")]
    closed = [block for block in html if block.strip() == "</details>"]
    assert len(opened) == len(closed) == len(html) / 2
    assert not any("@" in block or "script" in block for block in html)


def _is_hostile(token: Token) -> bool:
    return token.type == "text" and bool(re.search(r"@\w|<|\]\(", token.content))
