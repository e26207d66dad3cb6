"""Refuses to delete an EKS cluster with deletion protection, and lets people disable it.

ministack 1.5.33 does not store the property, and has no UpdateClusterConfig. On AWS the deletion
fails, and so do `cdk destroy` and the rollback of a creation ("Protect EKS clusters from accidental
deletion", Amazon EKS User Guide).
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from typing import Any

from ministack.services import eks  # type: ignore[import-untyped]
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

from tools.embedded_aws.cloudformation.deletions import refuse_deletion

CLUSTER = "AWS::EKS::Cluster"
_PROTECTION = "deletionProtection"
_UPDATE_CONFIG = re.compile(r"/clusters/([^/]+)/update-config")


def protect_clusters() -> None:
    """Make the deletion of a protected cluster fail, by its stack and by the API."""
    handler = dict(provisioners._RESOURCE_HANDLERS[CLUSTER])
    handler["create"] = _storing_created(handler["create"])
    handler["update"] = _storing_updated(handler["update"])
    provisioners._RESOURCE_HANDLERS[CLUSTER] = handler
    refuse_deletion(CLUSTER, _refusal_with_service)
    eks._delete_cluster = _refusing(eks._delete_cluster)
    eks._handle_request_sync = _with_update_config(eks._handle_request_sync)


def _storing_created(create: Callable[..., Any]) -> Callable[..., Any]:
    def checked(logical_id: str, properties: dict[str, Any], stack: str) -> Any:  # noqa: ANN401 - the emulator's
        outcome = create(logical_id, properties, stack)
        _store(outcome[0], properties)
        return outcome

    return checked


def _storing_updated(update: Callable[..., Any]) -> Callable[..., Any]:
    def checked(physical_id: str, old: dict[str, Any], new: dict[str, Any], *names: str) -> Any:  # noqa: ANN401 - the emulator's
        outcome = update(physical_id, old, new, *names)
        _store(outcome[0], new)
        return outcome

    return checked


def _store(name: str, properties: dict[str, Any]) -> None:
    protection = str(properties.get("DeletionProtection", False)).lower() == "true"
    eks._clusters[name][_PROTECTION] = protection


def _refusing(delete_cluster: Callable[[str], Any]) -> Callable[[str], Any]:
    def delete(name: str) -> Any:  # noqa: ANN401 - the emulator's
        refusal = _refusal(name)
        if refusal:
            return eks._error(400, "InvalidRequestException", refusal)
        return delete_cluster(name)

    return delete


def _with_update_config(handle: Callable[..., Any]) -> Callable[..., Any]:
    def handle_request(method: str, path: str, headers: Any, body: Any, query: Any) -> Any:  # noqa: ANN401 - the emulator's
        match = _UPDATE_CONFIG.fullmatch(path)
        if method != "POST" or match is None:
            return handle(method, path, headers, body, query)
        cluster = eks._clusters.get(match[1])
        if cluster is None:
            message = f"No cluster found for name: {match[1]}."
            return eks._error(404, "ResourceNotFoundException", message)
        cluster[_PROTECTION] = json.loads(body).get(_PROTECTION, cluster.get(_PROTECTION, False))
        update = {
            "id": str(uuid.uuid4()),
            "status": "Successful",
            "type": "DeletionProtectionUpdate",
        }
        return eks._json_resp(200, {"update": update})

    return handle_request


def _refusal(name: str) -> str:
    if not (eks._clusters.get(name) or {}).get(_PROTECTION):
        return ""
    return f"Cluster {name} cannot be deleted because deletion protection is enabled"


def _refusal_with_service(name: str) -> str:
    refusal = _refusal(name)
    return refusal and f"{refusal} (Service: Eks, Status Code: 400)"
