"""The fingerprint: what makes it another one, and what does not."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.synthesis import SynthesizedStage
from tests.tools.review import mutations
from tests.tools.review.stages import Mutation, comparison, deployed
from tools.guard.templates import Templates
from tools.review.errors import ReviewError
from tools.review.fingerprint import Fingerprint, check_fingerprint, fingerprint


def fingerprint_of(
    stage: SynthesizedStage,
    folder: Path,
    mutate: Mutation = mutations.nothing,
    before: Templates | None = None,
) -> Fingerprint:
    return fingerprint(comparison(stage, mutate, folder, before))


def test_it_is_the_same_twice(production: SynthesizedStage, tmp_path: Path) -> None:
    first, second = (fingerprint_of(production, tmp_path / name) for name in ("a", "b"))
    assert str(first) == str(second)
    check_fingerprint(str(first), second, "production")


def test_it_is_another_one_after_one_character(
    production: SynthesizedStage, tmp_path: Path
) -> None:
    def one_character(templates: mutations.Templates) -> None:
        templates["data"]["Description"] += "."

    first = fingerprint_of(production, tmp_path / "a")
    second = fingerprint_of(production, tmp_path / "b", one_character)
    with pytest.raises(ReviewError) as refusal:
        check_fingerprint(str(first), second, "production")
    assert str(refusal.value) == (
        "production: the deployed or the synthesized templates are not those of the approved plan. "
        "What differs: spywatcher-production-data. Re-run the plan, read it, and approve again."
    )


def test_it_is_another_one_after_another_deployment(
    production: SynthesizedStage, tmp_path: Path
) -> None:
    before = dict(deployed(production))
    first = fingerprint_of(production, tmp_path / "a", before=before)
    del before["spywatcher-production-monitoring"]
    second = fingerprint_of(production, tmp_path / "b", before=before)
    with pytest.raises(ReviewError, match="What differs: spywatcher-production-monitoring\\."):
        check_fingerprint(str(first), second, "production")


def test_it_is_the_same_after_a_release(production: SynthesizedStage, tmp_path: Path) -> None:
    released = deployed(production, BackendImage="ghcr.io/example/backend:2", Release="20261125")
    first = fingerprint_of(production, tmp_path / "a")
    assert str(first) == str(fingerprint_of(production, tmp_path / "b", before=released))


def test_it_is_another_one_with_other_assets(production: SynthesizedStage, tmp_path: Path) -> None:
    first = comparison(production, mutations.nothing, tmp_path / "a")
    second = comparison(production, mutations.nothing, tmp_path / "b")
    changed = replace(second.stacks[0], asset_hashes=("0" * 64,))
    second = replace(second, stacks=[changed, *second.stacks[1:]])
    assert str(fingerprint(first)) != str(fingerprint(second))


@pytest.mark.parametrize("text", ["", "yes", "0" * 63, "0" * 64 + ",a"])
def test_what_is_no_fingerprint_is_refused(text: str) -> None:
    with pytest.raises(ReviewError, match=r"--expect: found .*; allowed: the fingerprint that"):
        Fingerprint.parse(text)


def test_it_is_one_word_for_a_file_of_outputs(production: SynthesizedStage, tmp_path: Path) -> None:
    text = str(fingerprint_of(production, tmp_path / "a"))
    assert len(text.split()) == 1
    assert str(Fingerprint.parse(text)) == text
