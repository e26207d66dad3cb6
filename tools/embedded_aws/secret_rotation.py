"""Rotates a secret with the code of its rotation function.

ministack 1.5.33 answers RotateSecret with a new version that has the old value. Here the four steps
of the function run in the background, as on AWS, in the emulator's Lambda. The function trusts the
certificate authority of the local servers in place of Amazon's.
"""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ministack.core.concurrency import spawn_background  # type: ignore[import-untyped]
from ministack.core.responses import (  # type: ignore[import-untyped]
    error_response_json,
    json_response,
)
from ministack.services import lambda_svc, secretsmanager  # type: ignore[import-untyped]

from tools.embedded_aws.cloudformation.recorded import RecordStore
from tools.embedded_aws.cloudformation.registry import current_scope

ROTATION_SCHEDULE = "AWS::SecretsManager::RotationSchedule"
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
FUNCTION_SECONDS = 60.0

Response = tuple[int, Mapping[str, str], bytes]
_log = logging.getLogger(__name__)


class RotationError(Exception):
    """A step of a rotation function failed."""


class SecretRotation:
    """The operation RotateSecret, for secrets with a rotation schedule."""

    def __init__(self, store: RecordStore, certificate: Path) -> None:
        """Take the recorded resources, and the certificate authority of the servers."""
        self._store = store
        self._certificate = certificate
        self._rotate_without_function: Callable[..., Response] = secretsmanager._rotate_secret
        self._get_value: Callable[..., Response] = secretsmanager._get_secret_value

    def install(self) -> None:
        """Replace the operation of the emulator."""
        secretsmanager._rotate_secret = self._rotate
        secretsmanager._get_secret_value = self._get_secret_value

    def _rotate(self, request: Mapping[str, Any]) -> Response:
        _name, secret = secretsmanager._resolve(request.get("SecretId"))
        schedule = self._schedule(secret["ARN"]) if secret else None
        if schedule is None:
            return self._rotate_without_function(request)
        version = _pending_version(secret)
        if version is None:
            version = request.get("ClientRequestToken", str(uuid.uuid4()))
            _add_pending_version(secret, version)
        secret["RotationEnabled"] = True
        spawn_background(self._run_steps, schedule, secret["ARN"], version)
        body = {"ARN": secret["ARN"], "Name": secret["Name"], "VersionId": version}
        response: Response = json_response(body)
        return response

    def _get_secret_value(self, request: Mapping[str, Any]) -> Response:
        """Refuse a version without a value, as AWS does before the first step of a rotation."""
        response = self._get_value(request)
        value = json.loads(response[2])
        if response[0] == 200 and not {"SecretString", "SecretBinary"} & value.keys():
            message = "Secrets Manager can't find the specified secret value."
            refusal: Response = error_response_json("ResourceNotFoundException", message, 400)
            return refusal
        return response

    def _schedule(self, arn: str) -> Mapping[str, Any] | None:
        """Return the properties of a secret's rotation schedule, if it has one."""
        for record in self._store.of_type(current_scope(), ROTATION_SCHEDULE):
            if record.properties.get("SecretId") == arn:
                return record.properties
        return None

    def _run_steps(self, schedule: Mapping[str, Any], arn: str, version: str) -> None:
        for step in STEPS:
            event = {"SecretId": arn, "ClientRequestToken": version, "Step": step}
            try:
                self._run_function(schedule["RotationLambdaARN"], event)
            except RotationError as error:
                _log.error("the rotation of %s failed at %s: %s", arn, step, error)
                return

    def _run_function(self, arn: str, event: Mapping[str, str]) -> None:
        record, configuration, _name = lambda_svc._get_func_record_for_ref(arn)
        if record is None or configuration is None:
            raise RotationError(f"there is no function {arn}")
        execution = lambda_svc._execution_record_for_config(
            record, self._with_local_certificate(configuration)
        )
        result = lambda_svc._execute_function_with_config_scope(execution, dict(event))
        if result.get("error"):
            raise RotationError(str(result.get("body")))

    def _with_local_certificate(self, configuration: Mapping[str, Any]) -> dict[str, Any]:
        """Return the configuration of a function that trusts the local servers."""
        variables = configuration.get("Environment", {}).get("Variables", {})
        if "ROOT_CERTIFICATE" not in variables:
            return dict(configuration)
        local = {**variables, "ROOT_CERTIFICATE": self._certificate.read_text()}
        return {**configuration, "Environment": {"Variables": local}}


def _pending_version(secret: Mapping[str, Any]) -> str | None:
    """Return the version of an unfinished rotation, which RotateSecret continues."""
    for version, value in secret["Versions"].items():
        if "AWSPENDING" in value["Stages"] and "AWSCURRENT" not in value["Stages"]:
            return str(version)
    return None


def _add_pending_version(secret: Mapping[str, Any], version: str) -> None:
    """Add a version without a value, which the first step writes."""
    secretsmanager._remove_stage_everywhere(secret, "AWSPENDING")
    secret["Versions"][version] = {
        "SecretString": None,
        "SecretBinary": None,
        "CreatedDate": int(time.time()),
        "Stages": ["AWSPENDING"],
    }
