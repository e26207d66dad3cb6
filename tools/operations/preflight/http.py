"""HTTP requests to public services that are not part of AWS."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message

_TIMEOUT_SECONDS = 10


class UnreachableError(Exception):
    """A host cannot be reached from this machine. The text names the host and the reason."""


@dataclass(frozen=True)
class Response:
    """The response to a request, also one that reports an error."""

    status: int
    headers: Message
    body: bytes


def get(url: str, headers: Mapping[str, str] | None = None) -> Response:
    """Send a GET request, and return the response whatever its status is.

    Raises:
        UnreachableError: there is no response within 10 seconds.
    """
    request = urllib.request.Request(url, headers=dict(headers or {}))  # noqa: S310 - https only
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310
            return Response(response.status, response.headers, response.read())
    except urllib.error.HTTPError as error:
        return Response(error.code, error.headers, error.read())
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise UnreachableError(f"{request.host} cannot be reached: {reason}") from None
