"""The users of PostgreSQL: the administrator and the application, each with a secret."""

import json

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager

from constructs import Construct
from k8s.database_bootstrap import root_certificate
from settings import StageSettings
from spywatcher_constructs.postgres_credentials_rotation import PostgresCredentialsRotation
from spywatcher_constructs.secret_rotation import RotationPlacement
from spywatcher_constructs.three_tier_vpc import PRIVATE_SUBNETS
from stacks.data.rotation_findings import acknowledge_rotation
from stacks.data.rotation_slots import RotationSlot, rotation_rules

ADMINISTRATOR = "spywatcher_admin"
APPLICATION = "spywatcher"
"""The application's user (application.md). Its rotation alternates it with spywatcher_clone."""

DATABASE_NAME = "spywatcher"

_ADMIN_ROTATION = "rotate-admin-password"
_USER_ROTATION = "rotate-application-password"

# What remains is safe in a shell, in a URL and for RDS, which refuses "/", '"' and "@".
_EXCLUDED_CHARACTERS = " %+~`#$&*()|[]{}:;<>?!'/@\"\\"

_ROTATION_LOG_RETENTION_DAYS = 90
"""As long as CloudTrail's event history, which has the results of the rotations."""


class DatabaseCredentials(Construct):
    """The two secrets and their rotation.

    The rotation of the administrator replaces the password. The rotation of the application
    alternates between two users. A pod that still has the old one works until the next rotation,
    a week later.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: StageSettings,
        encryption_key: kms.IKey,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        """Create the secrets of the stage.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            settings: The settings of the stage, whose name is the prefix of the secrets' names.
            encryption_key: The KMS key of the secrets.
            removal_policy: What happens to the secrets when the stack is deleted.
        """
        super().__init__(scope, construct_id)
        self._settings = settings
        self._encryption_key = encryption_key
        self._removal_policy = removal_policy
        self.rotations: list[PostgresCredentialsRotation] = []
        self._admin = self._create_secret(
            "Admin",
            settings.secret_names.database_admin,
            "Administrator of PostgreSQL",
            username=ADMINISTRATOR,
        )
        self._application = self._create_secret(
            "Application",
            settings.secret_names.database_application,
            "The application's user of PostgreSQL",
            username=APPLICATION,
            masterarn=self._admin.secret_arn,
        )

    @property
    def secrets(self) -> list[secretsmanager.ISecret]:
        """Both secrets."""
        return [self._admin, self._application]

    @property
    def administrator(self) -> rds.Credentials:
        """The name of the administrator, and a reference to the password."""
        password = self._admin.secret_value_from_json("password")
        return rds.Credentials.from_password(ADMINISTRATOR, password)

    def add_rotation(
        self,
        instance: rds.IDatabaseInstance,
        *,
        vpc: ec2.IVpc,
        security_group: ec2.ISecurityGroup,
        logs_key: kms.IKey,
    ) -> None:
        """Write the host and the port of an instance into the secrets, and rotate them there.

        Args:
            instance: The instance that the application uses.
            vpc: The VPC, whose private subnets contain the rotation functions.
            security_group: The security group of the rotation functions. It must allow PostgreSQL
                and the API of Secrets Manager.
            logs_key: The KMS key of the log groups of the functions.
        """
        placement = RotationPlacement(
            vpc=vpc,
            subnets=PRIVATE_SUBNETS,
            security_group=security_group,
            logs_key=logs_key,
            log_retention_days=_ROTATION_LOG_RETENTION_DAYS,
        )
        admin = _attach(self._admin, instance)
        application = _attach(self._application, instance)
        self._rotate(
            admin,
            RotationSlot.DATABASE_ADMIN,
            name=_ADMIN_ROTATION,
            description="Rotates the password of the administrator of PostgreSQL",
            placement=placement,
        )
        self._rotate(
            application,
            RotationSlot.DATABASE_APPLICATION,
            name=_USER_ROTATION,
            description="Rotates the credentials of the application in PostgreSQL",
            administrator_secret=admin,
            placement=placement,
        )

    def _create_secret(
        self, construct_id: str, name: str, description: str, **values: str
    ) -> secretsmanager.Secret:
        """Create a secret. A changed generator would write a password that RDS does not have."""
        return secretsmanager.Secret(
            self,
            construct_id,
            secret_name=name,
            description=description,
            encryption_key=self._encryption_key,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=json.dumps({**values, "dbname": DATABASE_NAME}),
                generate_string_key="password",
                password_length=32,
                exclude_characters=_EXCLUDED_CHARACTERS,
            ),
            removal_policy=self._removal_policy,
        )

    def _rotate(
        self,
        secret: secretsmanager.SecretTargetAttachment,
        slot: RotationSlot,
        *,
        name: str,
        description: str,
        administrator_secret: secretsmanager.ISecret | None = None,
        placement: RotationPlacement,
    ) -> None:
        """Rotate a secret weekly. The deployment itself does not start a rotation.

        It would fail, because the application's user does not exist before the first bootstrap of
        the database.
        """
        rotation = PostgresCredentialsRotation(
            secret,
            "Rotation",
            name=self._settings.resource_name(name),
            description=description,
            secret=secret,
            administrator_secret=administrator_secret,
            root_certificate=root_certificate(self._settings.region),
            placement=placement,
            rotation_rules=rotation_rules(self._settings.maintenance, slot),
        )
        acknowledge_rotation(
            rotation,
            executions="The function runs once a week. Secrets Manager repeats a failed step and "
            "reports it. Two executions at the same time do no harm, because both set the same "
            "password.",
            environment="The environment variables contain ARNs and a public certificate, and no "
            "secret. Lambda encrypts them with its own key.",
        )
        secret.deny_account_root_delete()
        self.rotations.append(rotation)


def _attach(
    secret: secretsmanager.Secret, instance: rds.IDatabaseInstance
) -> secretsmanager.SecretTargetAttachment:
    return secretsmanager.SecretTargetAttachment(
        secret, "Attachment", secret=secret, target=instance
    )
