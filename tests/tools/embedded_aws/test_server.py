"""The server process: its addresses, its error messages, and what it leaves behind."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tools.embedded_aws.conftest import ROOT, RunningServer, Stack, client_of
from tests.tools.embedded_aws.test_custom_resources import PYTHON_FUNCTION, ROLE

LISTENING = "0A"


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[RunningServer]:
    running = RunningServer(tmp_path)
    running.wait_until_ready()
    yield running
    if running.process.poll() is None:
        running.stop()


def test_the_ready_file_names_process_port_and_endpoint(own_server: RunningServer) -> None:
    ready = json.loads(own_server.ready_file.read_text())

    assert ready["pid"] == own_server.process.pid
    assert ready["endpoint"] == f"http://127.0.0.1:{ready['port']}"
    with urllib.request.urlopen(ready["endpoint"] + "/_local/mode") as response:  # noqa: S310
        assert response.status == 200


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads Linux's /proc")
def test_it_listens_on_127_0_0_1_only(server: RunningServer, endpoint: str) -> None:
    port = int(endpoint.rpartition(":")[2])

    assert _listening_addresses(server.process.pid) == {("127.0.0.1", port)}


def test_a_port_in_use_is_one_line_and_exit_1(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, error = _run(tmp_path / "ready.json", port)

    assert status == 1
    assert error.splitlines() == [
        f"embedded AWS: cannot listen on 127.0.0.1:{port}: Address already in use"
    ]


def test_an_unwritable_ready_file_is_one_line_and_exit_1(tmp_path: Path) -> None:
    missing = tmp_path / "missing" / "ready.json"

    status, error = _run(missing, 0)

    assert status == 1
    assert error.splitlines() == [
        f"embedded AWS: cannot write {missing}: No such file or directory"
    ]


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_without_a_file_left_behind(
    own_server: RunningServer, tmp_path: Path, with_signal: signal.Signals
) -> None:
    status = own_server.stop(with_signal)

    assert status == 0
    assert own_server.error_output() == ""
    assert [file.name for file in tmp_path.iterdir()] == ["ready.log"]


@pytest.mark.skipif(not Path("/proc").exists(), reason="reads Linux's /proc")
def test_ctrl_c_leaves_no_lambda_process_and_none_of_its_files(
    own_server: RunningServer, tmp_path: Path
) -> None:
    stack = Stack("lambda", _cloudformation(own_server))
    answer = {"Type": "Custom::Answer", "Properties": {"ServiceToken": _arn_of("Function")}}
    status = stack.deploy({"Role": ROLE, "Function": PYTHON_FUNCTION, "Answer": answer})
    assert status == "CREATE_COMPLETE"
    children = _children(own_server.process.pid)
    assert children, "the function's process should still be warm"

    own_server.stop(signal.SIGINT)

    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
    assert [file.name for file in tmp_path.iterdir()] == ["ready.log"]


@pytest.mark.skipif(not Path("/proc").exists(), reason="reads Linux's /proc")
def test_every_descendant_is_killed() -> None:
    code = (
        "import subprocess, sys; from tools.embedded_aws.processes import kill_descendants;"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        "kill_descendants(); print(child.wait(5))"
    )

    assert _python(code).stdout.strip() == str(-signal.SIGKILL)


def test_no_code_in_the_process_can_listen_on_another_address(tmp_path: Path) -> None:
    code = (
        "import socket, tools.embedded_aws.server as server\n"
        "async def serve(*_): socket.socket().bind(('0.0.0.0', 0))\n"
        "server._serve = serve\n"
        f"server.main(['--ready-file', {str(tmp_path / 'ready.json')!r}])"
    )

    assert "the embedded AWS stays on 127.0.0.1" in _python(code).stderr


def test_a_new_process_has_no_stacks_of_the_last_one(
    own_server: RunningServer, tmp_path: Path
) -> None:
    topic = {"Topic": {"Type": "AWS::SNS::Topic"}}
    Stack("kept", _cloudformation(own_server)).deploy(topic)
    own_server.stop()

    again = RunningServer(tmp_path)
    again.wait_until_ready()

    try:
        assert Stack("kept", _cloudformation(again)).status() is None
    finally:
        again.stop()


def test_temporary_files_of_the_process_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "import tempfile, tools.embedded_aws.server as server\n"
        "async def serve(*_): print(tempfile.mkdtemp())\n"
        "server._serve = serve\n"
        f"server.main(['--ready-file', {str(tmp_path / 'ready.json')!r}])"
    )
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    created = Path(_python(code).stdout.strip())

    assert created.parent.name.startswith("embedded-aws-")
    assert not created.parent.exists()
    assert [file.name for file in tmp_path.iterdir()] == ["ready.log"]


def _python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )


def _run(ready_file: Path, port: int) -> tuple[int, str]:
    command = [sys.executable, "-m", "tools.embedded_aws.server"]
    command += ["--port", str(port), "--ready-file", str(ready_file)]
    done = subprocess.run(  # noqa: S603 - this interpreter
        command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False
    )
    return done.returncode, done.stderr


def _cloudformation(server: RunningServer) -> Any:
    return client_of(server.wait_until_ready(), "cloudformation")


def _arn_of(logical_id: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [logical_id, "Arn"]}


def _children(pid: int) -> list[int]:
    files = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for file in files for child in file.read_text().split()]


def _listening_addresses(pid: int) -> set[tuple[str, int]]:
    family = {pid, *_children(pid)}
    inodes = {
        found.group(1)
        for member in family
        for link in Path(f"/proc/{member}/fd").iterdir()
        if (found := re.match(r"socket:\[(\d+)\]", _target(link)))
    }
    addresses = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENING and fields[9] in inodes:
                addresses.add(_address(fields[1]))
    return addresses


def _target(link: Path) -> str:
    try:
        return os.readlink(link)  # noqa: PTH115 - the target is no path
    except OSError:
        return ""


def _address(text: str) -> tuple[str, int]:
    host, port = text.split(":")
    packed = bytes.fromhex(host)
    if len(packed) == 4:
        return socket.inet_ntop(socket.AF_INET, packed[::-1]), int(port, 16)
    return host, int(port, 16)
