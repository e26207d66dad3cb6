"""Does what the workflows need: target, protection and images of a stage, and an assembly."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from settings import SettingsError, StageSettings, load_stage, stage_names
from settings.selection import select_stages
from tools.cdk_context import bootstrap_qualifier
from tools.command_line import NO_CREDENTIALS, ArgumentParser, UsageError
from tools.pipeline.deployed_images import read_deployed_images
from tools.pipeline.errors import PipelineError
from tools.pipeline.protection import check_protection, read_github_environment
from tools.pipeline.synthesis import synthesize
from tools.pipeline.target import describe_missing_account, read_target

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code."""
    try:
        options = parser().parse_args(arguments)
        if options.command == "synthesize":
            synthesize(options.checkout, options.output, options.markdown)
        elif options.command == "target":
            _print_target(load_stage(options.stage))
        elif options.command == "images":
            _print_images(load_stage(options.stage))
        else:
            _print_protection(load_stage(options.stage))
    except (PipelineError, SettingsError, UsageError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the parser of the commands."""
    arguments = ArgumentParser(prog="python3 dev.py", description=__doc__, allow_abbrev=False)
    commands = arguments.add_subparsers(dest="command", required=True)
    for name, text in {
        "target": "print the account, the Region and the roles of a stage as outputs of a step",
        "images": "print the images that a stage runs as outputs of a step",
        "protection": "fail if no one must approve the deployments of a protected stage",
    }.items():
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("stage", help="a file of settings/, without .yaml")
    text = "synthesize every stage of a checkout with the libraries of its own lock files"
    command = commands.add_parser("synthesize", help=text, description=text)
    command.add_argument("checkout", type=Path, help="the folder of the checkout, which has dev.py")
    command.add_argument("output", type=Path, help="the folder of the cloud assembly")
    command.add_argument(
        "--markdown", type=Path, metavar="FILE", help="append the end of an error to this file"
    )
    return arguments


def _print_target(settings: StageSettings) -> None:
    """Print `name=value` lines, or say on stderr which setting the pipeline needs."""
    outputs = read_target(
        settings,
        qualifier=bootstrap_qualifier(ROOT),
        # As the app selects them when the pipeline synthesizes it, which has no credentials.
        is_only_account=len(select_stages(None, None).accounts) == 1,
    )
    for name, value in outputs.items():
        print(f"{name}={value}")
    if not outputs:
        _notify(describe_missing_account(settings))


def _print_protection(settings: StageSettings) -> None:
    """Print, as Markdown for the summary of a run, who approves and what an approval opens."""
    text = check_protection(settings, read_github_environment)
    if text:
        print(f"{text}\n")
    others = [
        name
        for name in stage_names()
        if name != settings.stage and load_stage(name).account == settings.account
    ]
    if others and settings.account:
        print(
            f"{settings.stage} shares its AWS account with {', '.join(others)}: whoever may deploy "
            "one of these stages can also change the others.\n"
        )


def _print_images(settings: StageSettings) -> None:
    """Print `service=image` lines, with the caller's credentials."""
    # Imported here: the other commands do not need boto3.
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

    from tools.operations.session import create_session

    try:
        client = create_session(settings.region).client("cloudformation")
        for service, image in read_deployed_images(client, settings).items():
            print(f"{service}={image}")
    except NoCredentialsError:
        raise PipelineError(NO_CREDENTIALS) from None
    except (BotoCoreError, ClientError) as error:
        raise PipelineError(f"AWS refuses: {error}") from None


def _notify(text: str) -> None:
    """Print a notice, which GitHub also shows on the page of the workflow run."""
    prefix = "::notice::" if os.environ.get("GITHUB_ACTIONS") == "true" else ""
    print(f"{prefix}{text}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
