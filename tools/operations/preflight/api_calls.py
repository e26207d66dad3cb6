"""Records the API calls of a session, as IAM actions."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from boto3 import Session
    from botocore.model import OperationModel


class ApiCall(NamedTuple):
    """A call of an AWS API."""

    action: str
    """The IAM action, such as ec2:DescribeVpcs."""
    parameters: Mapping[str, Any]


class ApiCallRecorder:
    """The API calls that the clients of a session make, in order."""

    def __init__(self, session: "Session") -> None:
        """Record the calls of all clients that the session creates from now on."""
        self.calls: list[ApiCall] = []
        session.events.register("before-parameter-build", self._record)

    def _record(
        self,
        params: Mapping[str, Any],
        model: "OperationModel",
        **_: Any,  # noqa: ANN401 - further arguments of the event
    ) -> None:
        # The prefix of an IAM action is the name with which the service's requests are signed.
        action = f"{model.service_model.signing_name}:{model.name}"
        self.calls.append(ApiCall(action, dict(params)))
