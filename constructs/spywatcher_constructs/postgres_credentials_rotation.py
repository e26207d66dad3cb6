"""The rotation of a password of PostgreSQL."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager

from constructs import Construct
from spywatcher_constructs.secret_rotation import RotationCode, RotationPlacement, SecretRotation

_PACKAGES = ("pg8000", "scramp", "asn1crypto", "dateutil", "six")
"""The driver, and what it imports."""


class PostgresCredentialsRotation(SecretRotation):
    """A Lambda function that rotates the credentials, and the schedule that invokes it.

    Without the secret of an administrator, the user sets its own password. With it, the
    administrator sets the password of the other one of two users, `<user>` and `<user>_clone`,
    which alternate. These are the two rotation strategies of Secrets Manager. The code is in
    functions/postgres_rotation.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        description: str,
        secret: secretsmanager.ISecret,
        administrator_secret: secretsmanager.ISecret | None = None,
        root_certificate: str,
        placement: RotationPlacement,
        rotation_rules: secretsmanager.CfnRotationSchedule.RotationRulesProperty,
    ) -> None:
        """Create the function, its role and the schedule.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            name: The name of the function, at most 64 characters. A new name replaces the function.
            description: The description of the function and of its role.
            secret: The secret, which is attached to an instance.
            administrator_secret: The secret of an administrator of the same instance, if two users
                alternate. It has the same KMS key.
            root_certificate: The certificate in PEM of the authority that issues the certificate
                of the instance.
            placement: The network and the log of the function.
            rotation_rules: When Secrets Manager rotates the secret.
        """
        environment = {"ROOT_CERTIFICATE": root_certificate}
        statements = []
        if administrator_secret is not None:
            environment["ADMINISTRATOR_SECRET_ARN"] = administrator_secret.secret_arn
            statements.append(_allow_reading(administrator_secret))
        super().__init__(
            scope,
            construct_id,
            name=name,
            description=description,
            secret=secret,
            code=RotationCode(folder="postgres_rotation", packages=_PACKAGES),
            environment=environment,
            statements=statements,
            # A step logs in four times at most, and a network operation takes 10 s at most.
            timeout=cdk.Duration.minutes(2),
            placement=placement,
        )
        # The id is that of the L2 rotation schedule, which earlier versions of this package used.
        self.add_rotation_schedule("Resource", rotation_rules)


def _allow_reading(secret: secretsmanager.ISecret) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid="AdministratorSecret",
        actions=["secretsmanager:GetSecretValue"],
        resources=[secret.secret_arn],
    )
