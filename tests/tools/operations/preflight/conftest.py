"""A new account and an internet for the checks."""

import pytest

from tests.tools.operations.simulated_account import (
    SimulatedAccount,
    SimulatedInternet,
    stage_settings,
)
from tools.operations.preflight import http


@pytest.fixture
def account() -> SimulatedAccount:
    """A new account, and the settings of production for its first deployment."""
    return SimulatedAccount(stage_settings())


@pytest.fixture
def internet(monkeypatch: pytest.MonkeyPatch) -> SimulatedInternet:
    """The internet, in which every image and every chart exists."""
    simulated = SimulatedInternet()
    monkeypatch.setattr(http, "get", simulated.get)
    return simulated
