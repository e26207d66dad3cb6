"""Fixtures: the stages, each of which is synthesized once in a session."""

import pytest

from settings import load_stage, stage_names
from tests.synthesis import (
    SynthesizedAccount,
    SynthesizedStage,
    synthesize,
    synthesize_account,
)


@pytest.fixture(scope="session", params=stage_names())
def stage(request: pytest.FixtureRequest) -> SynthesizedStage:
    """Each stage in turn."""
    return synthesize(load_stage(request.param))


@pytest.fixture(scope="session")
def production() -> SynthesizedStage:
    """Production, for tests of what only its settings ask for."""
    return synthesize(load_stage("production"))


@pytest.fixture(scope="session")
def staging() -> SynthesizedStage:
    """Staging, for tests of what only its settings ask for."""
    return synthesize(load_stage("staging"))


@pytest.fixture(scope="session")
def account() -> SynthesizedAccount:
    """The account that all stages share, as long as their settings name no other."""
    return synthesize_account(*map(load_stage, stage_names()))
