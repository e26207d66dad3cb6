"""`python -m operations COMMAND`: what is done before a deployment, with your AWS credentials."""

import argparse
import getpass
import sys
from collections.abc import Sequence

from settings import SettingsError, StageSettings, load_stage, resolve_accounts, stage_names
from tools.operations.errors import OperationError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code. A fault is one message on standard error."""
    parser = argparse.ArgumentParser(prog="python3 dev.py", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    preflight = commands.add_parser("preflight", help="what would fail a deployment of the stage")
    secret = commands.add_parser("set-secret", help="set a value of the application secret")
    for command in (preflight, secret):
        command.add_argument("stage")
    secret.add_argument("key")
    chosen = parser.parse_args(arguments)
    try:
        settings = load_stage(chosen.stage)
        if chosen.command == "preflight":
            _preflight(settings)
        else:
            _set_secret(settings, chosen.key)
    except (SettingsError, OperationError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _preflight(settings: StageSettings) -> None:
    """Check what no template can: the account's side of the settings, and the secret's values."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    from tools.operations.application_secret import ApplicationSecretStore
    from tools.operations.released_images import differences

    session = boto3.Session(region_name=settings.region)
    try:
        account = session.client("sts").get_caller_identity()["Account"]
        accounts = resolve_accounts([load_stage(name) for name in stage_names()], account)
        if accounts[settings.stage] != account:
            raise OperationError(
                f"settings/{settings.stage}.yaml: account: found {accounts[settings.stage]}; your "
                f"credentials are for {account}"
            )
        ApplicationSecretStore(session.client("secretsmanager"), settings).check()
        notes = differences(session.client("cloudformation"), settings)
    except (BotoCoreError, ClientError) as error:
        raise OperationError(f"AWS refuses: {error}") from None
    for note in notes:
        print(note)
    print(f"{settings.stage}: nothing stands in the way of a deployment.")


def _set_secret(settings: StageSettings, key: str) -> None:
    """Read the value from a pipe or without echo: it must not stand in a shell's history."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    from tools.operations.application_secret import ApplicationSecretStore

    value = getpass.getpass(f"{key}: ") if sys.stdin.isatty() else sys.stdin.read()
    client = boto3.Session(region_name=settings.region).client("secretsmanager")
    try:
        ApplicationSecretStore(client, settings).set(key, value.strip())
    except (BotoCoreError, ClientError) as error:
        raise OperationError(f"AWS refuses: {error}") from None
    print(f"{key} is set; pods that use it restart within two minutes.")


if __name__ == "__main__":
    sys.exit(main())
