"""Rotates the application's secret, as the rotation function does on AWS."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.constructs.postgres_rotation.secrets import DatabaseSecrets, Login, login_of
from tests.k8s.database.database import Database
from tests.simulators.secrets_manager_simulator import STEPS


@dataclass
class ApplicationSecret:
    """The application's secret, and the four steps of its rotation."""

    database: Database
    administrator: Login
    first: Login
    _rotations: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._secrets = DatabaseSecrets(self.database, self.administrator, self.first)

    @property
    def current(self) -> Login:
        """The version that the application reads."""
        return login_of(self._secrets.application)

    @property
    def previous(self) -> Login:
        """The version before the current one."""
        return login_of(self._secrets.application, "AWSPREVIOUS")

    def rotate(self) -> None:
        """Run the four steps."""
        self.begin_rotation()
        for step in STEPS:
            self.run_step(step)

    def begin_rotation(self) -> None:
        """Label a new version as pending."""
        self._rotations += 1
        self._secrets.application.begin_rotation(f"rotation-{self._rotations}".ljust(32, "-"))

    def run_step(self, step: str) -> None:
        """Run a step of the function."""
        self._secrets.run_step(self._secrets.application, step)
