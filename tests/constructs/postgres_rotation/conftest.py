"""The secrets of a database whose roles the bootstrap Job has created."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.constructs.postgres_rotation.secrets import DatabaseSecrets
from tests.k8s.database.conftest import ADMIN, APPLICATION, bootstrap, database
from tests.k8s.database.database import Database

__all__ = ["bootstrap", "database"]


@pytest.fixture
def secrets(database: Database, bootstrap: Callable[..., str]) -> DatabaseSecrets:
    """Both secrets after the first deployment."""
    database.reset(ADMIN.password)
    bootstrap(APPLICATION)
    return DatabaseSecrets(database, ADMIN, APPLICATION)
