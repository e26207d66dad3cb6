"""The environment variables of application.md, secret and plain."""

import base64
import json
import re
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from k8s.application_values import VALUES
from k8s.database_bootstrap import OWNER_ROLE
from tests.k8s.objects import objects_of_kind
from tests.k8s.secret_templates import MissingKeyError, render_secret
from tests.synthesis import SynthesizedStage, synthesize
from tools.templates.text import as_text

PASSWORD = "a%b+c:d&e=f?g#h"  # noqa: S105
CACHE = "master.spywatcher.cache.example"
TOKEN = "t" * 64
SIGNING_KEY = "j" * 64 + "r" * 64
DISCORD = {
    "DISCORD_BOT_TOKEN": "b" * 59,
    "DISCORD_CLIENT_ID": "1234567890",
    "DISCORD_CLIENT_SECRET": "s" * 32,
    "DISCORD_GUILD_ID": "1",
    "DISCORD_REDIRECT_URI": "https://spywatcher.example.com/auth",
    "ADMIN_DISCORD_IDS": "1,2",
    "BOT_GUILD_IDS": "3",
}
PLAIN = {
    *("NODE_ENV", "PORT", "LOG_LEVEL", "CORS_ORIGINS", "FRONTEND_URL", "RATE_LIMIT_WINDOW_MS"),
    *("RATE_LIMIT_MAX_REQUESTS", "ENABLE_RATE_LIMITING", "ENABLE_IP_BLOCKING"),
    *("ENABLE_REDIS_RATE_LIMITING", "ENABLE_LOAD_SHEDDING", "DB_POOL_MIN", "DB_POOL_MAX"),
    *("REDIS_MAX_RETRIES", "REDIS_RETRY_DELAY", "JWT_ACCESS_EXPIRES_IN", "JWT_REFRESH_EXPIRES_IN"),
}
SECRET = {"DATABASE_URL", "REDIS_URL", "JWT_SECRET", "JWT_REFRESH_SECRET", *DISCORD}


def secrets_manager(stage: SynthesizedStage, **application: str) -> dict[str, str]:
    """Return the secrets of a stage after its first deployment and `dev.py set-secret`."""
    prefix = stage.settings.resource_name()
    database = {"host": "db.example", "port": 5432, "dbname": "spywatcher", "password": PASSWORD}
    return {
        f"{prefix}/backend/application": json.dumps(
            {"SIGNING_KEY": SIGNING_KEY, **DISCORD, **application}
        ),
        f"{prefix}/cache/token": TOKEN,
        f"{prefix}/database/admin": json.dumps(database | {"username": "spywatcher_admin"}),
        f"{prefix}/database/application": json.dumps(database | {"username": "spywatcher_clone"}),
    }


def secret(stage: SynthesizedStage, name: str, **application: str) -> dict[str, str]:
    """Return the Secret that an ExternalSecret creates."""
    return render_secret(spec(stage, name), secrets_manager(stage, **application))


def spec(stage: SynthesizedStage, name: str) -> dict[str, Any]:
    """Return the spec of an ExternalSecret with the endpoint of the cache."""
    text = json.dumps(stage.manifest("ExternalSecret", f"spywatcher-{name}")["spec"])
    reference = r"\$\{\{Fn::ImportValue: [^}]*PrimaryEndPointAddress[^}]*\}\}"
    return dict(json.loads(re.sub(reference, CACHE, text)))


# The environment of the backend ----------------------------------------------------------------


def test_the_backend_has_all_variables_that_it_validates(stage: SynthesizedStage) -> None:
    plain = stage.manifest("ConfigMap", "spywatcher-backend")["data"]
    assert set(plain) == PLAIN
    assert set(secret(stage, "backend")) == SECRET


def test_the_plain_variables_have_the_values_of_the_stage(stage: SynthesizedStage) -> None:
    plain = stage.manifest("ConfigMap", "spywatcher-backend")["data"]
    site = f"https://{stage.settings.domain.name}"
    assert plain["CORS_ORIGINS"] == plain["FRONTEND_URL"] == site
    assert plain["NODE_ENV"] == "production"
    assert plain["PORT"] == "3001"
    assert (plain["JWT_ACCESS_EXPIRES_IN"], plain["JWT_REFRESH_EXPIRES_IN"]) == ("15m", "7d")
    assert int(plain["DB_POOL_MIN"]) <= int(plain["DB_POOL_MAX"])


def test_the_database_url_encodes_the_password(stage: SynthesizedStage) -> None:
    url = urlsplit(secret(stage, "backend")["DATABASE_URL"])
    assert url.scheme == "postgresql"
    assert (url.hostname, url.port, url.path) == ("db.example", 5432, "/spywatcher")
    assert (url.username, unquote(url.password or "")) == ("spywatcher_clone", PASSWORD)
    assert parse_qs(url.query) == {"sslmode": ["require"]}


def test_the_redis_url_uses_tls_and_the_token(stage: SynthesizedStage) -> None:
    assert secret(stage, "backend")["REDIS_URL"] == f"rediss://:{TOKEN}@{CACHE}:6379"


def test_the_two_signing_keys_are_different_and_have_64_characters(stage: SynthesizedStage) -> None:
    values = secret(stage, "backend")
    assert (values["JWT_SECRET"], values["JWT_REFRESH_SECRET"]) == ("j" * 64, "r" * 64)


@pytest.mark.parametrize("key", ["SENTRY_DSN", "DISCORD_ALERT_WEBHOOK", "SLACK_ALERT_WEBHOOK"])
def test_an_optional_value_is_a_variable_only_if_it_is_set(
    stage: SynthesizedStage, key: str
) -> None:
    assert VALUES[key].is_optional
    assert key not in secret(stage, "backend")
    value = 'https://example.com/?a=1&b="2": {3}'
    assert secret(stage, "backend", **{key: value})[key] == value


def test_a_missing_value_is_an_error_of_the_secret_and_does_not_stop_the_backend(
    stage: SynthesizedStage,
) -> None:
    stored = secrets_manager(stage)
    name = f"{stage.settings.resource_name()}/backend/application"
    stored[name] = json.dumps({"SIGNING_KEY": SIGNING_KEY})
    with pytest.raises(MissingKeyError):
        render_secret(spec(stage, "backend"), stored)


def test_every_variable_that_operators_set_reaches_the_backend(stage: SynthesizedStage) -> None:
    values = dict.fromkeys(VALUES, "https://example.com/x")
    variables = {key for key, value_format in VALUES.items() if value_format.is_variable}
    assert variables <= set(secret(stage, "backend", **values))


# The Jobs of the database ----------------------------------------------------------------------


def test_migrations_connect_as_the_administrator_with_the_role_of_the_owner(
    stage: SynthesizedStage,
) -> None:
    values = secret(stage, "migrations")
    assert set(values) == {"DATABASE_URL"}
    url = urlsplit(values["DATABASE_URL"])
    assert (url.username, unquote(url.password or "")) == ("spywatcher_admin", PASSWORD)
    assert parse_qs(url.query) == {"sslmode": ["require"], "options": [f"-c role={OWNER_ROLE}"]}


def test_the_bootstrap_has_the_credentials_of_both_users_only(stage: SynthesizedStage) -> None:
    assert set(secret(stage, "database-admin")) == {
        "host",
        "port",
        "dbname",
        "username",
        "password",
    }
    assert set(secret(stage, "database-application")) == {"username", "password"}


# The ExternalSecrets -----------------------------------------------------------------------------


def test_secrets_are_read_every_minute_through_the_store_of_the_namespace(
    stage: SynthesizedStage,
) -> None:
    secrets = objects_of_kind(stage, "ExternalSecret")
    assert len(secrets) == 4
    for item in secrets:
        assert item["spec"]["refreshInterval"] == "1m"
        assert item["spec"]["secretStoreRef"] == {"kind": "SecretStore", "name": "spywatcher"}
    store = stage.manifest("SecretStore", "spywatcher")["spec"]["provider"]["aws"]
    assert store == {"service": "SecretsManager", "region": stage.settings.region}


def test_the_operator_can_read_exactly_the_secrets_that_are_used(stage: SynthesizedStage) -> None:
    policies = stage.resources("cluster", "AWS::IAM::ManagedPolicy").values()
    readable = {
        as_text(arn).partition(":secret:")[2].removesuffix("-??????")
        for policy in policies
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if "secretsmanager:GetSecretValue" in statement["Action"]
        for arn in statement["Resource"]
    }
    used = {
        reference["key"]
        for item in objects_of_kind(stage, "ExternalSecret")
        for reference in _references(item["spec"])
    }
    assert used == readable


def _references(spec: dict[str, Any]) -> list[dict[str, Any]]:
    extracted = [source["extract"] for source in spec.get("dataFrom", ())]
    return [*extracted, *(entry["remoteRef"] for entry in spec["data"])]


def test_no_manifest_contains_a_secret(stage: SynthesizedStage) -> None:
    assert not objects_of_kind(stage, "Secret")


@pytest.fixture(scope="module")
def private(staging: SynthesizedStage) -> SynthesizedStage:
    """Staging with images that need credentials."""
    services = staging.settings.services.model_copy(update={"private_registry": "ghcr.io"})
    return synthesize(staging.settings.model_copy(update={"services": services}))


def test_pods_pull_from_a_private_registry_with_the_credentials_of_the_application_secret(
    private: SynthesizedStage,
) -> None:
    template = spec(private, "registry")["target"]["template"]
    assert template["type"] == "kubernetes.io/dockerconfigjson"
    pulled = secret(private, "registry", REGISTRY_CREDENTIALS="user:token")
    (credentials,) = json.loads(pulled[".dockerconfigjson"])["auths"].items()
    assert credentials == ("ghcr.io", {"auth": base64.b64encode(b"user:token").decode()})
    for account in objects_of_kind(private, "ServiceAccount"):
        assert account["imagePullSecrets"] == [{"name": "spywatcher-registry"}]


def test_the_credentials_of_the_registry_are_no_variable_of_the_backend(
    private: SynthesizedStage,
) -> None:
    variables = secret(private, "backend", REGISTRY_CREDENTIALS="user:token")
    assert "REGISTRY_CREDENTIALS" not in variables


def test_without_a_private_registry_no_pod_has_credentials(stage: SynthesizedStage) -> None:
    names = [item["metadata"]["name"] for item in objects_of_kind(stage, "ExternalSecret")]
    assert "spywatcher-registry" not in names
    for account in objects_of_kind(stage, "ServiceAccount"):
        assert "imagePullSecrets" not in account
