"""Changes an object as kubectl does with apply and patch."""

from __future__ import annotations

import copy
from typing import Any

Tree = dict[str, Any]


def applied(live: Tree, last_applied: Tree, wanted: Tree) -> Tree:
    """Return `live` after `kubectl apply` of `wanted`.

    A field of the last applied manifest that `wanted` lacks is removed. A field that a patch or a
    controller has set stays. Lists are replaced, although kubectl merges some lists by a key.
    """
    result = copy.deepcopy(live)
    for key in last_applied.keys() - wanted.keys():
        result.pop(key, None)
    for key, value in wanted.items():
        current = result.get(key)
        if isinstance(value, dict) and isinstance(current, dict):
            before = last_applied.get(key)
            result[key] = applied(current, before if isinstance(before, dict) else {}, value)
        else:
            result[key] = copy.deepcopy(value)
    return result


def patched(live: Tree, patch: Any, patch_type: str) -> Tree:  # noqa: ANN401 - any JSON
    """Return `live` after `kubectl patch --type` strategic, merge or json.

    A strategic patch merges lists of items with names (containers, ports, volumes) and replaces
    other lists. kubectl merges some of these by other keys.

    Raises:
        ValueError: the patch cannot be applied to the object.
    """
    if patch_type == "json":
        return _json_patched(live, patch)
    if not isinstance(patch, dict):
        raise ValueError("the patch is not a JSON object")
    return _merge_patched(live, patch, by_name=patch_type == "strategic")


def _json_patched(live: Tree, patch: Any) -> Tree:  # noqa: ANN401 - any JSON
    import jsonpatch

    try:
        result: Tree = jsonpatch.apply_patch(live, patch)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException) as error:
        raise ValueError(f"the JSON patch cannot be applied: {error}") from error
    return result


def _merge_patched(live: Any, patch: Tree, by_name: bool) -> Tree:  # noqa: ANN401 - any JSON
    result: Tree = copy.deepcopy(live) if isinstance(live, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = _merge_patched(result.get(key), value, by_name)
        elif by_name and _are_named(value) and _are_named(result.get(key)):
            result[key] = _merged_by_name(result[key], value)
        else:
            result[key] = copy.deepcopy(value)
    return result


def _are_named(items: object) -> bool:
    return isinstance(items, list) and all(
        isinstance(item, dict) and "name" in item for item in items
    )


def _merged_by_name(live: list[Tree], patch: list[Tree]) -> list[Tree]:
    result = {item["name"]: item for item in live}
    for item in patch:
        if item.get("$patch") == "delete":
            result.pop(item["name"], None)
        else:
            result[item["name"]] = _merge_patched(result.get(item["name"]), item, by_name=True)
    return list(result.values())
