"""The charts of the controllers, as the indexes of their repositories list them."""

from email.message import Message

import pytest

from settings.versions import CHARTS
from tests.tools.operations.simulated_account import SimulatedAccount, SimulatedInternet
from tools.operations.preflight import charts
from tools.operations.preflight.http import Response, UnreachableError
from tools.operations.preflight.row import Status

KEDA = "https://kedacore.github.io/charts/index.yaml"


def test_each_chart_is_checked(account: SimulatedAccount, internet: SimulatedInternet) -> None:
    rows = charts.check_charts(account.session, account.settings)
    assert [row.subject for row in rows] == [f"Chart {name}" for name in CHARTS]
    assert {row.status for row in rows} == {Status.OK}


def test_a_version_that_the_repository_does_not_have_is_missing(
    account: SimulatedAccount, internet: SimulatedInternet
) -> None:
    index = b"entries: {keda: [{version: 99.1.0}, {version: 99.0.0}]}"
    internet.responses[KEDA] = Response(200, Message(), index)
    row = charts.check_charts(account.session, account.settings)[-1]
    version = CHARTS["keda"].version
    assert row.text == (
        f"{version}; allowed: 99.1.0, 99.0.0; fix: set CHARTS in settings/versions.py"
    )


@pytest.mark.parametrize(
    "response", [Response(502, Message(), b""), UnreachableError("kedacore.github.io: offline")]
)
def test_a_chart_is_unknown_without_an_index(
    account: SimulatedAccount,
    internet: SimulatedInternet,
    response: Response | UnreachableError,
) -> None:
    internet.responses[KEDA] = response
    row = charts.check_charts(account.session, account.settings)[-1]
    assert row.status == Status.UNKNOWN
