"""Every command of the workflows exists, and takes its arguments."""

import argparse
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from functools import cache

import pytest

import dev
from settings import stage_names
from tests.synthesis import ROOT
from tests.workflows.workflow_files import jobs
from tools.guard import __main__ as guard
from tools.operations import __main__ as operations
from tools.pipeline import __main__ as pipeline
from tools.release import __main__ as release
from tools.review import __main__ as review
from tools.smoke_test import __main__ as smoke_test

OTHER_PROGRAMS = ("cat", "echo", "gh", "git", "tar", ".ci/run")
Parser = Callable[[], argparse.ArgumentParser]
PARSERS: dict[str, tuple[Parser, bool]] = {
    "guard": (guard.parser, False),
    "images": (pipeline.parser, True),
    "protection": (pipeline.parser, True),
    "release": (release._parser, False),
    "review": (review.parser, False),
    "smoke": (smoke_test.parser, False),
    "synthesize": (pipeline.parser, True),
    "target": (pipeline.parser, True),
    "watch": (operations._parser, True),
}
"""The parser of each command, and whether it takes the name of the command as an argument."""

COMMANDS = sorted({command for job in jobs() for command in job.commands()})


def words_of(command: str) -> list[str]:
    """Return the words of a command, without the redirection and the optional arguments."""
    text = command.partition(" >> ")[0]
    text = re.sub(r"\$\{\w+:\+([^}]*)\}", r"\1", text)
    # argparse compares the value of an option with its choices.
    text = text.replace("$STRATEGY", "canary")
    return shlex.split(text)


@cache
def options_of_cdk(subcommand: str) -> str:
    """Return the help of a command of the CDK CLI."""
    program = shutil.which("cdk") or str(ROOT / "node_modules/.bin/cdk")
    command = [program, subcommand, "--help"]
    return subprocess.run(command, capture_output=True, text=True).stdout  # noqa: S603


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_exists_and_takes_its_arguments(command: str) -> None:
    program, *arguments = words_of(command)
    if program != "python3":
        assert program in OTHER_PROGRAMS
        return
    assert arguments[0] == "dev.py"
    name, rest = arguments[1], arguments[2:]
    assert name in dev.COMMANDS
    if name == "cdk":
        for option in (word for word in rest if word.startswith("--")):
            assert f" {option}" in options_of_cdk(rest[0]), option
    elif name in PARSERS:
        parser, takes_name = PARSERS[name]
        options = parser().parse_args([*([name] if takes_name else []), *rest])
        assert getattr(options, "stage", "staging") in (*stage_names(), "$STAGE")
    else:
        assert (name, rest) in (("test", ["--nightly"]),), f"no parser is known for {name}"


def test_a_misspelt_option_is_found() -> None:
    with pytest.raises(Exception, match="unrecognized arguments: --assembley"):
        guard.parser().parse_args(words_of("--assembley cdk.out staging"))
