"""Calls the services with the query protocol from a Task, as `aws-sdk:` integrations do.

ministack 1.5.33 has no integration with CloudFormation and Elastic Load Balancing. Its own
conversion guesses parameter names and types, and finds an error's code in responses of RDS only.
This module converts with botocore's models of the services, as the AWS SDKs do.

Step Functions names members and errors as the AWS SDK for Java 2 does (Step Functions Developer
Guide, "Learning to use AWS service SDK integrations"). An error that the model of the service lacks
has the name of the service's base exception there, such as CloudFormation.CloudFormationException.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlencode

import botocore.parsers
import botocore.serialize
import botocore.session
from botocore.validate import ParamValidator
from ministack import app  # type: ignore[import-untyped]
from ministack.core.responses import get_region  # type: ignore[import-untyped]
from ministack.services import stepfunctions  # type: ignore[import-untyped]

from tools.embedded_aws.cloudformation.waiting import respond_at_once

_PROTOCOL = "query"
_SERVICES: Mapping[str, tuple[str, str, str]] = {
    "cloudformation": ("cloudformation", "cloudformation", "CloudFormation"),
    "cloudwatch": ("cloudwatch", "monitoring", "CloudWatch"),
    "elasticloadbalancingv2": ("elbv2", "elasticloadbalancing", "ElasticLoadBalancingV2"),
    "sns": ("sns", "sns", "Sns"),
}
"""The name in botocore, the name in ministack and the prefix of errors, by the name in an ARN."""


def integrate_services() -> None:
    """Replace the emulator's conversion for the services of `_SERVICES`."""
    for name, (_model, key, prefix) in _SERVICES.items():
        stepfunctions._AWS_SDK_SERVICE_MAP[name] = {"protocol": _PROTOCOL, "service_key": key}
        stepfunctions._AWS_SDK_ERROR_PREFIX[name] = prefix
    known = stepfunctions._dispatch_aws_sdk_query

    def dispatch(
        service_info: Mapping[str, str], name: str, action: str, arguments: Mapping[str, Any] | None
    ) -> Any:  # noqa: ANN401 - any JSON
        if name in _SERVICES:
            return _call(name, action[:1].upper() + action[1:], arguments or {})
        return known(service_info, name, action, arguments)

    stepfunctions._dispatch_aws_sdk_query = dispatch


def _call(name: str, action: str, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON
    model_name, key, prefix = _SERVICES[name]
    model = _model(model_name)
    operation = model.operation_model(action)
    parameters = _by_wire_names(arguments, operation.input_shape)
    _check(parameters, operation.input_shape)
    serializer = botocore.serialize.create_serializer(_PROTOCOL)
    request = serializer.serialize_to_request(parameters, operation)
    with respond_at_once():
        status, headers, body = app.call_service_handler_sync(
            app.SERVICE_HANDLERS[key], "POST", "/", _headers(key), _form(request["body"]), {}
        )
    response = {
        "status_code": status,
        "headers": headers,
        "body": body if isinstance(body, bytes) else body.encode(),
    }
    parsed = botocore.parsers.create_parser(_PROTOCOL).parse(response, operation.output_shape)
    if "Error" in parsed:
        raise _error(model, prefix, parsed["Error"])
    parsed.pop("ResponseMetadata", None)
    return _by_sdk_names(parsed, operation.output_shape)


def _check(parameters: Mapping[str, Any], shape: Any) -> None:  # noqa: ANN401
    """Refuse arguments of a wrong type or name, and missing ones.

    Step Functions converts no type: a number in the place of a string ends the execution.
    """
    report = ParamValidator().validate(parameters, shape)
    if report.has_errors():
        raise stepfunctions._ExecutionError("States.Runtime", report.generate_report())


def _headers(key: str) -> dict[str, str]:
    credential = f"test/20260101/{get_region()}/{key}/aws4_request"
    return {
        "content-type": "application/x-www-form-urlencoded",
        "host": f"{key}.{get_region()}.amazonaws.com",
        "authorization": f"AWS4-HMAC-SHA256 Credential={credential}",
    }


def _form(parameters: Mapping[str, str]) -> bytes:
    return urlencode(parameters).encode()


def _error(model: Any, prefix: str, error: Mapping[str, str]) -> Exception:  # noqa: ANN401
    """Return the error of a Task for the error of a service."""
    shape = model.shape_for_error_code(error["Code"])
    name = f"{prefix}Exception" if shape is None else _exception_name(shape.name)
    cause = error.get("Message", "")
    failure: Exception = stepfunctions._ExecutionError(f"{prefix}.{name}", cause)
    return failure


def _exception_name(shape: str) -> str:
    """Return the name of a modelled error's class in the AWS SDK for Java 2."""
    for ending in ("Exception", "Fault", "Error"):
        shape = shape.removesuffix(ending)
    return f"{shape}Exception"


def _by_wire_names(value: Any, shape: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return arguments with the names of the service's model."""
    if shape.type_name == "structure" and isinstance(value, Mapping):
        names = {stepfunctions._api_name_to_sfn_key(name): name for name in shape.members}
        wire = {names.get(key, key): item for key, item in value.items()}
        return {
            name: _by_wire_names(item, shape.members[name]) if name in shape.members else item
            for name, item in wire.items()
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [_by_wire_names(item, shape.member) for item in value]
    return value


def _by_sdk_names(value: Any, shape: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a result with the names that Step Functions gives it."""
    if shape is not None and shape.type_name == "structure":
        return {
            stepfunctions._api_name_to_sfn_key(name): _by_sdk_names(item, shape.members[name])
            for name, item in value.items()
        }
    if shape is not None and shape.type_name == "list":
        return [_by_sdk_names(item, shape.member) for item in value]
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    return value


@cache
def _model(name: str) -> Any:  # noqa: ANN401 - botocore has no types
    return botocore.session.get_session().get_service_model(name)
