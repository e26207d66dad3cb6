"""The review of changes of production, as the Markdown that a reviewer reads."""

import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from syrupy.assertion import SnapshotAssertion

from tests.snapshot_files import SnapshotFiles
from tests.synthesis import SynthesizedStage
from tests.tools.review import mutations
from tests.tools.review.stages import Mutation, comparison
from tools.cost.prices import AS_OF
from tools.review.__main__ import MARKDOWN_LIMIT
from tools.review.report import Review, review

NEW_STAGE_LIMIT = 3_300
"""The review of a new stage is cut for its snapshot, which would have 400,000 characters."""
MASKS = (
    (r"\b(?!0{64})[0-9a-f]{64}\b", "<asset>"),
    (r" +\d[\d,.]*\.\d\d +\d[\d,.]*\.\d\d( +[+-])", r"  <before>  <after>\1"),
)
"""What differs after each change of production: hashes of assets, and costs of the whole stage."""
NEW_STAGE_MASKS = ((r"\d+ (added|resources)", r"<number> \1"), (r"[+]\d[\d,]*\.\d\d", "<cost>"))


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


def review_of(stage: SynthesizedStage, mutate: Mutation, folder: Path) -> Review:
    return review(comparison(stage, mutate, folder / "cdk.out"), AS_OF)


@pytest.mark.parametrize("mutate", mutations.SHOWN, ids=lambda mutate: mutate.__name__)
def test_the_review_shows_what_changes(
    production: SynthesizedStage, mutate: Mutation, tmp_path: Path, snapshots: SnapshotAssertion
) -> None:
    text = review_of(production, mutate, tmp_path).render()
    assert masked(text, MASKS) == snapshots(name=mutate.__name__)


def test_a_new_stage_is_reviewed(
    production: SynthesizedStage, tmp_path: Path, snapshots: SnapshotAssertion
) -> None:
    new = comparison(production, mutations.nothing, tmp_path / "cdk.out", before={})
    text = review(new, AS_OF).render(NEW_STAGE_LIMIT)
    assert masked(text, (*MASKS, *NEW_STAGE_MASKS)) == snapshots(name="a_new_stage")
    assert len(text) <= NEW_STAGE_LIMIT


def test_a_stack_that_is_no_longer_synthesized_is_listed(
    production: SynthesizedStage, tmp_path: Path
) -> None:
    def without_monitoring(templates: mutations.Templates) -> None:
        del templates["monitoring"]

    text = review_of(production, without_monitoring, tmp_path).render()
    assert "spywatcher-production-monitoring (no longer synthesized)" in text.splitlines()[0]


def test_a_large_review_is_cut_but_its_findings_are_not(
    production: SynthesizedStage, tmp_path: Path
) -> None:
    result = review_of(production, mutations.a_large_change, tmp_path)
    full, cut = result.render(), result.render(MARKDOWN_LIMIT)
    assert len(full) > MARKDOWN_LIMIT + 20_000
    assert MARKDOWN_LIMIT - 1_000 < len(cut) <= MARKDOWN_LIMIT
    findings = full.partition("#### What loses data")[2].partition("####")[0]
    assert "would be replaced by a new, empty one" in findings
    assert findings in cut
    assert "`python3 dev.py review production`" in cut
    assert "too long for this page" not in full
    assert_is_inert(cut)


def test_the_output_of_cdk_diff_is_cut_first(production: SynthesizedStage, tmp_path: Path) -> None:
    result = review_of(production, mutations.a_replaced_database, tmp_path)
    full = result.render()
    before_the_diff = full.partition("#### `cdk diff`")[0]
    assert before_the_diff in result.render(len(full) - 10)


def test_only_a_cut_review_that_is_all_findings_exceeds_the_limit(
    production: SynthesizedStage, tmp_path: Path
) -> None:
    text = review_of(production, mutations.a_replaced_database, tmp_path).render(100)
    assert "#### What loses data" in text
    assert "<details>" not in text


@pytest.mark.parametrize("limit", [None, 3_000, 4_000])
def test_values_of_templates_stay_text(
    production: SynthesizedStage, tmp_path: Path, limit: int | None
) -> None:
    text = review_of(production, mutations.hostile_values, tmp_path).render(limit)
    assert "@someone" in text
    assert_is_inert(text)


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
