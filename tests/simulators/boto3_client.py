"""Simulates operations of AWS behind boto3's own clients.

The clients check every parameter against the models of AWS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import boto3

from tools.operations.preflight.api_calls import ApiCall

Json = dict[str, Any]


class AwsError(Exception):
    """An error response of AWS."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class CrashError(Exception):
    """The function ended during a call, for example because of a timeout."""


@dataclass
class Crash:
    """Ends the function once at an operation: before it is carried out, or before the response."""

    operation: str = ""
    done: bool = False

    def prepare(self, operation: str, *, done: bool) -> None:
        """End the function at the next call of this operation."""
        self.operation, self.done = operation, done

    def __call__(self, operation: str, *, done: bool) -> None:
        if (operation, done) == (self.operation, self.done):
            self.operation = ""
            raise CrashError(operation)


def create_client(
    service: str,
    operations: Mapping[str, Callable[[Json], Json]],
    crash: Crash,
    api_calls: list[ApiCall] | None = None,
) -> Any:
    """Return a boto3 client.

    Args:
        service: The name of the service.
        operations: What answers each operation, such as GetSecretValue.
        crash: Called before and after each operation.
        api_calls: Receives each call as an IAM action.
    """
    client = boto3.client(
        service,
        region_name="us-east-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",  # noqa: S106 - not a secret
    )
    parameters: dict[str, Json] = {}

    def record(params: Json, model: Any, **_: Any) -> None:
        parameters[model.name] = params
        if api_calls is not None:
            action = f"{model.service_model.signing_name}:{model.name}"
            api_calls.append(ApiCall(action, dict(params)))

    def respond(model: Any, **_: Any) -> tuple[SimpleNamespace, Json]:
        crash(model.name, done=False)
        try:
            response = operations[model.name](parameters[model.name])
        except AwsError as error:
            body = {"Error": {"Code": error.code, "Message": str(error)}}
            return SimpleNamespace(status_code=400), body
        crash(model.name, done=True)
        return SimpleNamespace(status_code=200), response

    client.meta.events.register("before-parameter-build", record)
    client.meta.events.register("before-call", respond)
    return client
