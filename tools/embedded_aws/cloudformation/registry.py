"""Installs the handlers of the resource types in the emulator's CloudFormation.

ministack keeps its handlers in one dictionary by resource type. A type that it lacks gets a handler
that records the resource. The handler of a type that it has is wrapped: the properties are checked
first, and the missing attributes are added. A schema is read when its type is used for the first
time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ministack.core.responses import get_account_id, get_region  # type: ignore[import-untyped]
from ministack.services.cloudformation import (  # type: ignore[import-untyped]
    _stacks,
    provisioners,
    stacks,
)

from tools.embedded_aws.cloudformation import custom_resources, math_alarms
from tools.embedded_aws.cloudformation.attributes import AttributeGenerator, Scope
from tools.embedded_aws.cloudformation.math_alarms import is_math_alarm
from tools.embedded_aws.cloudformation.properties import check_properties
from tools.embedded_aws.cloudformation.recorded import (
    Outcome,
    RecordedResources,
    RecordStore,
    custom_name_message,
    kept_name,
    replaced_paths,
)
from tools.embedded_aws.fidelity import CHECKED, EMULATED, RECORDED
from tools.templates.schemas import FALLBACK_REGION, JsonValue, ResourceSchema, SchemaFiles

Handler = dict[str, Any]
"""ministack's form of a handler: the functions create, update and delete, and flags."""

CUSTOM_RESOURCE = "AWS::CloudFormation::CustomResource"
_STACK_TAG_PREFIX = "aws:cloudformation:"


class Registry:
    """The handlers of every CloudFormation resource type."""

    def __init__(self, schemas: SchemaFiles, store: RecordStore) -> None:
        self._schemas = schemas
        self._store = store
        self._emulated: frozenset[str] = frozenset()
        self._checking: frozenset[str] = frozenset()

    def install(self) -> None:
        """Wrap ministack's handlers, and add a handler for each type that it lacks."""
        handlers: dict[str, Handler] = provisioners._RESOURCE_HANDLERS
        self._emulated = frozenset(handlers)
        for resource_type in self._schemas.types(FALLBACK_REGION):
            emulated = handlers.get(resource_type)
            if emulated is None:
                handlers[resource_type] = self._recorded(resource_type)
            elif resource_type.split("::")[1] != "CloudFormation":
                handlers[resource_type] = self._checked(resource_type, emulated)
        provisioners._REPLACING_PROPERTIES = _ReplacingProperties(
            provisioners._REPLACING_PROPERTIES, self._schema
        )
        refusal = self._named_refusal(provisioners._custom_named_replacement_error)
        provisioners._custom_named_replacement_error = refusal
        stacks._custom_named_replacement_error = refusal

    def add(self, handlers: Mapping[str, Handler]) -> None:
        """Add handlers of custom resources that check, and call no Lambda function."""
        provisioners._RESOURCE_HANDLERS.update(handlers)
        self._checking = frozenset(handlers)

    def fidelity(self, resource_type: str, properties: Mapping[str, Any]) -> tuple[str, str]:
        """Return the fidelity of a resource, and a note."""
        if resource_type in self._checking:
            return CHECKED, ""
        if resource_type.startswith("Custom::") or resource_type == CUSTOM_RESOURCE:
            return custom_resources.fidelity(resource_type, properties)
        if is_math_alarm(resource_type, properties):
            return EMULATED, math_alarms.NOTE
        if resource_type in self._emulated:
            return EMULATED, ""
        return RECORDED, ""

    def _schema(self, resource_type: str) -> ResourceSchema | None:
        return self._schemas.get(resource_type, get_region()) or self._schemas.get(
            resource_type, FALLBACK_REGION
        )

    def _named_refusal(self, known: Callable[..., str | None]) -> Callable[..., str | None]:
        """Refuse the replacement of a named resource for the types that ministack does not list."""

        def refusal(
            resource_type: str,
            old: Mapping[str, Any],
            new: Mapping[str, Any],
            physical_id: str | None = None,
        ) -> str | None:
            message = known(resource_type, old, new, physical_id)
            schema = self._schema(resource_type)
            listed = resource_type in provisioners._CUSTOM_NAME_REPLACEMENT
            if message or listed or schema is None or schema.deletes_before_creating:
                return message
            name = kept_name(schema, old, new)
            if name and replaced_paths(schema, old, new):
                return custom_name_message(name)
            return None

        return refusal

    # Recorded types ----------------------------------------------------------------------

    def _recorded(self, resource_type: str) -> Handler:
        return {
            "create": partial(self._create_record, resource_type),
            "update": partial(self._update_record, resource_type),
            "update_with_logical_id": True,
            "delete": partial(self._delete_record, resource_type),
        }

    def _resources(self, resource_type: str) -> RecordedResources:
        schema = self._schemas.get(resource_type, get_region())
        if schema is None:
            raise ValueError(f"{resource_type} is not available in {get_region()}")
        return RecordedResources(schema, self._store)

    def _create_record(
        self, resource_type: str, logical_id: str, properties: Mapping[str, Any], stack: str
    ) -> Outcome:
        resources = self._resources(resource_type)
        return resources.create(current_scope(), stack, logical_id, properties)

    def _update_record(
        self,
        resource_type: str,
        physical_id: str,
        _old: Mapping[str, Any],
        new: Mapping[str, Any],
        stack: str,
        logical_id: str,
    ) -> Outcome:
        resources = self._resources(resource_type)
        return resources.update(current_scope(), stack, logical_id, physical_id, new)

    def _delete_record(self, resource_type: str, physical_id: str, _properties: object) -> None:
        self._store.remove(current_scope(), resource_type, physical_id)

    # Emulated types ----------------------------------------------------------------------

    def _checked(self, resource_type: str, emulated: Handler) -> Handler:
        checked = dict(emulated)
        checked["create"] = partial(self._create_checked, resource_type, emulated["create"])
        checked["update"] = partial(self._update_checked, resource_type, emulated)
        checked["update_with_logical_id"] = True
        return checked

    def _create_checked(
        self,
        resource_type: str,
        create: Callable[..., Outcome],
        logical_id: str,
        properties: dict[str, Any],
        stack: str,
    ) -> Outcome:
        schema = self._schema(resource_type)
        if schema:
            check_properties(schema, logical_id, own_properties(resource_type, properties))
        physical_id, attributes = create(logical_id, properties, stack)
        return physical_id, self._completed(schema, physical_id, properties, attributes)

    def _update_checked(
        self,
        resource_type: str,
        emulated: Handler,
        physical_id: str,
        old: dict[str, Any],
        new: dict[str, Any],
        stack: str,
        logical_id: str,
    ) -> Outcome:
        schema = self._schema(resource_type)
        if schema:
            check_properties(schema, logical_id, own_properties(resource_type, new))
        outcome = self._updated(schema, emulated, physical_id, old, new, stack, logical_id)
        return outcome[0], self._completed(schema, outcome[0], new, outcome[1])

    def _updated(
        self,
        schema: ResourceSchema | None,
        emulated: Handler,
        physical_id: str,
        old: dict[str, Any],
        new: dict[str, Any],
        stack: str,
        logical_id: str,
    ) -> Outcome:
        if "update" in emulated:
            extra = (logical_id,) if emulated.get("update_with_logical_id") else ()
            outcome: Outcome = emulated["update"](physical_id, old, new, stack, *extra)
            return outcome
        if schema and not replaced_paths(schema, old, new):
            # The emulator would create a new resource; AWS updates this one in place.
            return physical_id, dict(known_attributes(stack, logical_id))
        outcome = emulated["create"](logical_id, new, stack)
        if outcome[0] == physical_id:
            raise ValueError(custom_name_message(physical_id))
        return outcome

    def _completed(
        self,
        schema: ResourceSchema | None,
        physical_id: str,
        properties: Mapping[str, Any],
        attributes: Mapping[str, Any],
    ) -> dict[str, Any]:
        if schema is None:
            return dict(attributes)
        generator = AttributeGenerator.of_existing(schema, current_scope(), properties, physical_id)
        known = {name: value for name, value in attributes.items() if value not in ("", None)}
        return {**generator.attributes(physical_id), **known}


class _ReplacingProperties(dict[str, tuple[str, ...]]):
    """The properties whose change replaces a resource, by type: ministack's and the schemas'.

    Change sets, and therefore `cdk diff`, read from it whether a change replaces a resource.
    """

    def __init__(
        self,
        known: Mapping[str, tuple[str, ...]],
        schema: Callable[[str], ResourceSchema | None],
    ) -> None:
        super().__init__(known)
        self._find_schema = schema

    def get(self, resource_type: str, default: JsonValue = None) -> JsonValue:
        if resource_type not in self:
            schema = self._find_schema(resource_type)
            if schema is None:
                return default
            self[resource_type] = tuple(path[0] for path in schema.create_only if len(path) == 1)
        return self[resource_type]


def current_scope() -> Scope:
    """Return the account and region of the current request."""
    return Scope(get_account_id(), get_region())


def known_attributes(stack: str, logical_id: str) -> Mapping[str, Any]:
    """Return the attributes of a resource that its stack holds; empty before its creation."""
    record = (_stacks.get(stack) or {}).get("_resources", {}).get(logical_id, {})
    attributes: Mapping[str, Any] = record.get("Attributes", {})
    return attributes


def own_properties(resource_type: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties without the `aws:cloudformation:` tags, which the emulator adds.

    CloudFormation adds them after its check. The schemas refuse tag keys that begin with `aws:`.
    """
    own = dict(properties)
    tag_property = provisioners._STACK_TAG_PROPERTY.get(resource_type, ("", ""))[0]
    tags = own.get(tag_property)
    if isinstance(tags, list):
        own[tag_property] = [tag for tag in tags if not _is_stack_tag(tag.get("Key"))]
    elif isinstance(tags, dict):
        own[tag_property] = {k: v for k, v in tags.items() if not _is_stack_tag(k)}
    if tags is not None and not own[tag_property]:
        del own[tag_property]
    return own


def _is_stack_tag(key: object) -> bool:
    return str(key).startswith(_STACK_TAG_PREFIX)
