"""The service-linked roles that the services of the stage need."""

from typing import TYPE_CHECKING

from settings import StageSettings
from tools.operations.preflight.row import Row, missing, ok
from tools.operations.service_linked_roles import missing_roles, required_roles

if TYPE_CHECKING:
    from boto3 import Session


def check_service_linked_roles(session: "Session", settings: StageSettings) -> list[Row]:
    """Check that the roles exist. The first request to a service can fail while it creates one."""
    lacking = missing_roles(session.client("iam"), settings)
    subject = "Service-linked roles"
    if not lacking:
        return [ok(subject, f"{len(required_roles(settings))} of them exist")]
    return [
        missing(
            subject,
            f"no {', '.join(role.name for role in lacking)}",
            allowed="every role that the services of the stage assume",
            fix=f"python3 dev.py service-linked-roles {settings.stage}",
        )
    ]
