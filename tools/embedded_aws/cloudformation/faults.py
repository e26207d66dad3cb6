"""The faults of deployments: resources and Jobs that fail once.

`/_local/faults` holds a list of faults. Each one makes the next creation, update or deletion of a
resource fail, or the next Job. Helm releases and waits are resources, so they fail in the same way.
A fault that has happened is removed from the list.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from ministack.services import cloudformation  # type: ignore[import-untyped]
from ministack.services.cloudformation import stacks  # type: ignore[import-untyped]

ACTIONS = ("create", "update", "delete")
_LOGICAL_ID = re.compile(r"[A-Za-z0-9]{1,255}")
_GONE = "DELETE_COMPLETE"
_NOT_CREATED = "REVIEW_IN_PROGRESS"


class FaultError(ValueError):
    """The fault cannot be used. The text names what is allowed."""


@dataclass(frozen=True)
class ResourceFault:
    """The failure of an action on a resource."""

    stack: str
    logical_id: str
    action: str
    """One of ACTIONS."""
    after: int = 0
    """How many of these actions succeed before. 1 lets an update pass and its rollback fail."""

    @property
    def reason(self) -> str:
        """The reason that the events of the stack show."""
        return f"The {self.action} of {self.logical_id} fails, because /_local/faults has a fault"


@dataclass(frozen=True)
class JobFault:
    """The failure of a Kubernetes Job."""

    job: str
    """The beginning of its name, which ends with a digest."""


Fault = ResourceFault | JobFault


class Faults:
    """The faults that have not happened yet. Stacks are deployed in parallel, so it has a lock."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def install(self) -> None:
        """Make the CloudFormation of the emulator ask for faults before each action."""
        stacks._provision_resource = self._creating(stacks._provision_resource)
        stacks._update_resource = self._updating(stacks._update_resource)
        stacks._delete_resource = self._deleting(stacks._delete_resource)

    def replace(self, values: object) -> None:
        """Replace all faults by those of a JSON list.

        Raises:
            FaultError: a fault cannot be used. The faults remain as they were.
        """
        if not isinstance(values, list):
            raise FaultError("allowed: a list of faults")
        faults = [_parse(value) for value in values]
        with self._lock:
            self._faults = faults

    def to_json(self) -> list[dict[str, Any]]:
        """Return the faults that have not happened yet."""
        return [asdict(fault) for fault in self._faults]

    def fails(self, stack: str, logical_id: str, action: str) -> str:
        """Return the reason why this action fails; empty if it does not."""
        with self._lock:
            for index, fault in enumerate(self._faults):
                if not isinstance(fault, ResourceFault):
                    continue
                if (fault.stack, fault.logical_id, fault.action) != (stack, logical_id, action):
                    continue
                if fault.after:
                    later = ResourceFault(stack, logical_id, action, fault.after - 1)
                    self._faults[index] = later
                    return ""
                del self._faults[index]
                return fault.reason
        return ""

    def job_fails(self, name: str) -> bool:
        """Return whether a new Job fails."""
        with self._lock:
            for fault in self._faults:
                if isinstance(fault, JobFault) and name.startswith(fault.job):
                    self._faults.remove(fault)
                    return True
        return False

    def _refuse(self, stack: str, logical_id: str, action: str) -> None:
        reason = self.fails(stack, logical_id, action)
        if reason:
            raise RuntimeError(reason)

    def _creating(self, provision: Callable[..., Any]) -> Callable[..., Any]:
        def create(resource_type: str, logical_id: str, properties: Any, stack: str) -> Any:  # noqa: ANN401 - the emulator's
            self._refuse(stack, logical_id, "create")
            return provision(resource_type, logical_id, properties, stack)

        return create

    def _updating(self, update_resource: Callable[..., Any]) -> Callable[..., Any]:
        def update(
            resource_type: str,
            physical_id: str,
            old: Any,  # noqa: ANN401
            new: Any,  # noqa: ANN401
            stack: str,
            logical_id: str,
            attributes: Any,  # noqa: ANN401
        ) -> Any:  # noqa: ANN401
            # The emulator calls this for unchanged resources too.
            if old != new:
                self._refuse(stack, logical_id, "update")
            return update_resource(
                resource_type, physical_id, old, new, stack, logical_id, attributes
            )

        return update

    def _deleting(self, delete_resource: Callable[..., Any]) -> Callable[..., Any]:
        def delete(
            resource_type: str,
            physical_id: str,
            properties: Any,  # noqa: ANN401 - the emulator's
            stack: str = "",
            logical_id: str = "",
        ) -> Any:  # noqa: ANN401
            self._refuse(stack, logical_id, "delete")
            return delete_resource(resource_type, physical_id, properties, stack, logical_id)

        return delete


def _parse(value: object) -> Fault:
    """Return a fault from its JSON value.

    The resources of a stack that does not exist yet are not known. A fault of such a resource stays
    in the list if the template does not have it.
    """
    if isinstance(value, dict) and value.keys() == {"job"} and _is_text(value["job"]):
        return JobFault(value["job"])
    allowed = {"stack", "logical_id", "action"}
    if not isinstance(value, dict) or not allowed <= value.keys() <= allowed | {"after"}:
        raise FaultError(
            f"found {value}; allowed: an object with stack, logical_id, action and perhaps after, "
            "or an object with job"
        )
    if value["action"] not in ACTIONS:
        raise FaultError(f"action: found {value['action']!r}; allowed: {', '.join(ACTIONS)}")
    after = value.get("after", 0)
    if isinstance(after, bool) or not isinstance(after, int) or after < 0:
        raise FaultError(f"after: found {after!r}; allowed: a number from 0")
    if not _is_text(value["stack"]) or not _LOGICAL_ID.fullmatch(str(value["logical_id"])):
        raise FaultError(f"found {value}; allowed: the name of a stack and a logical id")
    _refuse_unknown(value["stack"], value["logical_id"], value["action"])
    return ResourceFault(value["stack"], value["logical_id"], value["action"], after)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _refuse_unknown(stack: str, logical_id: str, action: str) -> None:
    record = cloudformation._stacks.get(stack)
    exists = record is not None and record.get("StackStatus") not in (_GONE, _NOT_CREATED)
    if not exists and action == "update":
        raise FaultError(
            f"stack: found {stack}, which does not exist; allowed: action create or delete"
        )
    if exists and action != "create" and logical_id not in record.get("_resources", {}):
        raise FaultError(
            f"logical_id: found {logical_id}; allowed: a resource of the stack {stack}"
        )
