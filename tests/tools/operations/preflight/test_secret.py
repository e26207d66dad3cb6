"""The values of the application secret before a deployment."""

import json

from tests.tools.operations.simulated_account import SimulatedAccount, refuse
from tests.tools.operations.test_application_secret import COMPLETE
from tools.operations.preflight.row import Status
from tools.operations.preflight.secret import check_application_secret


def test_each_missing_value_has_a_row_with_the_command_that_sets_it(
    account: SimulatedAccount,
) -> None:
    values = {**COMPLETE, "DISCORD_BOT_TOKEN": "short-and-secret"}
    del values["DISCORD_GUILD_ID"]
    account.answers["secretsmanager:GetSecretValue"] = {"SecretString": json.dumps(values)}
    rows = check_application_secret(account.session, account.settings)
    assert [row.text for row in rows] == [
        f"missing or malformed; allowed: {allowed}; fix: python3 dev.py set-secret production {key}"
        for key, allowed in (
            ("DISCORD_BOT_TOKEN", "at least 50 characters"),
            ("DISCORD_GUILD_ID", "a number"),
        )
    ]
    assert "short-and-secret" not in str(rows)


def test_a_secret_that_does_not_exist_has_the_command_that_creates_it(
    account: SimulatedAccount,
) -> None:
    account.answers["secretsmanager:GetSecretValue"] = refuse("ResourceNotFoundException")
    (row,) = check_application_secret(account.session, account.settings)
    assert row.status == Status.MISSING
    assert row.text.endswith("create it first: python3 dev.py cdk deploy production/security")
