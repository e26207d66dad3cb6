"""The values of the application secret that only people know."""

from typing import TYPE_CHECKING

from settings import StageSettings
from tools.operations.application_secret import ApplicationSecretStore
from tools.operations.errors import OperationError
from tools.operations.preflight.row import Row, Status, missing, ok

if TYPE_CHECKING:
    from boto3 import Session


def check_application_secret(session: "Session", settings: StageSettings) -> list[Row]:
    """Check that the secret has the values without which the backend does not start.

    A row has the key of a value, and never the value.
    """
    store = ApplicationSecretStore(session.client("secretsmanager"), settings)
    subject = "Application secret"
    try:
        invalid = store.invalid_values()
    except OperationError as error:
        return [Row(subject, Status.MISSING, str(error))]
    if not invalid:
        return [ok(subject, "every value is set")]
    return [
        missing(
            f"{subject}, {key}",
            "missing or malformed",
            allowed=allowed,
            fix=f"python3 dev.py set-secret {settings.stage} {key}",
        )
        for key, allowed in invalid.items()
    ]
