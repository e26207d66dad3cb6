"""Makes `Ref` of a secret return its ARN, as on AWS.

ministack 1.5.33 returns the name, which is refused as the value of a property that takes an ARN.
"""

from __future__ import annotations

from typing import Any

from ministack.services import secretsmanager  # type: ignore[import-untyped]
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

from tools.embedded_aws.cloudformation.recorded import Outcome

SECRET = "AWS::SecretsManager::Secret"  # noqa: S105  a resource type


def refer_to_secrets_by_arn() -> None:
    """Use the ARN as the physical id of a secret; the emulator itself uses the name."""
    handler = dict(provisioners._RESOURCE_HANDLERS[SECRET])
    create, update, delete = handler["create"], handler["update"], handler["delete"]

    def create_secret(logical_id: str, properties: dict[str, Any], stack: str) -> Outcome:
        return _by_arn(create(logical_id, properties, stack))

    def update_secret(physical_id: str, *arguments: object) -> Outcome:
        return _by_arn(update(_name(physical_id), *arguments))

    def delete_secret(physical_id: str, properties: dict[str, Any]) -> None:
        delete(_name(physical_id), properties)

    handler |= {"create": create_secret, "update": update_secret, "delete": delete_secret}
    provisioners._RESOURCE_HANDLERS[SECRET] = handler


def _by_arn(outcome: Outcome) -> Outcome:
    _, attributes = outcome
    return str(attributes["Id"]), attributes


def _name(arn: str) -> str:
    """Return the name of the secret that has the ARN; the argument itself if there is none."""
    name, _secret = secretsmanager._resolve(arn)
    return str(name or arn)
