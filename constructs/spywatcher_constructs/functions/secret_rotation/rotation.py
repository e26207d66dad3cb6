"""The steps that Secrets Manager calls, one after the other.

- createSecret stores a new value as AWSPENDING.
- setSecret makes the data store accept the new value.
- testSecret logs in with the new value.
- finishSecret makes the new value AWSCURRENT, which the application reads.

A step can fail and run again. Each step first checks what an earlier attempt has done.

When a deployment creates or changes the rotation schedule, Secrets Manager runs testSecret alone,
with a pending version that it removes afterwards (RotateSecret, RotateImmediately).
"""

from abc import ABC, abstractmethod

from .secret import RotatingSecret, RotationError


class Rotation(ABC):
    """The rotation of a secret. Its subclass knows the data store that accepts the value."""

    def __init__(self, secret: RotatingSecret) -> None:
        """Store the secret."""
        self.secret = secret

    def run_step(self, step: str, version: str) -> None:
        """Run a step of Secrets Manager, unless the rotation to the version has finished.

        Raises:
            RotationError: The rotation must not continue.
            ValueError: There is no such step.
        """
        steps = {
            "createSecret": self._create,
            "setSecret": self._set,
            "testSecret": self._test,
            "finishSecret": self.secret.make_current,
        }
        if step not in steps:
            raise ValueError(f"found step {step!r}; allowed: {', '.join(steps)}")
        if not self.secret.is_current(version):
            steps[step](version)

    @abstractmethod
    def generate_value(self) -> str:
        """Return a new value."""

    @abstractmethod
    def apply_value(self, value: str) -> None:
        """Make the data store accept the new value, unless an earlier attempt has done it.

        Raises:
            RotationError: The change would lock out the application, or was not possible.
        """

    @abstractmethod
    def test_value(self, value: str) -> None:
        """Log in to the data store with the new value.

        Raises:
            RotationError: The data store refuses it.
        """

    def _create(self, version: str) -> None:
        if self.secret.pending_value(version) is None:
            self.secret.store_pending_value(version, self.generate_value())

    def _set(self, version: str) -> None:
        self.apply_value(self._pending_value(version))

    def _test(self, version: str) -> None:
        self.test_value(self._pending_value(version))

    def _pending_value(self, version: str) -> str:
        value = self.secret.pending_value(version)
        if value is None:
            raise RotationError(f"version {version} has no value yet")
        return value
