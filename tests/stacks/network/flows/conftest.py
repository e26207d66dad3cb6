"""Fixtures: the network of each stage, and of a stage with interface endpoints."""

import pytest

from settings import StageSettings, load_stage, stage_names
from tests.stacks.network.flows.network import Network, read_network
from tests.synthesis import synthesize

WITH_ENDPOINTS = "with interface endpoints"


@pytest.fixture(scope="session", params=[*stage_names(), WITH_ENDPOINTS])
def network(request: pytest.FixtureRequest) -> Network:
    """Each network in turn."""
    if request.param == WITH_ENDPOINTS:
        return read_network(synthesize(_with_endpoints()))
    return read_network(synthesize(load_stage(request.param)))


def _with_endpoints() -> StageSettings:
    settings = load_stage("staging")
    network = settings.network.model_copy(update={"interface_endpoints": ("ecr.api", "sts")})
    return settings.model_copy(update={"network": network})
