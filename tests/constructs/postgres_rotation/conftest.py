"""The secrets of a database whose roles the bootstrap Job has created."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.constructs.postgres_rotation.secrets import DatabaseSecrets
from tests.k8s.database.conftest import (
    ADMIN,
    APPLICATION,
    bootstrap,
    database,
    unbuffered_sockets,
)
from tests.k8s.database.database import Database

__all__ = ["bootstrap", "database", "unbuffered_sockets"]


@pytest.fixture
def secrets(database: Database, bootstrap: Callable[..., str]) -> DatabaseSecrets:
    """Both secrets after the first deployment."""
    if not database.restore_passwords():
        database.reset(ADMIN.password)
        bootstrap(APPLICATION)
        database.save_passwords()
    return DatabaseSecrets(database, ADMIN, APPLICATION)
