"""The local commands, with fakes of the CDK CLI and the embedded AWS."""

import contextlib
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tools.embedded_aws.emulator import Mode, Resource
from tools.embedded_aws.environment import (
    endpoint_variables,
    isolated_environment,
    require_loopback,
    without_aws_variables,
)
from tools.embedded_aws.errors import EmbeddedAwsError
from tools.embedded_aws.processes import is_running
from tools.embedded_aws.report import Stack, explanation, table
from tools.embedded_aws.toolkit import application_message

ROOT = Path(__file__).resolve().parents[3]
FAKES = Path(__file__).parent / "fakes"
SECONDS_TO_REACT = 20.0
SECRETS = {
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "AWS_SECRET_ACCESS_KEY": "real-secret",
    "AWS_SESSION_TOKEN": "real-token",
    "AWS_PROFILE": "production-admin",
    "AWS_ENDPOINT_URL_S3": "https://s3.real.example.com",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.2/credentials",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/real/token",
    "CDK_DEFAULT_ACCOUNT": "111122223333",
    "HTTPS_PROXY": "http://proxy.real.example.com:3128",
    "NODE_OPTIONS": "--require /real/hook.js",
    "GITHUB_TOKEN": "ghp_real",
}
"""Variables of a developer's shell. Each value contains "real", the key or the account."""


@dataclass
class Copy:
    """A folder to run the commands in."""

    root: Path
    environment: dict[str, str]
    server_options: str = ""

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start a command, to be watched or interrupted."""
        server = f"{shlex.quote(sys.executable)} {FAKES / 'server.py'} {self.server_options}"
        command = [sys.executable, str(FAKES / "run.py"), str(self.root), *arguments]
        env = self.environment | {"FAKE_SERVER": server, "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(  # noqa: S603
            command, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def configure(self, command: str, **behaviour: Any) -> None:
        """Set how the fake CDK CLI behaves at a command."""
        file = self.root / "bin" / "behaviour.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | {command: behaviour}))

    def calls(self, command: str) -> list[dict[str, Any]]:
        """Return the recorded calls of the CDK CLI with a command."""
        files = (self.root / "bin").glob(f"{command}.*.call")
        return [json.loads(file.read_text()) for file in files]

    @property
    def state_file(self) -> Path:
        """The file that names the running embedded AWS."""
        return self.root / ".local" / "aws.json"

    @property
    def state(self) -> dict[str, Any]:
        """The content of that file."""
        state: dict[str, Any] = json.loads(self.state_file.read_text())
        return state


@contextlib.contextmanager
def install_copy(root: Path) -> Iterator[Copy]:
    """Install the fake CDK CLI in a folder; stop the kept embedded AWS at the end."""
    folder = root / "bin"
    folder.mkdir()
    (folder / "behaviour.json").write_text("{}")
    script = (FAKES / "cdk.py").read_text()
    (folder / "cdk").write_text(f"#!{sys.executable}\n{script}")
    (folder / "cdk").chmod(0o755)
    (root / "cdk.json").write_text('{"context": {}}')
    path = os.pathsep.join([str(folder), os.environ["PATH"]])
    copy = Copy(root, {"HOME": str(root / "real-home"), "PATH": path, **SECRETS})
    try:
        yield copy
    finally:
        with contextlib.suppress(OSError, ValueError):
            os.kill(copy.state["pid"], signal.SIGKILL)


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Copy]:
    """A folder in which no command has run."""
    with install_copy(tmp_path) as copy:
        yield copy


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    """A folder in which a stage was deployed. Tests read the recorded calls."""
    with install_copy(tmp_path_factory.mktemp("deployed")) as copy:
        assert copy.run("deploy-local", "staging").returncode == 0
        yield copy


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    """A folder with a kept embedded AWS, on which each command has run once."""
    with install_copy(tmp_path_factory.mktemp("kept")) as copy:
        assert copy.run("deploy-local", "staging", "--keep").returncode == 0
        assert copy.run("diff-local", "staging").returncode == 0
        assert copy.run("destroy-local", "staging").returncode == 0
        yield copy


def wait_for(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + SECONDS_TO_REACT
    while not (answer := condition()):
        assert time.monotonic() < deadline, "the condition did not become true"
        time.sleep(0.02)
    return answer


def holds_no_secret(environment: Mapping[str, str]) -> bool:
    return not any(
        mark in v for v in environment.values() for mark in ("real", "AKIA", "111122223333")
    )


# The environment of the programs


def test_no_credential_of_the_user_reaches_the_cdk_cli(deployed: Copy) -> None:
    for command in ("synth", "bootstrap", "deploy"):
        (call,) = deployed.calls(command)
        # The cache of unpacked libraries is the only thing that is shared with the user.
        environment = {
            name: value.replace(str(deployed.root), "")
            for name, value in call["environment"].items()
        }
        assert environment.pop("XDG_CACHE_HOME") == "/real-home/.cache"
        assert environment.pop("DOCKER_CONFIG") == "/real-home/.docker"
        assert holds_no_secret(environment), command
        assert environment["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"
        assert environment["AWS_CONFIG_FILE"] == "/dev/null"
        assert environment["AWS_EC2_METADATA_DISABLED"] == "true"
        assert environment["HOME"] == "/.local/home"


def test_a_synthesis_has_no_credentials_at_all(deployed: Copy) -> None:
    (call,) = deployed.calls("synth")
    assert not [name for name in call["environment"] if name.startswith("AWS_ACCESS_KEY")]
    assert call["environment"]["CDK_DEFAULT_ACCOUNT"] == "000000000000"


def test_bootstrap_and_deploy_are_pointed_at_this_machine(deployed: Copy) -> None:
    for command in ("bootstrap", "deploy"):
        (call,) = deployed.calls(command)
        assert call["environment"]["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
        assert call["environment"]["AWS_ACCESS_KEY_ID"] == "test"
        assert call["environment"]["AWS_REGION"] == "us-east-1"


@pytest.mark.parametrize(
    ("context", "qualifier"),
    [({}, "hnb659fds"), ({"@aws-cdk/core:bootstrapQualifier": "spywatch"}, "spywatch")],
)
def test_the_bootstrap_has_the_qualifier_of_the_app(
    copy: Copy, context: dict[str, str], qualifier: str
) -> None:
    (copy.root / "cdk.json").write_text(json.dumps({"context": context}))
    copy.run("deploy-local", "staging")
    (call,) = copy.calls("bootstrap")
    assert f"--qualifier={qualifier}" in call["arguments"]


def test_no_credential_of_the_user_reaches_the_embedded_aws(deployed: Copy) -> None:
    file = deployed.root / ".local" / "logs" / "server.environment.json"
    environment = json.loads(file.read_text().replace(str(deployed.root / "real-home"), ""))
    assert holds_no_secret({k: v.replace(str(deployed.root), "") for k, v in environment.items()})


def test_an_unknown_variable_is_not_inherited(tmp_path: Path) -> None:
    names = set(
        isolated_environment({"SOMETHING_NEW": "x", "LC_ALL": "C", "PATH": "/bin"}, tmp_path)
    )
    assert "SOMETHING_NEW" not in names
    assert {"LC_ALL", "PATH"} <= names


def test_a_shell_inherits_everything_but_the_variables_of_aws() -> None:
    environment = without_aws_variables({"EDITOR": "vi", **SECRETS})
    assert environment["EDITOR"] == "vi"
    assert not [
        name for name in SECRETS if name.startswith(("AWS_", "CDK_")) if name in environment
    ]
    assert environment["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://sts.amazonaws.com",
        "http://10.0.0.1:4566",
        "http://0.0.0.0:4566",
        "http://127.0.0.1.example.com:4566",
        "http://localhost.example.com",
        "http://127.0.0.1@example.com/",
        "http://example.com#127.0.0.1",
        "https://127.0.0.1",
        "127.0.0.1:4566",
        "",
    ],
)
def test_an_endpoint_on_another_machine_is_refused(endpoint: str) -> None:
    with pytest.raises(EmbeddedAwsError, match="not on this machine"):
        endpoint_variables(endpoint, "us-east-1")


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:4566", "http://[::1]:4566"])
def test_an_endpoint_on_this_machine_is_accepted(endpoint: str) -> None:
    require_loopback(endpoint)


def test_a_server_with_an_endpoint_on_another_machine_is_not_used(copy: Copy) -> None:
    copy.server_options = "--endpoint http://10.1.2.3:80"
    result = copy.run("deploy-local", "staging")
    assert result.returncode == 1
    assert "not on this machine" in result.stderr
    assert not copy.calls("bootstrap")
    assert not copy.calls("deploy")


def test_a_state_file_with_an_endpoint_on_another_machine_is_not_used(copy: Copy) -> None:
    copy.run("deploy-local", "staging", "--keep")
    state = copy.state | {"endpoint": "http://10.1.2.3:80"}
    pid = state["pid"]
    copy.state_file.write_text(json.dumps(state))
    try:
        result = copy.run("destroy-local", "staging")
    finally:
        os.kill(pid, signal.SIGKILL)
    assert result.returncode == 1
    assert not copy.calls("destroy")


# The processes


def test_a_deploy_leaves_nothing_running(copy: Copy) -> None:
    process = copy.start("deploy-local", "staging")
    pid = wait_for(lambda: copy.state_file.exists() and copy.state)["pid"]
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Deployed staging in" in out
    assert not is_running(pid)
    assert not copy.state_file.exists()


def test_a_failed_deploy_leaves_nothing_running(copy: Copy) -> None:
    copy.configure("deploy", exit_code=1, prints="the CLI's own words", seconds=0.5)
    process = copy.start("deploy-local", "staging")
    pid = wait_for(lambda: copy.state_file.exists() and copy.state)["pid"]
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "the CLI's own words" in err
    assert "the deploy of staging failed:\n  the CDK CLI says why above" in err
    assert not is_running(pid)
    assert not copy.state_file.exists()


@pytest.mark.parametrize(
    ("number", "keep", "during"),
    [
        (signal.SIGINT, [], "synth"),
        (signal.SIGINT, [], "deploy"),
        (signal.SIGINT, ["--keep"], "deploy"),
        (signal.SIGTERM, [], "deploy"),
        (signal.SIGHUP, [], "deploy"),
    ],
)
def test_an_interrupt_stops_what_was_started(
    copy: Copy, number: signal.Signals, keep: list[str], during: str
) -> None:
    copy.configure(during, seconds=60)
    process = copy.start("deploy-local", "staging", *keep)
    server = wait_for(lambda: copy.state_file.exists() and copy.state)["pid"]
    (call,) = wait_for(lambda: copy.calls(during))
    process.send_signal(number)
    _, err = process.communicate(timeout=SECONDS_TO_REACT)
    assert process.returncode == 128 + number
    assert "Traceback" not in err
    assert not is_running(server)
    assert not is_running(call["pid"])
    assert not copy.state_file.exists()


def test_the_next_command_stops_the_embedded_aws_of_a_killed_command(copy: Copy) -> None:
    copy.configure("deploy", seconds=60)
    process = copy.start("deploy-local", "staging")
    (call,) = wait_for(lambda: copy.calls("deploy"))
    orphan = copy.state["pid"]
    process.kill()
    os.kill(call["pid"], signal.SIGKILL)
    process.communicate()
    copy.configure("deploy")
    assert copy.run("deploy-local", "staging").returncode == 0
    assert not is_running(orphan)


def test_a_second_deploy_in_the_same_folder_is_refused(copy: Copy) -> None:
    copy.configure("deploy", seconds=60)
    first = copy.start("deploy-local", "staging")
    wait_for(lambda: copy.calls("deploy"))
    second = copy.run("deploy-local", "staging")
    assert second.returncode == 1
    assert f"another deploy-local runs in this folder (process {first.pid})" in second.stderr
    assert first.poll() is None
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=SECONDS_TO_REACT)


def test_the_end_of_the_embedded_aws_ends_the_deploy(copy: Copy) -> None:
    copy.configure("deploy", seconds=60)
    process = copy.start("deploy-local", "staging")
    (call,) = wait_for(lambda: copy.calls("deploy"))
    os.kill(copy.state["pid"], signal.SIGKILL)
    _, err = process.communicate(timeout=SECONDS_TO_REACT)
    assert process.returncode == 1
    assert "the embedded AWS has ended" in err
    assert not is_running(call["pid"])


# The replacement guard


def test_an_allowed_replacement_without_a_finding_is_refused_before_the_deploy(copy: Copy) -> None:
    result = copy.run("deploy-local", "staging", "--allow-replacement", "data/Database")
    assert (result.returncode, copy.calls("deploy")) == (1, [])
    assert "--allow-replacement: found data/Database; allowed: none" in result.stderr


# Servers


def test_a_server_that_cannot_start_is_reported_before_the_deploy_and_everything_stops(
    copy: Copy,
) -> None:
    copy.server_options = "--error 'Redis x has ended; its log'"
    copy.configure("synth", seconds=0.5)
    process = copy.start("deploy-local", "staging")
    pid = wait_for(lambda: copy.state_file.exists() and copy.state)["pid"]
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert err.splitlines()[-1] == "Redis x has ended; its log"
    assert not copy.calls("deploy")
    assert not is_running(pid)


def test_a_kept_embedded_aws_with_servers_is_not_used_without_them(kept: Copy) -> None:
    result = kept.run("deploy-local", "staging", "--control-plane-only")
    assert result.returncode == 1
    assert result.stderr.startswith("--control-plane-only: the kept embedded AWS has servers;")


# The kept embedded AWS


def test_a_kept_embedded_aws_is_used_by_the_next_deploy_and_stopped_on_request(copy: Copy) -> None:
    first = copy.run("deploy-local", "staging", "--keep")
    assert first.returncode == 0
    pid, endpoint = copy.state["pid"], copy.state["endpoint"]
    assert is_running(pid)
    assert f"export AWS_ENDPOINT_URL={endpoint}" in first.stdout
    assert "export AWS_ACCESS_KEY_ID=test" in first.stdout

    second = copy.run("deploy-local", "staging")
    assert second.returncode == 0
    assert copy.state["pid"] == pid
    called = {call["environment"]["AWS_ENDPOINT_URL"] for call in copy.calls("deploy")}
    assert called == {endpoint}

    assert copy.run("stop-local").returncode == 0
    assert not is_running(pid)
    assert not copy.state_file.exists()


def test_a_failed_deploy_keeps_the_embedded_aws_when_asked_to(copy: Copy) -> None:
    copy.configure("deploy", exit_code=1)
    result = copy.run("deploy-local", "staging", "--keep")
    assert result.returncode == 1
    assert "stop-local" in result.stderr
    assert is_running(copy.state["pid"])


def test_diff_and_destroy_use_the_kept_embedded_aws(kept: Copy) -> None:
    for command in ("diff", "destroy"):
        (call,) = kept.calls(command)
        assert "staging/*" in call["arguments"]
        assert call["environment"]["AWS_ENDPOINT_URL"] == kept.state["endpoint"]


def test_the_account_is_deployed_with_a_stage_and_outlives_it(kept: Copy) -> None:
    """Other stages may share it."""
    for command, is_included in (("deploy", True), ("diff", True), ("destroy", False)):
        (call,) = kept.calls(command)
        assert ("account/*" in call["arguments"]) == is_included


def test_a_failed_destroy_names_the_command_that_stops_the_embedded_aws(copy: Copy) -> None:
    copy.configure("destroy", exit_code=1)
    copy.run("deploy-local", "production", "--keep")
    result = copy.run("destroy-local", "production")
    assert result.returncode == 1
    assert "deletion_protection" in result.stderr
    assert "python3 dev.py stop-local" in result.stderr


@pytest.mark.parametrize(
    "command", [["diff-local", "staging"], ["destroy-local", "staging"], ["shell-local"]]
)
def test_a_command_without_a_kept_embedded_aws_names_the_command_that_starts_one(
    copy: Copy, command: list[str]
) -> None:
    result = copy.run(*command)
    assert result.returncode == 1
    assert result.stderr == (
        f"{command[0]} needs a kept embedded AWS; "
        "first run: python3 dev.py deploy-local STAGE --keep\n"
    )


def test_stop_local_without_an_embedded_aws_succeeds(copy: Copy) -> None:
    result = copy.run("stop-local")
    assert (result.returncode, result.stdout) == (0, "No embedded AWS runs here.\n")


@pytest.mark.parametrize(
    "state",
    [
        "",
        "[]",
        '{"pid": 1}',
        '{"pid": 99999999, "port": 1, "endpoint": "http://127.0.0.1:1", "owner": 0}',
        f'{{"pid": {os.getpid()}, "port": 1, "endpoint": "http://127.0.0.1:1", "owner": 0}}',
    ],
    ids=["empty", "other JSON", "incomplete", "no such process", "a process of another kind"],
)
def test_a_stale_state_file_is_deleted(copy: Copy, state: str) -> None:
    copy.state_file.parent.mkdir()
    copy.state_file.write_text(state)
    assert copy.run("diff-local", "staging").returncode == 1
    assert not copy.state_file.exists()
    copy.state_file.write_text(state)
    assert copy.run("deploy-local", "staging").returncode == 0


def test_a_shell_has_the_variables_of_the_embedded_aws_and_no_credential_of_the_user(
    kept: Copy,
) -> None:
    shell = kept.root / "bin" / "shell"
    shell.write_text("#!/bin/sh\nenv\n")
    shell.chmod(0o755)
    copy = replace(kept, environment=kept.environment | {"SHELL": str(shell)})
    out = copy.run("shell-local").stdout
    assert f"AWS_ENDPOINT_URL={copy.state['endpoint']}\n" in out
    assert "AWS_ACCESS_KEY_ID=test\n" in out
    assert not [name for name in SECRETS if name.startswith("AWS_") and f"={SECRETS[name]}" in out]


# Errors: one message, exit code 1


def test_an_unknown_stage_starts_nothing(copy: Copy) -> None:
    result = copy.run("deploy-local", "stagin")
    assert result.returncode == 1
    assert result.stderr == (
        "settings/stagin.yaml: no such stage: 'stagin'; allowed: production, staging\n"
    )
    assert not (copy.root / ".local").exists()


@pytest.mark.parametrize(
    "arguments", [["deploy-local"], ["deploy-local", "staging", "--prot", "1"], ["stop-local", "x"]]
)
def test_unusable_arguments_are_one_message_with_the_usage_of_the_command(
    copy: Copy, arguments: list[str]
) -> None:
    result = copy.run(*arguments)
    assert result.returncode == 1
    assert f"usage: python3 dev.py {arguments[0]}" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_port_in_use_is_reported_before_anything_starts(copy: Copy) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = copy.run("deploy-local", "staging", "--port", port)
    assert result.returncode == 1
    assert result.stderr == (
        f"port {port} of 127.0.0.1 is taken by another program; "
        "choose another with --port, or none\n"
    )
    assert not copy.calls("synth")


@pytest.mark.parametrize("port", ["70000", "-1"])
def test_an_invalid_port_is_refused(copy: Copy, port: str) -> None:
    result = copy.run("deploy-local", "staging", "--port", port)
    assert result.returncode == 1
    assert "allowed: 1 to 65535" in result.stderr


def test_a_port_other_than_that_of_the_kept_embedded_aws_is_refused(kept: Copy) -> None:
    result = kept.run("deploy-local", "staging", "--port", "1")
    assert result.returncode == 1
    assert f"has port {kept.state['port']}" in result.stderr


def test_an_embedded_aws_that_does_not_start_is_one_message_with_the_end_of_its_log(
    copy: Copy,
) -> None:
    copy.server_options = "--fails"
    result = copy.run("deploy-local", "staging")
    assert result.returncode == 1
    assert "the embedded AWS did not start" in result.stderr
    assert "the fake server fails" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_error_of_the_app_is_shown_without_the_lines_of_the_cli(copy: Copy) -> None:
    said = "settings/staging.yaml: cidr: found 10.0.0.0/30; allowed: /16 to /20"
    copy.configure(
        "synth", exit_code=1, prints=f"{said}\npython3 app.py: Subprocess exited with error 1"
    )
    result = copy.run("deploy-local", "staging")
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == said
    assert not copy.calls("deploy")


def test_a_folder_that_cannot_be_written_to_is_one_message(copy: Copy) -> None:
    (copy.root / ".local").write_text("a file where a folder belongs")
    result = copy.run("deploy-local", "staging")
    assert result.returncode == 1
    assert result.stderr.startswith(f"cannot write to {copy.root}/.local")
    assert "Traceback" not in result.stderr


def test_a_missing_cdk_cli_names_the_command_that_installs_it(copy: Copy) -> None:
    (copy.root / "bin" / "cdk").unlink()
    copy.environment["PATH"] = str(Path(shutil.which("env") or "/usr/bin/env").parent)
    result = copy.run("deploy-local", "staging")
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == "no such program: cdk; run: python3 dev.py setup"


# The report


SCHEMAS = Mode(
    docker=False,
    kubernetes="schemas",
    control_plane_only=False,
    certificate="",
    missing=[],
    errors=[],
)


def resource(fidelity: str, kind: str = "AWS::S3::Bucket") -> Resource:
    return Resource("network", "Logical", kind, "physical", fidelity)


def test_the_table_counts_the_resources_of_each_stack_by_fidelity() -> None:
    network = Stack("network", [resource("emulated"), resource("recorded")], 2, 1.25)
    cluster = Stack("cluster", [resource("checked"), resource("real")], 2, 0.0)
    assert table([network, cluster]) == "\n".join(
        [
            "stack    resources  real  emulated  recorded  checked  seconds",
            "network          2     0         1         1        0      1.2",
            "cluster          2     1         0         0        1      0.0",
            "all              4     1         1         1        1",
        ]
    )


def test_the_report_names_the_recorded_types_and_whether_docker_was_used() -> None:
    waf = resource("recorded", "AWS::WAFv2::WebACL")
    text = explanation([Stack("network", [waf, waf], 2, 0.0)], SCHEMAS)
    assert "AWS::WAFv2::WebACL (2)" in text
    assert "no Docker engine is used" in text
    assert "A Docker engine runs" in explanation([], replace(SCHEMAS, docker=True))


def test_the_report_names_what_has_no_data_plane() -> None:
    only = replace(SCHEMAS, control_plane_only=True)
    assert "PostgreSQL and Redis have their control plane only" in explanation([], only)
    missing = replace(SCHEMAS, missing=["Redis: the package is not installed"])
    text = explanation([], missing)
    assert "Control plane only. Redis: the package is not installed." in text


def test_a_resource_that_the_embedded_aws_does_not_hold_is_reported_as_a_defect() -> None:
    text = explanation([Stack("network", [resource("emulated")], 2, 0.0)], SCHEMAS)
    assert "network: the embedded AWS does not hold 1 of its resources." in text


def test_output_that_only_the_cli_wrote_is_shown_unchanged() -> None:
    assert (
        application_message("app: Subprocess exited with error 1\n")
        == "app: Subprocess exited with error 1"
    )
