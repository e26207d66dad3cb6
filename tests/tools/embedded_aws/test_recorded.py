"""Recorded resources, without the emulator."""

from __future__ import annotations

from typing import Any

import pytest

from tools.embedded_aws.cloudformation.attributes import Scope
from tools.embedded_aws.cloudformation.recorded import RecordedResources, RecordStore
from tools.templates.schemas import ResourceSchema

SCOPE = Scope("111122223333", "eu-west-1")


def _resources(**more: object) -> tuple[RecordedResources, RecordStore]:
    document: dict[str, Any] = {
        "typeName": "AWS::Test::Thing",
        "properties": {"Name": {"type": "string"}, "Size": {"type": "integer"}},
        "createOnlyProperties": ["/properties/Name", "/properties/Size"],
        "primaryIdentifier": ["/properties/Name"],
    }
    store = RecordStore()
    return RecordedResources(ResourceSchema(document | more), store), store


def test_a_replacement_under_the_same_name_is_refused() -> None:
    resources, _store = _resources()
    resources.create(SCOPE, "stack", "Thing", {"Name": "n", "Size": 1})

    with pytest.raises(ValueError, match="Rename n and update the stack again"):
        resources.update(SCOPE, "stack", "Thing", "n", {"Name": "n", "Size": 2})


def test_a_replacement_that_deletes_first_can_have_the_same_name() -> None:
    resources, store = _resources(replacementStrategy="delete_then_create")
    resources.create(SCOPE, "stack", "Thing", {"Name": "n", "Size": 1})

    assert resources.update(SCOPE, "stack", "Thing", "n", {"Name": "n", "Size": 2})[0] == "n"

    [record] = store
    assert record.properties["Size"] == 2


def test_a_number_written_as_text_is_no_change() -> None:
    resources, _store = _resources()
    resources.create(SCOPE, "stack", "Thing", {"Name": "n", "Size": 1})

    resources.update(SCOPE, "stack", "Thing", "n", {"Name": "n", "Size": "1"})


def test_an_update_of_a_missing_resource_fails() -> None:
    resources, _store = _resources()

    with pytest.raises(ValueError, match="with identifier 'n' was not found"):
        resources.update(SCOPE, "stack", "Thing", "n", {"Name": "n"})


def test_resources_of_accounts_and_regions_are_separate() -> None:
    resources, store = _resources()
    for scope in (SCOPE, Scope("444455556666", "eu-west-1"), Scope("111122223333", "eu-north-1")):
        resources.create(scope, "stack", "Thing", {"Name": "n"})

    resources.delete(SCOPE, "n")

    assert len(list(store)) == 2
