"""The rotation of the AUTH token, on Redis servers and with an application that logs in."""

from __future__ import annotations

import datetime as dt
import logging
import re
import ssl
import time
from collections.abc import Sequence
from types import SimpleNamespace

import boto3
import pytest

from spywatcher_constructs.functions.redis_rotation import handler, redis
from spywatcher_constructs.functions.redis_rotation.replication_group import (
    ReplicationGroup,
    StillModifyingError,
)
from spywatcher_constructs.functions.redis_rotation.rotation import TokenRotation
from spywatcher_constructs.functions.secret_rotation.secret import RotatingSecret, RotationError
from tests.constructs.redis_rotation.application import running_application
from tests.constructs.redis_rotation.aws import SECRET_ARN, Aws
from tests.constructs.redis_rotation.node import RedisNode
from tests.simulators.boto3_client import CrashError
from tests.simulators.secrets_manager_simulator import STEPS, V0, V1, V2, V3

A_DAY = dt.timedelta(hours=24)
CALLS = {
    "createSecret": ("PutSecretValue",),
    "setSecret": ("ModifyReplicationGroup", "DescribeReplicationGroups"),
    "testSecret": ("DescribeReplicationGroups", "GetSecretValue"),
    "finishSecret": ("UpdateSecretVersionStage",),
    "retirePrevious": ("ModifyReplicationGroup", "DescribeReplicationGroups"),
}
CRASH_POINTS = [
    (step, operation, done)
    for step, operations in CALLS.items()
    for operation in operations
    for done in (False, True)
]


def trusting(nodes: Sequence[RedisNode]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for node in nodes:
        node.ca.configure_trust(context)
    return context


def rotation_of(aws: Aws, remaining_seconds: float = 60.0) -> TokenRotation:
    secrets, elasticache = aws.clients
    group = ReplicationGroup(
        elasticache,
        "spywatcher-test",
        tls=trusting(aws.nodes),
        remaining_seconds=lambda: remaining_seconds,
        poll_seconds=0.01,
    )
    return TokenRotation(RotatingSecret(secrets, SECRET_ARN), group)


def run_step(aws: Aws, step: str, version: str = V1, *, overlap_hours: float = 0) -> None:
    event = {"Step": step, "ClientRequestToken": version, "OverlapHours": overlap_hours}
    handler.run_step(step, event, rotation_of(aws))


def rotate(aws: Aws, version: str = V1) -> None:
    aws.secret.begin_rotation(version)
    for step in STEPS:
        run_step(aws, step, version)


def accepted_versions(aws: Aws) -> set[str]:
    """Return the versions whose tokens every node accepts. No token is accepted by only one."""
    answers = {
        version: {node.accepts(token) for node in aws.nodes}
        for version, token in aws.secret.values.items()
    }
    assert all(len(of_nodes) == 1 for of_nodes in answers.values())
    return {version for version, of_nodes in answers.items() if of_nodes == {True}}


def test_the_token_that_the_application_has_is_valid_at_every_moment_of_a_rotation(
    aws: Aws,
) -> None:
    with running_application(aws) as application:
        aws.secret.begin_rotation(V1)
        for step in STEPS:
            run_step(aws, step)
            application.wait_for(2)
        assert aws.secret.stages["AWSCURRENT"] == V1
    with running_application(aws):
        run_step(aws, "retirePrevious")
    assert aws.calls == ["ROTATE", "SET"]
    assert accepted_versions(aws) == {V1}


def test_the_previous_token_is_valid_until_the_overlap_has_passed(aws: Aws) -> None:
    rotate(aws)
    run_step(aws, "retirePrevious", overlap_hours=24)
    assert accepted_versions(aws) == {V0, V1}
    aws.secret.changed -= A_DAY
    run_step(aws, "retirePrevious", overlap_hours=24)
    assert accepted_versions(aws) == {V1}


def test_the_next_rotation_works_with_and_without_a_removed_previous_token(aws: Aws) -> None:
    with running_application(aws) as application:
        rotate(aws, V1)
        application.wait_for(10)
    with running_application(aws) as application:
        rotate(aws, V2)
        application.wait_for(10)
    assert accepted_versions(aws) == {V1, V2}
    with running_application(aws):
        run_step(aws, "retirePrevious")
        rotate(aws, V3)
    assert accepted_versions(aws) == {V2, V3}


@pytest.mark.parametrize("step, operation, done", CRASH_POINTS)
def test_a_step_that_failed_continues_where_it_stopped(
    aws: Aws, step: str, operation: str, done: bool
) -> None:
    if step == "retirePrevious":
        rotate(aws)
    steps = (step,) if step == "retirePrevious" else STEPS
    with running_application(aws):
        aws.secret.begin_rotation(V1)
        crashed = False
        while True:
            try:
                for next_step in steps:
                    if next_step == step and not crashed:
                        aws.crash.prepare(operation, done=done)
                    run_step(aws, next_step)
                break
            except CrashError:
                assert not crashed
                crashed = True
        assert crashed
    if step != "retirePrevious":
        run_step(aws, "retirePrevious")
    assert aws.calls == ["ROTATE", "SET"]
    assert aws.secret.stages["AWSCURRENT"] == V1
    assert set(aws.secret.values) == {V0, V1}
    # The SET may be in progress, since the function crashed before it waited.
    rotation_of(aws)._group.wait_until_available()
    assert accepted_versions(aws) == {V1}


def test_a_step_fails_before_its_time_ends_and_the_next_attempt_continues(aws: Aws) -> None:
    aws.modifying_responses = 4
    aws.secret.begin_rotation(V1)
    run_step(aws, "createSecret")
    with running_application(aws):
        with pytest.raises(
            StillModifyingError, match=r"still changing; the next attempt continues"
        ):
            rotation_of(aws, remaining_seconds=0).run_step("setSecret", V1)
        for step in STEPS:
            run_step(aws, step)
    assert aws.calls == ["ROTATE"]


def test_each_step_can_run_twice(aws: Aws) -> None:
    aws.secret.begin_rotation(V1)
    with running_application(aws):
        for step in STEPS:
            run_step(aws, step)
            run_step(aws, step)
    with running_application(aws):
        for step in ("retirePrevious", "retirePrevious", *STEPS):
            run_step(aws, step)
    assert aws.calls == ["ROTATE", "SET"]


def test_no_token_is_added_while_redis_refuses_the_current_token(aws: Aws) -> None:
    aws.secret.begin_rotation(V1)
    run_step(aws, "createSecret")
    aws.nodes[1].server.set_tokens(["another"])
    with pytest.raises(RotationError, match="refuses the current token, which the application has"):
        run_step(aws, "setSecret")
    assert aws.calls == []


def test_no_token_is_removed_while_redis_refuses_the_current_token(aws: Aws) -> None:
    rotate(aws)
    aws.nodes[1].server.set_tokens([aws.secret.values[V0]])
    with pytest.raises(RotationError, match="refuses the current token, which the application has"):
        run_step(aws, "retirePrevious")
    assert aws.calls == ["ROTATE"]


def test_a_new_token_that_a_node_refuses_does_not_become_the_current_one(aws: Aws) -> None:
    aws.secret.begin_rotation(V1)
    run_step(aws, "createSecret")
    run_step(aws, "setSecret")
    aws.nodes[1].server.set_tokens([aws.secret.values[V0]])
    with pytest.raises(RotationError, match="refuses the new token"):
        run_step(aws, "testSecret")


def test_a_node_that_cannot_be_reached_raises_an_error_instead_of_a_refusal(
    nodes: list[RedisNode],
) -> None:
    (first, _) = nodes
    with pytest.raises(ConnectionRefusedError):
        redis.accepts_token(redis.Node(first.address.host, 1), "any", first.tls)


def test_no_token_is_sent_to_a_node_whose_certificate_is_not_trusted(
    nodes: list[RedisNode],
) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        redis.accepts_token(nodes[0].address, "any", nodes[1].tls)


def test_the_previous_token_is_kept_during_a_rotation(aws: Aws) -> None:
    rotate(aws, V1)
    aws.secret.begin_rotation(V2)
    run_step(aws, "retirePrevious")
    assert aws.calls == ["ROTATE"]


def test_the_previous_token_is_kept_during_another_change_of_the_group(aws: Aws) -> None:
    rotate(aws)
    aws._modifying_responses_left = 1
    run_step(aws, "retirePrevious")
    assert aws.calls == ["ROTATE"]


def test_nothing_is_removed_before_the_first_rotation(aws: Aws) -> None:
    run_step(aws, "retirePrevious")
    assert aws.calls == []


def test_a_token_has_only_characters_that_elasticache_and_a_url_allow(aws: Aws) -> None:
    rotate(aws)
    assert re.fullmatch("[A-Za-z0-9]{64}", aws.secret.values[V1])


def test_a_version_without_a_pending_rotation_is_refused(aws: Aws) -> None:
    with pytest.raises(RotationError, match=f"version {V1} is not pending"):
        run_step(aws, "createSecret")


def test_an_unknown_step_is_refused(aws: Aws) -> None:
    with pytest.raises(ValueError, match="found step 'dropEverything'"):
        run_step(aws, "dropEverything")


def test_the_handler_rotates_the_secret_and_the_group_of_its_environment(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clients = dict(zip(("secretsmanager", "elasticache"), aws.clients, strict=True))
    monkeypatch.setattr(boto3, "client", clients.__getitem__)
    trusted = trusting(aws.nodes)
    monkeypatch.setattr(ssl, "create_default_context", lambda: trusted)
    monkeypatch.setenv("SECRET_ARN", SECRET_ARN)
    monkeypatch.setenv("REPLICATION_GROUP", "spywatcher-test")
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 60_000)
    aws.secret.begin_rotation(V1)
    with caplog.at_level(logging.INFO):
        for step in STEPS:
            handler.handle({"Step": step, "ClientRequestToken": V1}, context)
        handler.handle({"Step": "retirePrevious", "OverlapHours": 0}, context)
    assert accepted_versions(aws) == {V1}
    assert "setSecret: end" in caplog.text
    assert not [token for token in aws.secret.values.values() if token in caplog.text]
