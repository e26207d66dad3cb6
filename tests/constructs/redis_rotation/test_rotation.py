"""The rotation of Redis' token, on real nodes, with an application that never stops logging in."""

from __future__ import annotations

import datetime as dt
import logging
import re
import ssl
import time
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from spywatcher_constructs.functions.redis_rotation import handler, redis
from spywatcher_constructs.functions.redis_rotation.replication_group import (
    NotYetError,
    ReplicationGroup,
)
from spywatcher_constructs.functions.redis_rotation.rotation import RotationError, TokenRotation
from tests.constructs.redis_rotation.application import running_application
from tests.constructs.redis_rotation.aws import V0, V1, V2, V3, Aws, Crash, CrashError
from tests.constructs.redis_rotation.server import Server

A_DAY = dt.timedelta(hours=24)
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
CALLS = {
    "createSecret": ("PutSecretValue",),
    "setSecret": ("ModifyReplicationGroup", "DescribeReplicationGroups"),
    "testSecret": ("DescribeReplicationGroups", "GetSecretValue"),
    "finishSecret": ("UpdateSecretVersionStage",),
    "retirePrevious": ("ModifyReplicationGroup", "DescribeReplicationGroups"),
}
CRASHES = [
    (step, operation, done)
    for step, operations in CALLS.items()
    for operation in operations
    for done in (False, True)
]


def trust(nodes: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for node in nodes:
        context.load_verify_locations(node.certificate)
    return context


def rotation_of(aws: Aws, seconds_left: float = 60.0) -> TokenRotation:
    secrets, elasticache = aws.clients
    group = ReplicationGroup(
        elasticache,
        "spywatcher-test",
        tls=trust(aws.nodes),
        seconds_left=lambda: seconds_left,
        pause_seconds=0.01,
    )
    return TokenRotation(secrets, "arn:secret", group)


def do(aws: Aws, step: str, version: str = V1, *, overlap_hours: float = 0) -> None:
    event = {"Step": step, "ClientRequestToken": version, "OverlapHours": overlap_hours}
    handler.do(step, event, rotation_of(aws))


def rotate(aws: Aws, version: str = V1) -> None:
    aws.begin_rotation(version)
    for step in STEPS:
        do(aws, step, version)


def taken(aws: Aws) -> set[str]:
    """Return which versions' tokens every node takes; none is taken by one node only."""
    found = {
        version: {node.takes(token) for node in aws.nodes} for version, token in aws.values.items()
    }
    assert all(len(answers) == 1 for answers in found.values())
    return {version for version, answers in found.items() if answers == {True}}


def test_a_rotation_has_no_moment_in_which_the_applications_token_is_wrong(aws: Aws) -> None:
    with running_application(aws) as application:
        aws.begin_rotation(V1)
        for step in STEPS:
            do(aws, step)
            application.wait_for(2)
        assert aws.stages["AWSCURRENT"] == V1
    with running_application(aws):
        do(aws, "retirePrevious")
    assert aws.calls == ["ROTATE", "SET"]
    assert taken(aws) == {V1}


def test_the_old_token_is_valid_until_the_application_had_a_day_for_the_new_one(aws: Aws) -> None:
    rotate(aws)
    do(aws, "retirePrevious", overlap_hours=24)
    assert taken(aws) == {V0, V1}
    aws.changed -= A_DAY
    do(aws, "retirePrevious", overlap_hours=24)
    assert taken(aws) == {V1}


def test_one_rotation_follows_another_whether_or_not_the_old_token_was_ended(aws: Aws) -> None:
    with running_application(aws) as application:
        rotate(aws, V1)
        application.wait_for(10)
    with running_application(aws) as application:
        rotate(aws, V2)
        application.wait_for(10)
    assert taken(aws) == {V1, V2}
    with running_application(aws):
        do(aws, "retirePrevious")
        rotate(aws, V3)
    assert taken(aws) == {V2, V3}


@pytest.mark.parametrize("step, operation, done", CRASHES)
def test_a_step_that_fails_is_taken_up_again_where_it_was(
    aws: Aws, step: str, operation: str, done: bool
) -> None:
    if step == "retirePrevious":
        rotate(aws)
    with running_application(aws):
        aws.begin_rotation(V1)
        crashed = False
        while True:
            try:
                for each in (step,) if step == "retirePrevious" else STEPS:
                    if each == step and not crashed:
                        aws.crash = Crash(operation, done)
                    do(aws, each)
                break
            except CrashError:
                assert not crashed
                crashed = True
        assert crashed
    if step != "retirePrevious":
        do(aws, "retirePrevious")
    assert aws.calls == ["ROTATE", "SET"]
    assert aws.stages["AWSCURRENT"] == V1
    assert set(aws.values) == {V0, V1}
    # A SET that nobody waited for is at work; the next look sees it done.
    rotation_of(aws)._group.wait()
    assert taken(aws) == {V1}


def test_a_step_that_runs_out_of_time_says_so_and_the_next_attempt_waits_on(aws: Aws) -> None:
    aws.changing_looks = 4
    aws.begin_rotation(V1)
    do(aws, "createSecret")
    with running_application(aws):
        with pytest.raises(NotYetError, match=r"still changing; another attempt goes on"):
            rotation_of(aws, seconds_left=0).set_secret(V1)
        for step in STEPS:
            do(aws, step)
    assert aws.calls == ["ROTATE"]


def test_each_step_may_be_done_twice(aws: Aws) -> None:
    aws.begin_rotation(V1)
    with running_application(aws):
        for step in STEPS:
            do(aws, step)
            do(aws, step)
    with running_application(aws):
        for step in ("retirePrevious", "retirePrevious", *STEPS):
            do(aws, step)
    assert aws.calls == ["ROTATE", "SET"]


def test_nothing_is_added_while_redis_refuses_the_token_that_the_application_has(aws: Aws) -> None:
    aws.begin_rotation(V1)
    do(aws, "createSecret")
    aws.nodes[1].set_tokens("another")
    with pytest.raises(RotationError, match="does not take the token that the application has"):
        do(aws, "setSecret")
    assert aws.calls == []


def test_nothing_is_ended_while_redis_refuses_the_token_that_the_application_has(aws: Aws) -> None:
    rotate(aws)
    aws.nodes[1].set_tokens(aws.values[V0])
    with pytest.raises(RotationError, match="does not take the token that the application has"):
        do(aws, "retirePrevious")
    assert aws.calls == ["ROTATE"]


def test_the_application_gets_no_token_that_a_node_refuses(aws: Aws) -> None:
    aws.begin_rotation(V1)
    do(aws, "createSecret")
    do(aws, "setSecret")
    aws.nodes[1].set_tokens(aws.values[V0])
    with pytest.raises(RotationError, match="does not take the new token"):
        do(aws, "testSecret")


def test_a_node_that_cannot_be_reached_is_not_taken_for_one_that_refuses(nodes: Any) -> None:
    (first, _) = nodes
    with pytest.raises(ConnectionRefusedError):
        redis.takes(redis.Node(first.node.host, 1), "any", first.tls)


def test_a_node_whose_certificate_is_not_trusted_is_told_no_token(nodes: list[Server]) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        redis.takes(nodes[0].node, "any", nodes[1].tls)


def test_an_old_token_stays_while_a_rotation_is_under_way(aws: Aws) -> None:
    rotate(aws, V1)
    aws.begin_rotation(V2)
    do(aws, "retirePrevious")
    assert aws.calls == ["ROTATE"]


def test_an_old_token_stays_while_the_group_is_changed_otherwise(aws: Aws) -> None:
    rotate(aws)
    aws._looks_left = 1
    do(aws, "retirePrevious")
    assert aws.calls == ["ROTATE"]


def test_before_the_first_rotation_there_is_nothing_to_end(aws: Aws) -> None:
    do(aws, "retirePrevious")
    assert aws.calls == []


def test_a_token_is_what_elasticache_and_a_url_take(aws: Aws) -> None:
    rotate(aws)
    assert re.fullmatch("[A-Za-z0-9]{64}", aws.values[V1])


def test_a_version_that_nobody_is_rotating_to_is_refused(aws: Aws) -> None:
    with pytest.raises(RotationError, match=f"version {V1} is not a pending one"):
        do(aws, "createSecret")


def test_an_unknown_step_is_refused(aws: Aws) -> None:
    with pytest.raises(ValueError, match="found step 'dropEverything'"):
        do(aws, "dropEverything")


def test_lambda_calls_it_with_the_secret_and_the_group_of_its_environment(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clients = dict(zip(("secretsmanager", "elasticache"), aws.clients, strict=True))
    monkeypatch.setattr(boto3, "client", clients.__getitem__)
    trusted = trust(aws.nodes)
    monkeypatch.setattr(ssl, "create_default_context", lambda: trusted)
    monkeypatch.setenv("SECRET_ARN", "arn:secret")
    monkeypatch.setenv("REPLICATION_GROUP", "spywatcher-test")
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 60_000)
    aws.begin_rotation(V1)
    with caplog.at_level(logging.INFO):
        for step in STEPS:
            handler.handle({"Step": step, "ClientRequestToken": V1}, context)
        handler.handle({"Step": "retirePrevious", "OverlapHours": 0}, context)
    assert taken(aws) == {V1}
    assert "setSecret: end" in caplog.text
    assert not [token for token in aws.values.values() if token in caplog.text]
