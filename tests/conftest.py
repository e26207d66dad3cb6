"""Fixtures: each stage is synthesized once a session."""

import pytest

from settings import load_stage, stage_names
from tests.synthesis import SynthesizedStage, synthesize


@pytest.fixture(scope="session", params=stage_names())
def stage(request: pytest.FixtureRequest) -> SynthesizedStage:
    """Every stage in turn."""
    return synthesize(load_stage(request.param))


@pytest.fixture(scope="session")
def production() -> SynthesizedStage:
    """Production, for sentences that speak of it alone."""
    return synthesize(load_stage("production"))


@pytest.fixture(scope="session")
def staging() -> SynthesizedStage:
    """Staging, likewise."""
    return synthesize(load_stage("staging"))
