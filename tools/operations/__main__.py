"""Prepares a deployment with your AWS credentials, or watches the stage after it."""

import argparse
import getpass
import sys
from collections.abc import Sequence

from settings import SettingsError, StageSettings, load_stage
from tools.command_line import NO_CREDENTIALS
from tools.operations.errors import OperationError
from tools.templates.synthesis import ROOT

_MAX_WATCH_MINUTES = 55


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options, load_stage(options.stage))
    except (SettingsError, OperationError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 dev.py", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    preflight = commands.add_parser("preflight", help="check what would fail a deployment")
    set_secret = commands.add_parser("set-secret", help="set a value of the application secret")
    service_linked_roles = commands.add_parser(
        "service-linked-roles", help="create the service-linked roles that the account lacks"
    )
    watch = commands.add_parser("watch", help="fail if a critical alarm goes off")
    for command in (preflight, set_secret, service_linked_roles, watch):
        command.add_argument("stage", help="a file of settings/, without .yaml")
    set_secret.add_argument("key", help="the key of the value, such as DISCORD_BOT_TOKEN")
    watch.add_argument(
        "--minutes", type=_minutes, required=True, metavar="N", help="how long to watch"
    )
    return parser


def _minutes(text: str) -> float:
    """Return a number of minutes.

    Raises:
        argparse.ArgumentTypeError: the text is no such number.
    """
    if not text.isdigit() or not 0 < int(text) <= _MAX_WATCH_MINUTES:
        raise argparse.ArgumentTypeError(
            f"found {text!r}; allowed: 1 to {_MAX_WATCH_MINUTES} minutes, since the credentials "
            "of a role that another role assumes end after an hour"
        )
    return float(text)


def _run(options: argparse.Namespace, settings: StageSettings) -> int:
    # Imported here: --help and a misspelt stage do not need boto3.
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

    from tools.operations.alarm_watch import create_watch
    from tools.operations.application_secret import ApplicationSecretStore
    from tools.operations.preflight.command import preflight
    from tools.operations.service_linked_roles import create_missing_roles
    from tools.operations.session import create_session

    try:
        session = create_session(settings.region)
        if options.command == "preflight":
            return preflight(session, settings)
        if options.command == "service-linked-roles":
            for line in create_missing_roles(session, settings):
                print(line)
            return 0
        if options.command == "watch":
            print(create_watch(session, settings, ROOT).watch(options.minutes))
            return 0
        store = ApplicationSecretStore(session.client("secretsmanager"), settings)
        store.set(options.key, _read_value(options.key))
        print(f"{options.key} is set; pods that use it restart within two minutes.")
        return 0
    except NoCredentialsError:
        raise OperationError(NO_CREDENTIALS) from None
    except (BotoCoreError, ClientError) as error:
        raise OperationError(f"AWS refuses: {error}") from None


def _read_value(key: str) -> str:
    """Read a value from a pipe or from a prompt.

    It is not an argument of the command, because the shell would write it to its history.
    """
    value = getpass.getpass(f"{key}: ") if sys.stdin.isatty() else sys.stdin.read()
    return value.strip()


if __name__ == "__main__":
    sys.exit(main())
