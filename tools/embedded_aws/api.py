"""The API of the embedded AWS for questions that AWS has no API for.

GET /_local/mode                    {docker, kubernetes, control_plane_only, certificate, missing,
                                     errors}
GET /_local/servers                 [{title, endpoint, pid, error}, ...]
GET /_local/resources[?stack=NAME]  [{stack, logical_id, type, physical_id, fidelity, note?}, ...]
GET /_local/manifests?cluster=NAME  the Kubernetes objects of a cluster, as YAML documents
GET, PUT /_local/faults             [{stack, logical_id, action, after?}, {job}, ...]
GET, PUT /_local/image-faults       {IMAGE: {starts?, health?, http_status?, pods?, ...}, ...}

`kubernetes` is "k3s" or "schemas". `missing` lists the servers that have no package for this
platform, and `errors` those that have ended or cannot start. The values of `fidelity` are in
`fidelity.py`. A running server has an empty `error`. `kubernetes/image_faults.py` describes the
faults of images, and `cloudformation/faults.py` those of resources and Jobs.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import parse_qs

PREFIX = "/_local/"
JSON = "application/json"
YAML = "text/yaml; charset=utf-8"

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Answer = tuple[HTTPStatus, str, str]
"""Status, content type and body."""


class FaultStore(Protocol):
    """Faults that a request replaces."""

    def replace(self, faults: object, /) -> None:
        """Replace all faults. Raises a ValueError whose text names what is allowed."""

    def to_json(self) -> object:
        """Return the faults as JSON."""


class LocalApi:
    """An ASGI application that answers /_local/, and passes other requests to the emulator."""

    def __init__(
        self,
        application: Application,
        mode: Callable[[], Mapping[str, Any]],
        resources: Callable[[str | None], list[dict[str, str]]],
        manifests: Callable[[str], str],
        servers: Callable[[], list[dict[str, Any]]],
        faults: Mapping[str, FaultStore],
    ) -> None:
        self._application = application
        self._mode = mode
        self._resources = resources
        self._manifests = manifests
        self._servers = servers
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, by ASGI's protocol."""
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._application(scope, receive, send)
            return
        query = parse_qs(scope.get("query_string", b"").decode())
        path = scope["path"].removeprefix(PREFIX)
        if scope["method"] == "PUT" and path in self._faults:
            answer = _replace_faults(self._faults[path], await _read_body(receive))
        elif scope["method"] == "GET":
            answer = self._answer(path, {name: values[-1] for name, values in query.items()})
        else:
            answer = _error(HTTPStatus.METHOD_NOT_ALLOWED, "this method is not answered here")
        await _respond(send, answer)

    def _answer(self, path: str, query: Mapping[str, str]) -> Answer:
        if path == "mode":
            return HTTPStatus.OK, JSON, json.dumps(self._mode())
        if path == "servers":
            return HTTPStatus.OK, JSON, json.dumps(self._servers())
        if path == "resources":
            return HTTPStatus.OK, JSON, json.dumps(self._resources(query.get("stack")))
        if path == "manifests":
            return self._manifests_answer(query.get("cluster"))
        if path in self._faults:
            return HTTPStatus.OK, JSON, json.dumps(self._faults[path].to_json())
        return _error(HTTPStatus.NOT_FOUND, f"no such path: {PREFIX}{path}")

    def _manifests_answer(self, cluster: str | None) -> Answer:
        if not cluster:
            return _error(HTTPStatus.BAD_REQUEST, "cluster=NAME is missing")
        try:
            return HTTPStatus.OK, YAML, self._manifests(cluster)
        except LookupError:
            return _error(HTTPStatus.NOT_FOUND, f"no cluster is named {cluster}")


def _replace_faults(faults: FaultStore, body: bytes) -> Answer:
    try:
        values = json.loads(body)
    except ValueError as error:
        return _error(HTTPStatus.BAD_REQUEST, f"the body is not JSON: {error}")
    try:
        faults.replace(values)
    except ValueError as error:
        return _error(HTTPStatus.BAD_REQUEST, str(error))
    return HTTPStatus.OK, JSON, json.dumps(faults.to_json())


def _error(status: HTTPStatus, message: str) -> Answer:
    return status, JSON, json.dumps({"message": message})


async def _read_body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


async def _respond(send: Send, answer: Answer) -> None:
    status, content_type, text = answer
    body = text.encode()
    headers = [
        (b"content-type", content_type.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status.value, "headers": headers})
    await send({"type": "http.response.body", "body": body})
