"""The search for a Docker engine, and the ports of its containers."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from pathlib import Path
from socket import AF_UNIX, socket
from typing import Any

import pytest

from tools.embedded_aws import docker_engine
from tools.embedded_aws.docker_engine import has_docker, is_free, publish_on_loopback


@pytest.fixture(autouse=True)
def _without_earlier_answers() -> Iterator[None]:
    has_docker.cache_clear()
    yield
    has_docker.cache_clear()


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A socket that accepts connections as an engine does."""
    path = tmp_path / "docker.sock"
    with socket(AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        yield path


def _installed(monkeypatch: pytest.MonkeyPatch, is_installed: bool) -> None:
    monkeypatch.setattr(docker_engine, "find_spec", lambda _name: is_installed or None)


def test_an_engine_with_the_package_is_found(engine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _installed(monkeypatch, is_installed=True)

    assert engine.exists()
    assert has_docker()


@pytest.mark.usefixtures("engine")
def test_an_engine_without_the_package_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    _installed(monkeypatch, is_installed=False)

    assert not has_docker()


def test_no_engine_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _installed(monkeypatch, is_installed=True)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / 'none.sock'}")

    assert not has_docker()


def test_containers_publish_on_the_loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []

    class ContainerCollection:
        def run(self, image: str, **options: object) -> None:
            started.append((image, options))

        create = run

    containers = types.ModuleType("docker.models.containers")
    containers.ContainerCollection = ContainerCollection  # type: ignore[attr-defined]
    rds = types.ModuleType("ministack.services.rds")
    monkeypatch.setitem(sys.modules, "docker.models.containers", containers)
    monkeypatch.setitem(sys.modules, "ministack.services.rds", rds)

    publish_on_loopback()
    ports = {"6443/tcp": 16443, "80/tcp": None, "53/udp": ("0.0.0.0", 53), "1/tcp": [1, 2]}  # noqa: S104
    ContainerCollection().run("k3s", ports=ports, detach=True)

    expected = {
        "6443/tcp": ("127.0.0.1", 16443),
        "80/tcp": ("127.0.0.1", None),
        "53/udp": ("127.0.0.1", 53),
        "1/tcp": [("127.0.0.1", 1), ("127.0.0.1", 2)],
    }
    assert started == [("k3s", {"ports": expected, "detach": True})]


def test_a_port_with_a_listener_is_not_free() -> None:
    with socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        assert not is_free(port)

    assert is_free(port)
