"""Secrets Manager to environment: application.md's list of variables, secure and plain."""

import json
import re
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from k8s.application_values import VALUES
from k8s.database_bootstrap import OWNER_ROLE
from tests.k8s.objects import objects
from tests.k8s.templates import MissingKeyError, secret
from tests.synthesis import SynthesizedStage, joined

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


def stored(stage: SynthesizedStage, **application: str) -> dict[str, str]:
    """Return what Secrets Manager holds after the first deployment and `set-secret`."""
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


def made(stage: SynthesizedStage, name: str, **application: str) -> dict[str, str]:
    return secret(spec(stage, name), stored(stage, **application))


def spec(stage: SynthesizedStage, name: str) -> dict[str, Any]:
    """Return what an ExternalSecret says, after CloudFormation has put in the cache's endpoint."""
    found = json.dumps(stage.manifest("ExternalSecret", f"spywatcher-{name}")["spec"])
    placed = re.sub(r"\$\{\{Fn::ImportValue: [^}]*PrimaryEndPointAddress[^}]*\}\}", CACHE, found)
    return dict(json.loads(placed))


# The environment of the backend ----------------------------------------------------------------


def test_the_backend_has_every_variable_that_it_validates(stage: SynthesizedStage) -> None:
    plain = stage.manifest("ConfigMap", "spywatcher-backend")["data"]
    assert set(plain) == PLAIN
    assert set(made(stage, "backend")) == SECRET


def test_the_plain_variables_fit_the_stage(stage: SynthesizedStage) -> None:
    plain = stage.manifest("ConfigMap", "spywatcher-backend")["data"]
    site = f"https://{stage.settings.domain.name}"
    assert plain["CORS_ORIGINS"] == plain["FRONTEND_URL"] == site
    assert plain["NODE_ENV"] == "production"
    assert plain["PORT"] == "3001"
    assert (plain["JWT_ACCESS_EXPIRES_IN"], plain["JWT_REFRESH_EXPIRES_IN"]) == ("15m", "7d")
    assert int(plain["DB_POOL_MIN"]) <= int(plain["DB_POOL_MAX"])


def test_the_database_url_survives_any_password(stage: SynthesizedStage) -> None:
    url = urlsplit(made(stage, "backend")["DATABASE_URL"])
    assert url.scheme == "postgresql"
    assert (url.hostname, url.port, url.path) == ("db.example", 5432, "/spywatcher")
    assert (url.username, unquote(url.password or "")) == ("spywatcher_clone", PASSWORD)
    assert parse_qs(url.query) == {"sslmode": ["require"]}


def test_the_redis_url_is_encrypted_and_has_the_token(stage: SynthesizedStage) -> None:
    assert made(stage, "backend")["REDIS_URL"] == f"rediss://:{TOKEN}@{CACHE}:6379"


def test_the_two_keys_of_sessions_differ_and_are_long(stage: SynthesizedStage) -> None:
    values = made(stage, "backend")
    assert (values["JWT_SECRET"], values["JWT_REFRESH_SECRET"]) == ("j" * 64, "r" * 64)


@pytest.mark.parametrize("key", ["SENTRY_DSN", "DISCORD_ALERT_WEBHOOK", "SLACK_ALERT_WEBHOOK"])
def test_an_optional_value_is_a_variable_only_where_it_is_set(
    stage: SynthesizedStage, key: str
) -> None:
    assert VALUES[key].is_optional
    assert key not in made(stage, "backend")
    value = 'https://example.com/?a=1&b="2": {3}'
    assert made(stage, "backend", **{key: value})[key] == value


def test_a_missing_value_stops_the_secret_instead_of_the_backend(stage: SynthesizedStage) -> None:
    values = stored(stage)
    name = f"{stage.settings.resource_name()}/backend/application"
    values[name] = json.dumps({"SIGNING_KEY": SIGNING_KEY})
    with pytest.raises(MissingKeyError):
        secret(spec(stage, "backend"), values)


def test_every_value_that_people_set_reaches_the_backend(stage: SynthesizedStage) -> None:
    everything = dict.fromkeys(VALUES, "https://example.com/x")
    assert set(VALUES) <= set(made(stage, "backend", **everything))


# The Jobs of the database ----------------------------------------------------------------------


def test_migrations_connect_as_the_administrator_and_act_as_the_owner(
    stage: SynthesizedStage,
) -> None:
    values = made(stage, "migrations")
    assert set(values) == {"DATABASE_URL"}
    url = urlsplit(values["DATABASE_URL"])
    assert (url.username, unquote(url.password or "")) == ("spywatcher_admin", PASSWORD)
    assert parse_qs(url.query) == {"sslmode": ["require"], "options": [f"-c role={OWNER_ROLE}"]}


def test_the_bootstrap_has_both_users_and_nothing_else(stage: SynthesizedStage) -> None:
    assert set(made(stage, "database-admin")) == {"host", "port", "dbname", "username", "password"}
    assert set(made(stage, "database-application")) == {"username", "password"}


# How they are kept -----------------------------------------------------------------------------


def test_secrets_are_read_every_minute_from_a_store_of_the_namespace(
    stage: SynthesizedStage,
) -> None:
    secrets = [item for item in objects(stage) if item["kind"] == "ExternalSecret"]
    assert len(secrets) == 4
    for item in secrets:
        assert item["spec"]["refreshInterval"] == "1m"
        assert item["spec"]["secretStoreRef"] == {"kind": "SecretStore", "name": "spywatcher"}
    store = stage.manifest("SecretStore", "spywatcher")["spec"]["provider"]["aws"]
    assert store == {"service": "SecretsManager", "region": stage.settings.region}


def test_the_operator_may_read_each_secret_that_is_asked_for(stage: SynthesizedStage) -> None:
    policies = stage.resources("cluster", "AWS::IAM::ManagedPolicy").values()
    readable = {
        joined(arn).partition(":secret:")[2].removesuffix("-??????")
        for policy in policies
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if "secretsmanager:GetSecretValue" in statement["Action"]
        for arn in statement["Resource"]
    }
    asked = {
        reference["key"]
        for item in objects(stage)
        if item["kind"] == "ExternalSecret"
        for reference in _references(item["spec"])
    }
    assert asked == readable


def _references(spec: dict[str, Any]) -> list[dict[str, Any]]:
    extracted = [source["extract"] for source in spec.get("dataFrom", ())]
    return [*extracted, *(entry["remoteRef"] for entry in spec["data"])]


def test_pods_that_use_a_changed_secret_are_restarted(stage: SynthesizedStage) -> None:
    for service in ("backend", "frontend"):
        made = stage.manifest("Deployment", f"spywatcher-{service}")["metadata"]["annotations"]
        assert made["reloader.stakater.com/auto"] == "true"


def test_no_manifest_holds_a_secret(stage: SynthesizedStage) -> None:
    assert not [item for item in objects(stage) if item["kind"] == "Secret"]
