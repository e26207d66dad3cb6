"""Chooses what handles a custom resource: its Lambda function, or this process.

Without a Docker engine the emulator runs Lambda functions as plain processes. This works for
Python, whose SDK (boto3) is installed here. CDK's own Node.js functions need the AWS SDK of
Lambda's Node.js runtime, which is not installed. Their custom resources are recorded.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services.cloudformation import custom_resource  # type: ignore[import-untyped]

from tools.embedded_aws.cloudformation import buckets
from tools.embedded_aws.docker_engine import has_docker
from tools.embedded_aws.fidelity import EMULATED, RECORDED

EMPTIES_BUCKET = "Custom::S3AutoDeleteObjects"
ANSWER_SECONDS = 10
"""The time to wait for the response of a function. ministack 1.5.33 waits an hour, in which a
function that sends none blocks its stack."""

Invoke = Callable[..., tuple[str, dict[str, Any]]]


class PlaceholderAttributes(dict[str, str]):
    """The attributes of a custom resource whose function did not run: a text for any name."""

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str)

    def __missing__(self, name: str) -> str:
        return f"not-known-locally-{name}"


def answer_without_docker() -> None:
    """Handle the custom resources whose functions cannot run without Docker."""
    custom_resource.invoke_custom_resource = _answering(custom_resource.invoke_custom_resource)


def fidelity(resource_type: str, properties: Mapping[str, Any]) -> tuple[str, str]:
    """Return the fidelity of a custom resource, and a note with the reason."""
    if resource_type == EMPTIES_BUCKET:
        return EMULATED, "the embedded AWS empties the bucket; its Lambda function is not run"
    runtime = _runtime(properties)
    if _runs_here(runtime):
        return EMULATED, f"its Lambda function ({runtime}) runs"
    return RECORDED, f"its Lambda function ({runtime or 'unknown'}) is not run: it needs Docker"


def _answering(invoke: Invoke) -> Invoke:
    def answer(
        request_type: str,
        logical_id: str,
        properties: dict[str, Any],
        *names: str,
        physical_id: str | None = None,
        old_props: dict[str, Any] | None = None,
    ) -> tuple[str, dict[str, Any]]:
        resource_type = names[-1]
        if resource_type == EMPTIES_BUCKET:
            return _empty_bucket(request_type, properties, physical_id)
        runtime = _runtime(properties)
        if runtime and not _runs_here(runtime):
            return physical_id or str(uuid.uuid4()), PlaceholderAttributes()
        bounded = {"ServiceTimeout": ANSWER_SECONDS, **properties}
        return invoke(
            request_type,
            logical_id,
            bounded,
            *names,
            physical_id=physical_id,
            old_props=old_props,
        )

    return answer


def _empty_bucket(
    request_type: str, properties: Mapping[str, Any], physical_id: str | None
) -> tuple[str, dict[str, Any]]:
    if request_type == "Delete":
        buckets.empty(str(properties.get("BucketName")))
    return physical_id or str(uuid.uuid4()), {}


def _runs_here(runtime: str) -> bool:
    return runtime.startswith("python") or has_docker()


def _runtime(properties: Mapping[str, Any]) -> str:
    """Return the runtime of the function behind a ServiceToken; empty when there is none."""
    from ministack.services import lambda_svc  # type: ignore[import-untyped]

    _record, configuration, _name = lambda_svc._get_func_record_for_ref(
        properties.get("ServiceToken", "")
    )
    return str((configuration or {}).get("Runtime", ""))
