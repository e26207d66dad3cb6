"""The deployed stage of the tests, which release one image after another."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout

import pytest

import tools.release.__main__ as cli
from settings import load_stage
from tests.releases.recorder import Recorder
from tests.releases.stage import DELIVERY, Call, ReleaseStage
from tools.operations.preflight import http
from tools.release import commands, following

ALARMS = (
    *("backend-blue-errors", "backend-blue-slow", "backend-green-errors", "backend-green-slow"),
    *("backend-down", "high-error-rate"),
)


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReleaseStage]:
    """Staging, with canary releases of the backend, on an embedded AWS that waits less."""
    folder = tmp_path_factory.mktemp("releases")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        stage = ReleaseStage(folder, _run)
        patch.setattr(cli, "load_stage", lambda name: load_stage(name, stage.settings_folder))
        patch.setattr(http, "get", _unreachable)
        for module in (commands, following):
            patch.setattr(module, "POLL_SECONDS", 0.1)
        stage.set_delivery(DELIVERY)
        try:
            stage.deploy()
            patch.setenv("AWS_ENDPOINT_URL", stage.endpoint)
            patch.setenv("AWS_ACCESS_KEY_ID", "test")
            patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
            yield stage
        finally:
            patch.undo()
            stage.copy.run("stop-local")


@pytest.fixture
def stage(deployed: ReleaseStage) -> ReleaseStage:
    """The stage without faults and alarms, where no release runs."""
    deployed.set_faults({})
    for alarm in ALARMS:
        deployed.set_alarm(alarm, "OK")
    for running in deployed.machine().running():
        deployed.wait_for_end(running)
    assert deployed.backend().running_track, deployed.backend()
    return deployed


@pytest.fixture
def recorder(stage: ReleaseStage) -> Iterator[Recorder]:
    """A recorder that runs for the time of the test. It fails a test that leaves no track up."""
    with Recorder(stage) as running:
        yield running
    assert not running.errors, running.errors
    assert running.samples
    assert not running.unavailable(), running.unavailable()[:3]


def _run(arguments: Sequence[str]) -> Call:
    output, errors = io.StringIO(), io.StringIO()
    with redirect_stdout(output), redirect_stderr(errors):
        code = cli.main(arguments)
    return Call(code, output.getvalue(), errors.getvalue())


def _unreachable(url: str, _headers: object = None) -> http.Response:
    raise http.UnreachableError(f"{url} cannot be reached")
