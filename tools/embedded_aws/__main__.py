"""The commands of the embedded AWS. dev.py runs them as `python -m tools.embedded_aws COMMAND`."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tools.command_line import ArgumentParser, UsageError
from tools.embedded_aws.errors import EmbeddedAwsError
from tools.embedded_aws.processes import CommandInterrupt

if TYPE_CHECKING:
    from tools.embedded_aws.checkout import Checkout

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = {
    "deploy-local": "Deploy a stage to the embedded AWS, and report what was created.",
    "diff-local": "Show what a deploy to the kept embedded AWS would change.",
    "destroy-local": "Delete a stage from the kept embedded AWS.",
    "shell-local": "Open a shell whose AWS is the kept embedded AWS.",
    "stop-local": "Stop the kept embedded AWS.",
}


def parser(command: str) -> ArgumentParser:
    """Return the parser of a command's arguments."""
    arguments = ArgumentParser(
        prog=f"python3 dev.py {command}", description=COMMANDS[command], allow_abbrev=False
    )
    if command in ("deploy-local", "diff-local", "destroy-local"):
        arguments.add_argument("stage", help="a file of settings/, without .yaml")
    if command == "deploy-local":
        _add_deploy_options(arguments)
    return arguments


def _add_deploy_options(arguments: ArgumentParser) -> None:
    arguments.add_argument("--keep", action="store_true", help="leave the embedded AWS running")
    arguments.add_argument(
        "--port", type=int, default=0, help="the port of the embedded AWS; by default a free one"
    )
    arguments.add_argument(
        "--control-plane-only",
        action="store_true",
        help="start no servers of PostgreSQL and Redis",
    )
    arguments.add_argument(
        "--allow-replacement",
        action="append",
        default=[],
        metavar="STACK/LOGICAL_ID",
        help="allow the guard's finding about this resource; can be given several times",
    )


def main(arguments: Sequence[str] | None = None, checkout: "Checkout | None" = None) -> int:
    """Run one command; return its exit code."""
    command, *rest = (sys.argv[1:] if arguments is None else arguments) or [""]
    try:
        if command not in COMMANDS:
            raise EmbeddedAwsError(f"no such command: {command!r}; allowed: {', '.join(COMMANDS)}")
        _run(command, parser(command).parse_args(rest), checkout)
    except (EmbeddedAwsError, UsageError) as error:
        print(error, file=sys.stderr)
        return 1
    except CommandInterrupt as interrupt:
        print("\nInterrupted. Every process that was started is stopped.", file=sys.stderr)
        return interrupt.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


def _run(command: str, options: argparse.Namespace, checkout: "Checkout | None") -> None:
    # Imported here: --help and a misspelt command need none of it.
    from tools.embedded_aws import commands
    from tools.embedded_aws.checkout import Checkout
    from tools.embedded_aws.deploy import deploy

    checkout = checkout or Checkout(ROOT, dict(os.environ))
    checkout.isolate_this_process()
    match command:
        case "deploy-local":
            deploy(
                checkout,
                options.stage,
                keep=options.keep,
                port=options.port,
                control_plane_only=options.control_plane_only,
                allowed_replacements=options.allow_replacement,
            )
        case "diff-local":
            commands.diff(checkout, options.stage)
        case "destroy-local":
            commands.destroy(checkout, options.stage)
        case "shell-local":
            commands.shell(checkout)
        case "stop-local":
            commands.stop(checkout)


if __name__ == "__main__":
    sys.exit(main())
