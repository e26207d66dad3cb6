"""The values of the application secret, which operators set."""

import json
from typing import Any

import pytest

from k8s.application_values import VALUES
from settings import load_stage
from tools.operations.application_secret import ApplicationSecretStore
from tools.operations.errors import OperationError

COMPLETE = {
    "SIGNING_KEY": "k" * 128,
    "DISCORD_BOT_TOKEN": "t" * 50,
    "DISCORD_CLIENT_ID": "1234567890",
    "DISCORD_CLIENT_SECRET": "s" * 20,
    "DISCORD_GUILD_ID": "42",
    "DISCORD_REDIRECT_URI": "https://staging.spywatcher.example.com/auth",
    "ADMIN_DISCORD_IDS": "1,2",
    "BOT_GUILD_IDS": "42",
}


class NotFoundError(Exception):
    """The error of the client for a secret that does not exist."""


class Client:
    """Simulates Secrets Manager with one secret, or without any."""

    class exceptions:  # noqa: N801 - the client's own name
        ResourceNotFoundException = NotFoundError

    def __init__(self, text: str | None) -> None:
        self.text = text

    def get_secret_value(self, **request: str) -> dict[str, Any]:
        assert request == {"SecretId": "spywatcher-staging/backend/application"}
        if self.text is None:
            raise NotFoundError
        return {"SecretString": self.text}

    def put_secret_value(self, **request: str) -> None:
        self.text = request["SecretString"]


def store(values: object) -> tuple[ApplicationSecretStore, Client]:
    client = Client(None if values is None else json.dumps(values))
    return ApplicationSecretStore(client, load_stage("staging")), client


def test_a_complete_secret_has_no_invalid_value() -> None:
    assert store(COMPLETE)[0].invalid_values() == {}


def test_the_credentials_of_a_private_registry_are_required() -> None:
    settings = load_stage("staging")
    services = settings.services.model_copy(update={"private_registry": "ghcr.io"})
    private = settings.model_copy(update={"services": services})
    missing = ApplicationSecretStore(Client(json.dumps(COMPLETE)), private)
    assert missing.invalid_values() == {
        "REGISTRY_CREDENTIALS": "a user and a token, as in user:token"
    }
    complete = json.dumps({**COMPLETE, "REGISTRY_CREDENTIALS": "user:token"})
    assert ApplicationSecretStore(Client(complete), private).invalid_values() == {}


def test_optional_values_can_be_missing_but_not_malformed() -> None:
    malformed = store({**COMPLETE, "SENTRY_DSN": "sentry"})[0]
    assert malformed.invalid_values() == {"SENTRY_DSN": "an https URL"}


@pytest.mark.parametrize("key", [key for key, value in VALUES.items() if not value.is_optional])
def test_a_missing_value_is_reported_with_its_format(key: str) -> None:
    values = {k: v for k, v in COMPLETE.items() if k != key}
    assert store(values)[0].invalid_values() == {key: VALUES[key].description}


def test_the_error_does_not_show_the_value() -> None:
    with pytest.raises(OperationError) as caught:
        store(COMPLETE)[0].set("DISCORD_BOT_TOKEN", "short-and-secret")
    assert "short-and-secret" not in str(caught.value)


def test_the_error_for_a_missing_secret_has_the_command_that_creates_it() -> None:
    with pytest.raises(OperationError, match=r"python3 dev\.py cdk deploy staging/security"):
        store(None)[0].values()


def test_a_secret_that_is_not_a_json_object_is_refused() -> None:
    with pytest.raises(OperationError, match="found no JSON object"):
        store(["a"])[0].values()


def test_setting_a_value_keeps_the_others() -> None:
    secret, client = store({"SIGNING_KEY": "k"})
    secret.set("DISCORD_GUILD_ID", "7")
    assert json.loads(client.text or "") == {"SIGNING_KEY": "k", "DISCORD_GUILD_ID": "7"}


def test_an_unknown_key_is_refused_with_the_allowed_keys() -> None:
    with pytest.raises(OperationError, match="found key 'DISCORD_TOKEN'; allowed: DISCORD_BOT_"):
        store(COMPLETE)[0].set("DISCORD_TOKEN", "x")


def test_the_signing_key_cannot_be_set() -> None:
    with pytest.raises(OperationError, match="found key 'SIGNING_KEY'"):
        store(COMPLETE)[0].set("SIGNING_KEY", "x")
