"""Finds the resources of the data stack in a synthesized stage."""

from typing import Any

from tests.synthesis import SynthesizedStage

DB_INSTANCE = "AWS::RDS::DBInstance"
REPLICATION_GROUP = "AWS::ElastiCache::ReplicationGroup"
ROTATION_SCHEDULE = "AWS::SecretsManager::RotationSchedule"
SECRET = "AWS::SecretsManager::Secret"  # noqa: S105  a resource type
TARGET_ATTACHMENT = "AWS::SecretsManager::SecretTargetAttachment"


def find_instances(stage: SynthesizedStage) -> dict[str, dict[str, Any]]:
    """Return every instance of PostgreSQL by its name, read replicas included."""
    instances = stage.resources("data", DB_INSTANCE).values()
    return {instance["Properties"]["DBInstanceIdentifier"]: instance for instance in instances}


def find_secret(stage: SynthesizedStage, name: str) -> tuple[str, dict[str, Any]]:
    """Return the logical id and the resource of a secret, by the end of its name."""
    (secret,) = (
        (logical_id, resource)
        for logical_id, resource in stage.resources("data", SECRET).items()
        if resource["Properties"]["Name"].endswith(f"/{name}")
    )
    return secret


def find_rotation(stage: SynthesizedStage, name: str) -> dict[str, Any]:
    """Return the rotation schedule of a secret, by the end of the secret's name.

    The schedule refers to the secret, or to its attachment to an instance.
    """
    secret_id, _ = find_secret(stage, name)
    attachments = [
        logical_id
        for logical_id, resource in stage.resources("data", TARGET_ATTACHMENT).items()
        if resource["Properties"]["SecretId"] == {"Ref": secret_id}
    ]
    (rotation,) = (
        resource["Properties"]
        for resource in stage.resources("data", ROTATION_SCHEDULE).values()
        if resource["Properties"]["SecretId"]["Ref"] in (secret_id, *attachments)
    )
    properties: dict[str, Any] = rotation
    return properties


def find_rotation_function(stage: SynthesizedStage, name: str) -> dict[str, Any]:
    """Return the function that rotates a secret, by the end of the secret's name."""
    logical_id, _ = find_rotation(stage, name)["RotationLambdaARN"]["Fn::GetAtt"]
    function = stage.resources("data", "AWS::Lambda::Function")[logical_id]
    properties: dict[str, Any] = function["Properties"]
    return properties
