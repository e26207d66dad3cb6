"""Builds the ASGI application: the emulator, its completed registry, and the local API."""

from __future__ import annotations

from typing import Any


def build_application() -> Any:
    """The application to serve; imports the emulator, which takes most of the start."""
    from ministack.app import app

    from local.conditions import repair_conditions
    from local.recorded import RecordStore
    from local.registry import Registry
    from local.schemas import registry_schemas

    repair_conditions()
    registry = Registry(registry_schemas(), RecordStore())
    registry.install()
    return app
