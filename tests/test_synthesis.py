"""The synthesis of stages in tests."""

import functools
import itertools
import os

import pytest

from settings import load_stage
from tests import synthesis


def process_id(_: object) -> int:
    return os.getpid()


@pytest.mark.nightly
def test_a_process_synthesizes_a_limited_number_of_stages(monkeypatch: pytest.MonkeyPatch) -> None:
    processes = functools.cache(synthesis._other_processes.__wrapped__)
    monkeypatch.setattr(synthesis, "SYNTHESES_OF_A_PROCESS", 2)
    monkeypatch.setattr(synthesis, "_count", itertools.count())
    monkeypatch.setattr(synthesis, "_other_processes", processes)
    monkeypatch.setattr(synthesis, "synthesize_here", process_id)
    with processes():
        found: list[object] = [synthesis.synthesize.__wrapped__(None) for _ in range(6)]
    here, second, third = found[::2]
    assert found == [here, here, second, second, third, third]
    assert len({os.getpid(), second, third}) == 3
    assert here == os.getpid()


@pytest.mark.nightly
def test_a_stage_of_another_process_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_stage("staging")
    processes = functools.cache(synthesis._other_processes.__wrapped__)
    monkeypatch.setattr(synthesis, "_count", itertools.count(synthesis.SYNTHESES_OF_A_PROCESS))
    monkeypatch.setattr(synthesis, "_other_processes", processes)
    with processes():
        other = synthesis.synthesize.__wrapped__(settings)
    assert other == synthesis.synthesize_here(settings)
