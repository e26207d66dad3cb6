"""A node of Redis behind TLS."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import time
from collections.abc import Iterator

import pytest
import trustme

from spywatcher_constructs.functions.redis_rotation import redis
from tests.servers import require_package, server_folder
from tools.embedded_aws.processes import is_running
from tools.embedded_aws.servers.process import ServerError
from tools.embedded_aws.servers.redis import RedisServer


@pytest.fixture
def node(ca: trustme.CA) -> Iterator[RedisServer]:
    with server_folder() as folder:
        with require_package():
            server = RedisServer(folder, "test", ca)
        yield server
        if server.is_running():
            server.stop()


def accepts(node: RedisServer, ca: trustme.CA, token: str) -> bool:
    context = ssl.create_default_context()
    ca.configure_trust(context)
    return redis.accepts_token(redis.Node("127.0.0.1", node.port), token, context)


def test_only_the_set_tokens_are_accepted(node: RedisServer, ca: trustme.CA) -> None:
    assert not accepts(node, ca, "first")
    tokens = ["first", "a 'second' \"token\""]
    node.set_tokens(tokens)
    assert [accepts(node, ca, token) for token in (*tokens, "third")] == [True, True, False]


def test_a_connection_without_tls_is_closed(node: RedisServer) -> None:
    with socket.create_connection(("127.0.0.1", node.port), 5) as connection:
        connection.sendall(b"PING\r\n")
        with connection.makefile("rb") as stream:
            assert b"PONG" not in stream.read()


def test_a_killed_node_is_noticed_and_its_clients_are_disconnected(
    node: RedisServer, ca: trustme.CA
) -> None:
    node.set_tokens(["first"])
    os.kill(node.pid, signal.SIGKILL)
    while node.is_running():
        time.sleep(0.01)
    with pytest.raises(ServerError, match=r"Redis test has ended; the last lines of its log"):
        node.require_running()
    with pytest.raises((OSError, redis.RedisError)):
        accepts(node, ca, "first")
    node.stop()


def test_stopping_leaves_no_process_no_port_and_no_file(node: RedisServer) -> None:
    node.stop()
    assert not is_running(node.pid)
    assert not node._folder.exists()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", node.port)) != 0
