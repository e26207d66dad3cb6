"""The checks of the account before a deployment."""

from typing import Any

import pytest

from settings import SettingsError, load_stage
from tools.operations import preflight
from tools.operations.errors import OperationError


class Session:
    """Simulates a boto3 session with credentials for account 111111111111."""

    def client(self, service: str) -> Any:
        assert service == "sts"
        return self

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": "111111111111"}


def test_credentials_for_another_account_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def load_with_account(name: str) -> Any:
        return load_stage(name).model_copy(update={"account": "000000000000"})

    monkeypatch.setattr(preflight, "load_stage", load_with_account)
    session: Any = Session()
    with pytest.raises(OperationError) as caught:
        preflight.run_preflight(session, load_stage("staging"))
    assert str(caught.value) == (
        "settings/staging.yaml: account: found 000000000000; your credentials are for 111111111111"
    )


def test_settings_that_do_not_fit_the_account_are_refused() -> None:
    session: Any = Session()
    with pytest.raises(SettingsError, match=r"domain\.name: found .* for account 111111111111"):
        preflight.run_preflight(session, load_stage("staging"))
