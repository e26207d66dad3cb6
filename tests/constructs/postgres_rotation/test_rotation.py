"""The rotation of PostgreSQL's credentials, on a real server with a client that logs in."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import trustme

from spywatcher_constructs.functions.postgres_rotation import postgres
from spywatcher_constructs.functions.postgres_rotation.credentials import Credentials
from spywatcher_constructs.functions.secret_rotation.secret import RotationError
from tests.constructs.postgres_rotation.secrets import DatabaseSecrets, Login, login_of
from tests.simulators.boto3_client import CrashError
from tests.simulators.secrets_manager_simulator import STEPS, V1, V2, V3, SimulatedSecret

CALLS = {
    "createSecret": ("DescribeSecret", "GetSecretValue", "PutSecretValue"),
    "setSecret": ("DescribeSecret", "GetSecretValue"),
    "testSecret": ("DescribeSecret", "GetSecretValue"),
    "finishSecret": ("DescribeSecret", "UpdateSecretVersionStage"),
}
CRASH_POINTS = [
    (step, operation, done)
    for step, operations in CALLS.items()
    for operation in operations
    for done in (False, True)
]
ROLES = (
    "SELECT granted.rolname FROM pg_auth_members"
    " JOIN pg_roles AS granted ON granted.oid = roleid"
    " JOIN pg_roles AS member ON member.oid = pg_auth_members.member"
    " WHERE member.rolname = %s ORDER BY 1"
)


@contextmanager
def running_client(secrets: DatabaseSecrets) -> Iterator[None]:
    """Log in repeatedly with the application's current credentials. None may be refused."""
    ended, refusals, logins = threading.Event(), list[Login](), list[Login]()

    def run() -> None:
        while not ended.is_set():
            login = login_of(secrets.application)
            logins.append(login)
            if not secrets.database.accepts(login.username, login.password):
                refusals.append(login)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(10)
    assert logins
    assert refusals == []


def roles_of(secrets: DatabaseSecrets, user: str) -> list[object]:
    with secrets.database.superuser() as connection:
        return [role for (role,) in connection.execute(ROLES, [user]).fetchall()]


def test_the_application_can_log_in_at_every_moment_of_its_rotations(
    secrets: DatabaseSecrets,
) -> None:
    with running_client(secrets):
        for version in (V1, V2, V3):
            secrets.rotate(secrets.application, version)
    assert login_of(secrets.application).username == "spywatcher_clone"


def test_the_previous_credentials_are_valid_until_the_next_rotation(
    secrets: DatabaseSecrets,
) -> None:
    first = login_of(secrets.application)
    secrets.rotate(secrets.application, V1)
    assert login_of(secrets.application).username == "spywatcher_clone"
    assert secrets.accepts(secrets.application, "AWSPREVIOUS")
    secrets.rotate(secrets.application, V2)
    assert login_of(secrets.application).username == "spywatcher"
    assert secrets.accepts(secrets.application, "AWSPREVIOUS")
    assert not secrets.database.accepts(first.username, first.password)


def test_both_users_are_members_of_the_same_roles(secrets: DatabaseSecrets) -> None:
    secrets.rotate(secrets.application, V1)
    expected = roles_of(secrets, "spywatcher")
    assert expected
    assert roles_of(secrets, "spywatcher_clone") == expected


def test_the_rotation_of_the_administrator_replaces_the_password(secrets: DatabaseSecrets) -> None:
    old = login_of(secrets.administrator)
    secrets.rotate(secrets.administrator, V1)
    new = login_of(secrets.administrator)
    assert new.username == old.username
    assert secrets.accepts(secrets.administrator, "AWSCURRENT")
    assert not secrets.database.accepts(old.username, old.password)


def test_the_application_rotates_after_the_administrator(secrets: DatabaseSecrets) -> None:
    with running_client(secrets):
        secrets.rotate(secrets.administrator, V1)
        secrets.rotate(secrets.application, V1)
    assert secrets.accepts(secrets.application, "AWSCURRENT")


@pytest.mark.parametrize("kind", ["administrator", "application"])
@pytest.mark.parametrize("step, operation, done", CRASH_POINTS)
def test_a_step_that_failed_continues_where_it_stopped(
    secrets: DatabaseSecrets, kind: str, step: str, operation: str, done: bool
) -> None:
    secret: SimulatedSecret = getattr(secrets, kind)
    secret.begin_rotation(V1)
    for next_step in STEPS:
        if next_step == step:
            secrets.crash.prepare(operation, done=done)
            with pytest.raises(CrashError):
                secrets.run_step(secret, next_step)
        secrets.run_step(secret, next_step)
    assert secret.stages["AWSCURRENT"] == V1
    assert secrets.accepts(secret, "AWSCURRENT")
    assert secrets.accepts(secrets.application, "AWSCURRENT")


@pytest.mark.parametrize("kind", ["administrator", "application"])
def test_every_step_can_run_twice(secrets: DatabaseSecrets, kind: str) -> None:
    secret: SimulatedSecret = getattr(secrets, kind)
    secret.begin_rotation(V1)
    for step in STEPS:
        secrets.run_step(secret, step)
        secrets.run_step(secret, step)
    assert secrets.accepts(secret, "AWSCURRENT")


def test_a_restored_administrator_rotates_from_the_previous_password(
    secrets: DatabaseSecrets,
) -> None:
    old = login_of(secrets.administrator)
    secrets.rotate(secrets.administrator, V1)
    secrets.database.reset(old.password)
    secrets.rotate(secrets.administrator, V2)
    assert secrets.accepts(secrets.administrator, "AWSCURRENT")


def test_the_first_rotation_follows_the_attachment_of_the_secret(secrets: DatabaseSecrets) -> None:
    """The attachment adds the host and the port. The version before has neither."""
    secret = secrets.administrator
    attached = json.loads(secret.current())
    generated = {key: attached[key] for key in ("username", "password", "dbname")}
    secret.values[V3] = json.dumps(generated)
    secret.stages["AWSPREVIOUS"] = V3
    secrets.rotate(secret, V1)
    assert secrets.accepts(secret, "AWSCURRENT")


def test_a_password_that_postgresql_refuses_stops_the_rotation(secrets: DatabaseSecrets) -> None:
    secrets.database.reset("another password")
    secrets.administrator.begin_rotation(V1)
    secrets.run_step(secrets.administrator, "createSecret")
    with pytest.raises(RotationError, match="refuses the current and the previous password"):
        secrets.run_step(secrets.administrator, "setSecret")
    assert secrets.administrator.stages["AWSCURRENT"] != V1


def test_credentials_of_another_instance_stop_the_rotation(secrets: DatabaseSecrets) -> None:
    value = json.loads(secrets.administrator.current())
    secrets.administrator.values[secrets.administrator.stages["AWSCURRENT"]] = json.dumps(
        {**value, "port": value["port"] + 1}
    )
    secrets.application.begin_rotation(V1)
    secrets.run_step(secrets.application, "createSecret")
    with pytest.raises(RotationError, match="the secrets name two instances"):
        secrets.run_step(secrets.application, "setSecret")


def test_a_certificate_of_another_authority_is_refused(secrets: DatabaseSecrets) -> None:
    other = postgres.trust(trustme.CA().cert_pem.bytes().decode())
    credentials = Credentials.from_secret_value(secrets.administrator.current())
    with pytest.raises(ssl.SSLCertVerificationError):
        postgres.connect(credentials, other)


def test_the_name_of_the_host_is_verified(secrets: DatabaseSecrets) -> None:
    assert secrets.tls.check_hostname
    assert secrets.tls.verify_mode == ssl.CERT_REQUIRED


@pytest.mark.parametrize("password", ["'\"\\ %$;--", "a" * 128, "ümläut €"])
def test_a_user_gets_a_password_with_any_character(secrets: DatabaseSecrets, password: str) -> None:
    administrator = Credentials.from_secret_value(secrets.administrator.current())
    with postgres.connect(administrator, secrets.tls) as connection:
        postgres.set_password(connection, "spywatcher", password)
    assert secrets.database.accepts("spywatcher", password)


def test_no_representation_of_credentials_contains_the_password(secrets: DatabaseSecrets) -> None:
    credentials = Credentials.from_secret_value(secrets.administrator.current())
    assert credentials.password not in repr(credentials)
