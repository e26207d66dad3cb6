"""Decides who answers for a custom resource: its Lambda function, or this process.

Without a Docker engine the emulator runs Lambda functions as plain processes. That serves Python,
whose runtime's SDK is installed here; CDK's own Node.js functions need the SDK of Lambda's Node.js
runtime, which is not, so those resources are recorded. The emulator would wait an hour for an
answer that a broken function never sends; here it waits as long as the function may run.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services.cloudformation import custom_resource  # type: ignore[import-untyped]

from tools.embedded_aws.cloudformation import buckets
from tools.embedded_aws.cloudformation.listing import EMULATED, RECORDED
from tools.embedded_aws.docker_engine import has_docker

EMPTIES_BUCKET = "Custom::S3AutoDeleteObjects"
ANSWER_SECONDS = 10
"""How long to wait after the function has ended: an answer is on its way or never comes."""

Invoke = Callable[..., tuple[str, dict[str, Any]]]


class MadeUpAttributes(dict[str, str]):
    """Attributes of a custom resource that nobody answered for: any name has a made-up text."""

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str)

    def __missing__(self, name: str) -> str:
        return f"not-known-locally-{name}"


def answer_without_docker() -> None:
    """Let this process answer for the custom resources whose functions cannot run here."""
    custom_resource.invoke_custom_resource = _answering(custom_resource.invoke_custom_resource)


def how(resource_type: str, properties: Mapping[str, Any]) -> tuple[str, str]:
    """Return how a custom resource is kept, and a note that says why."""
    if resource_type == EMPTIES_BUCKET:
        return EMULATED, "the bucket is emptied here, without its Lambda function"
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
            return physical_id or str(uuid.uuid4()), MadeUpAttributes()
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
