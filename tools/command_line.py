"""The argument parser and the messages that the commands share."""

import argparse
from typing import NoReturn

NO_CREDENTIALS = (
    "AWS credentials: found none; this command reads an AWS account, so set AWS_PROFILE or another "
    "variable of the AWS CLI"
)


class UsageError(Exception):
    """The arguments cannot be used. The text is shown to the user."""


class ArgumentParser(argparse.ArgumentParser):
    """Raises a UsageError where argparse exits with code 2.

    A command can then report it as it reports every other error: one message and exit code 1.
    """

    def error(self, message: str) -> NoReturn:
        """Raise a UsageError with the message and the usage of the command."""
        raise UsageError(f"{message}\n{self.format_usage().strip()}")
