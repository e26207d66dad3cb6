"""`python -m tools.embedded_aws COMMAND`: the commands of the embedded AWS."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from tools.embedded_aws.errors import LocalError
from tools.embedded_aws.processes import Interrupted

if TYPE_CHECKING:
    from tools.embedded_aws.checkout import Checkout

ROOT = Path(__file__).resolve().parents[2]


class _Parser(argparse.ArgumentParser):
    """A parser whose faults are like every other fault here: one message, exit code 1."""

    def error(self, message: str) -> NoReturn:
        raise LocalError(f"{message}\n{self.format_usage().strip()}")


def parser() -> argparse.ArgumentParser:
    """Describe the commands and their arguments."""
    whole = _Parser(prog="python -m tools.embedded_aws", description=__doc__, allow_abbrev=False)
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    deploy = commands.add_parser("deploy", help="deploy a stage, and say what was made")
    deploy.add_argument("--keep", action="store_true", help="leave the embedded AWS running")
    deploy.add_argument("--port", type=int, default=0, help="its port; a free one by default")
    deploy.add_argument(
        "--allow-replacement",
        action="append",
        default=[],
        metavar="STACK/LOGICAL_ID",
        help="let the guard's finding of this one resource through; may stand several times",
    )
    diff = commands.add_parser("diff", help="what a deploy would change")
    destroy = commands.add_parser("destroy", help="delete a stage from the kept embedded AWS")
    for each in (deploy, diff, destroy):
        each.add_argument("stage", help="a file of settings/, without .yaml")
    commands.add_parser("shell", help="a shell pointed at the kept embedded AWS")
    commands.add_parser("stop", help="stop the kept embedded AWS")
    return whole


def main(arguments: Sequence[str] | None = None, checkout: "Checkout | None" = None) -> int:
    """Run one command; return its exit code."""
    try:
        chosen = parser().parse_args(arguments)
        # Not at the top: --help and misspelt commands need none of it.
        from tools.embedded_aws import commands
        from tools.embedded_aws.checkout import Checkout
        from tools.embedded_aws.deploy import deploy

        checkout = checkout or Checkout(ROOT, dict(os.environ))
        checkout.isolate_this_process()
        match chosen.command:
            case "deploy":
                deploy(
                    checkout,
                    chosen.stage,
                    keep=chosen.keep,
                    port=chosen.port,
                    allowed_replacements=chosen.allow_replacement,
                )
            case "diff":
                commands.diff(checkout, chosen.stage)
            case "destroy":
                commands.destroy(checkout, chosen.stage)
            case "shell":
                commands.shell(checkout)
            case "stop":
                commands.stop(checkout)
    except LocalError as error:
        print(error, file=sys.stderr)
        return 1
    except Interrupted as interrupted:
        print("\nInterrupted; what was started is stopped.", file=sys.stderr)
        return interrupted.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
