"""Releases an image, observes the release, or returns to the previous image."""

import argparse
import sys
from collections.abc import Sequence

from settings import SettingsError, StageSettings, load_stage
from tools.command_line import NO_CREDENTIALS, ArgumentParser, UsageError
from tools.release.errors import ReleaseError

STRATEGIES = ("rolling", "blue-green", "canary")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code (`errors.ExitCode`)."""
    try:
        options = _parser().parse_args(arguments)
        settings = load_stage(options.stage)
        _check_service(options.service, settings)
        return _run(options, settings)
    except (SettingsError, UsageError) as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    except ReleaseError as error:
        print(f"release: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("release: interrupted; a release continues without this command", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = ArgumentParser(prog="python3 dev.py release", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, parser_class=ArgumentParser)
    start = commands.add_parser("start", help="release an image of a service")
    status = commands.add_parser("status", help="show the traffic, the images and a release")
    rollback = commands.add_parser("rollback", help="return to the previous image of a service")
    history = commands.add_parser("history", help="list the releases of the last 90 days")
    for command in (start, rollback):
        command.add_argument("service", help="backend or frontend")
    for command in (start, status, rollback, history):
        command.add_argument("stage", help="a file of settings/, without .yaml")
    for command in (status, history):
        command.add_argument("service", nargs="?", help="by default both services")
    start.add_argument("--image", required=True, help="the image, with a tag or a digest")
    start.add_argument("--strategy", choices=STRATEGIES, help="by default that of the settings")
    rollback.add_argument("--because", required=True, metavar="TEXT", help="the reason")
    for command in (start, status):
        command.add_argument("--follow", action="store_true", help="wait for the end")
        command.add_argument("--json", action="store_true", help="write JSON, one object a line")
    return parser


def _check_service(service: str | None, settings: StageSettings) -> None:
    known = settings.services.by_name()
    if service is not None and service not in known:
        raise ReleaseError(f"no such service: {service!r}; allowed: {', '.join(known)}")


def _run(options: argparse.Namespace, settings: StageSettings) -> int:
    # Imported here: --help and a misspelt argument do not need boto3.
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

    from tools.operations.session import create_session
    from tools.release.commands import ReleaseCommands
    from tools.release.output import Output
    from tools.release.reader import StageReader

    output = Output(sys.stdout, as_json=getattr(options, "json", False))
    names = [options.service] if options.service else list(settings.services.by_name())
    try:
        reader = StageReader(create_session(settings.region), settings)
        commands = ReleaseCommands(reader, settings, output)
        match options.command:
            case "start":
                return commands.start(
                    options.service, options.image, options.strategy, follows=options.follow
                )
            case "status":
                return commands.status(names, follows=options.follow)
            case "rollback":
                return commands.rollback(options.service, options.because)
        return commands.history(names)
    except NoCredentialsError:
        raise ReleaseError(NO_CREDENTIALS) from None
    except (BotoCoreError, ClientError) as error:
        raise ReleaseError(f"AWS refuses: {error}") from None


if __name__ == "__main__":
    sys.exit(main())
