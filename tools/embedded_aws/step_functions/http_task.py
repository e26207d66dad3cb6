"""Calls an HTTPS endpoint of a load balancer from a Task, as `http:invoke` does.

ministack 1.5.33 has no HTTP Task. The request goes to the load balancer that the host name is an
alias of, without a network. The API key of the EventBridge connection becomes a header (Step
Functions Developer Guide, "Call HTTPS APIs in Step Functions workflows").
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ministack import app  # type: ignore[import-untyped]
from ministack.services import alb, eventbridge, route53, stepfunctions  # type: ignore[import-untyped]

RESOURCE = "arn:aws:states:::http:invoke"
_SECONDS = 60
"""The time limit of an HTTP Task."""
_HTTPS_PORT = 443


def add_http_task() -> None:
    """Add the integration to those of the emulator."""
    stepfunctions._SERVICE_DISPATCH[RESOURCE] = _invoke


def _invoke(_resource: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    url = urlsplit(str(arguments["ApiEndpoint"]))
    if url.scheme != "https":
        raise _error("States.Runtime", f"ApiEndpoint: {url.geturl()} is not an HTTPS endpoint")
    balancer = _load_balancer(str(url.hostname))
    if balancer is None:
        raise _error("States.Http.Socket", f"{url.hostname}: the host name is unknown")
    query = parse_qs(url.query) | {
        name: values if isinstance(values, list) else [str(values)]
        for name, values in (arguments.get("QueryParameters") or {}).items()
    }
    request = alb.dispatch_request(
        balancer,
        arguments["Method"],
        url.path or "/",
        _headers(str(url.hostname), arguments),
        json.dumps(arguments.get("RequestBody", "")).encode(),
        query,
        url.port or _HTTPS_PORT,
    )
    future = asyncio.run_coroutine_threadsafe(request, app._MAIN_LOOP)
    return _result(*future.result(_SECONDS))


def _headers(host: str, arguments: Mapping[str, Any]) -> dict[str, str]:
    given = {name.lower(): str(value) for name, value in (arguments.get("Headers") or {}).items()}
    headers = given | {"host": host, "user-agent": "Amazon|StepFunctions|HttpInvoke|us-east-1"}
    configuration = arguments.get("InvocationConfig") or arguments.get("Authentication") or {}
    arn = str(configuration.get("ConnectionArn", ""))
    connection = eventbridge._connections.get(_connection_name(arn))
    if connection is None:
        raise _error("States.Runtime", f"the connection {arn} does not exist")
    key = eventbridge._connection_auth_headers(connection, None)
    return headers | {name.lower(): value for name, value in key.items()}


def _connection_name(arn: str) -> str:
    """Return the name in an ARN such as arn:aws:events:us-east-1:000000000000:connection/a/UUID."""
    return arn.partition(":connection/")[2].partition("/")[0]


def _result(status: int, headers: Mapping[str, Any], body: bytes) -> dict[str, Any]:
    text = body.decode(errors="replace")
    if status >= HTTPStatus.BAD_REQUEST:
        raise _error(f"States.Http.StatusCode.{status}", text)
    try:
        content = json.loads(text)
    except ValueError:
        content = text
    return {
        "StatusCode": status,
        "StatusText": HTTPStatus(status).phrase,
        "Headers": {name: [value] for name, value in headers.items()},
        "ResponseBody": content,
    }


def _load_balancer(host: str) -> Mapping[str, Any] | None:
    """Return the load balancer with the host name, or the one that the name is an alias of."""
    found: Mapping[str, Any] | None = alb.find_lb_for_host(_alias(host) or host)
    return found


def _alias(host: str) -> str:
    """Return the target of the alias record with a name; empty if there is none."""
    for records in route53._records.values():
        for record in records:
            if record["Name"].rstrip(".") == host and record.get("AliasTarget"):
                target = str(record["AliasTarget"]["DNSName"]).rstrip(".")
                return target.removeprefix("dualstack.")
    return ""


def _error(name: str, cause: str) -> Exception:
    failure: Exception = stepfunctions._ExecutionError(name, cause)
    return failure
