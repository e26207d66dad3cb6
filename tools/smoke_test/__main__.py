"""Checks from outside that a deployed stage serves its users."""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

from settings import SettingsError, load_stage
from settings.accounts import check_placeholders
from tools.command_line import ArgumentParser, UsageError
from tools.smoke_test.checks import Check, CheckSkippedError, checks_of
from tools.smoke_test.client import CheckError
from tools.smoke_test.target import Target

RETRY_SECONDS = 120.0
"""How long failed checks are repeated. A new load balancer's address takes a minute to spread."""
PAUSE_SECONDS = 5.0
_REAL_ACCOUNT = "of the stage"


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command's arguments."""
    arguments = ArgumentParser(prog="python3 dev.py smoke", description=__doc__, allow_abbrev=False)
    arguments.add_argument("stage", help="a file of settings/, without .yaml")
    arguments.add_argument(
        "--ca", type=Path, metavar="FILE", help="trust these certificate authorities, for tests"
    )
    arguments.add_argument(
        "--connect",
        metavar="HOST:PORT",
        help="connect to this address in place of the domain, for tests",
    )
    return arguments


def main(arguments: Sequence[str] | None = None, retry_seconds: float = RETRY_SECONDS) -> int:
    """Run the checks and print a line for each; return 1 if one fails."""
    try:
        options = parser().parse_args(arguments)
        settings = load_stage(options.stage)
        if options.connect is None:
            check_placeholders(settings, settings.account or _REAL_ACCOUNT)
        target = Target.create(settings.domain.name, options.connect, options.ca)
    except (UsageError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 1
    try:
        failed = run_checks(checks_of(settings), target, retry_seconds)
    except KeyboardInterrupt:
        return 130
    if failed:
        print(f"{options.stage}: {len(failed)} of the checks failed", file=sys.stderr)
    return 1 if failed else 0


def run_checks(
    checks: Sequence[Check],
    target: Target,
    retry_seconds: float,
    sleep: Callable[[float], None] = time.sleep,
) -> list[str]:
    """Run the checks, repeat those that fail, and return the names of those that fail to the end.

    Args:
        checks: the checks.
        target: the stage from outside.
        retry_seconds: how long failed checks are repeated.
        sleep: waits between two rounds.
    """
    give_up = time.monotonic() + retry_seconds
    pending = list(checks)
    while True:
        reasons: dict[str, str] = {}
        for check in pending:
            try:
                _print("ok", check, check.run(target))
            except CheckSkippedError as reason:
                _print("skipped", check, str(reason))
            except CheckError as reason:
                reasons[check.name] = str(reason)
        pending = [check for check in pending if check.name in reasons]
        if not pending or time.monotonic() + PAUSE_SECONDS > give_up:
            break
        sleep(PAUSE_SECONDS)
    for check in pending:
        _print("failed", check, reasons[check.name])
    return [check.name for check in pending]


def _print(result: str, check: Check, found: str) -> None:
    print(f"{result:9}{check.name:20}{found}", flush=True)


if __name__ == "__main__":
    # Python warns of TLS 1.1, which the check offers to a server that must refuse it.
    warnings.simplefilter("ignore", DeprecationWarning)
    sys.exit(main())
