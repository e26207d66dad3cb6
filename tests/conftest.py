"""The option `--nightly`, the order of the tests, and what they share: stages, models of AWS."""

from collections.abc import Iterator
from functools import cache

import botocore.session
import pytest

from settings import load_stage, stage_names
from tests.nightly import pytest_addoption
from tests.nightly import pytest_collection_modifyitems as select_tests
from tests.order import start_rank
from tests.synthesis import (
    SynthesizedAccount,
    SynthesizedStage,
    synthesize,
    synthesize_account,
)

__all__ = ["pytest_addoption"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Select the tests, and let the long files begin first."""
    select_tests(config, items)
    items.sort(key=lambda item: start_rank(item.path))


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


@pytest.fixture(scope="session", autouse=True)
def service_models() -> Iterator[None]:
    """Let every session of boto3 read the files of botocore once.

    A session has a loader of its own, whose clients share what it has read. Tests create hundreds
    of sessions, and the files of a session's first client take a tenth of a second.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", cache(botocore.session.create_loader))
        yield
