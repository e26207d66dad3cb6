"""The users of PostgreSQL: the administrator and the application, each with a secret."""

import json

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager

from constructs import Construct
from settings import StageSettings
from spywatcher_constructs.three_tier_vpc import PRIVATE_SUBNETS
from stacks.data.rotation_slots import RotationSlot, rotation_rules

ADMINISTRATOR = "spywatcher_admin"
APPLICATION = "spywatcher"
"""The application's user (application.md). Its rotation alternates it with spywatcher_clone."""

DATABASE_NAME = "spywatcher"

_ADMIN_ROTATION = "rotate-database-admin"
_USER_ROTATION = "rotate-database-application"

# What remains is safe in a shell, in a URL and for RDS, which refuses "/", '"' and "@".
_EXCLUDED_CHARACTERS = " %+~`#$&*()|[]{}:;<>?!'/@\"\\"


class DatabaseCredentials(Construct):
    """The two secrets and their rotation by the hosted functions of Secrets Manager.

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
    def rotation_function_names(self) -> list[str]:
        """The names of the functions that rotate the secrets."""
        return [self._settings.resource_name(name) for name in (_ADMIN_ROTATION, _USER_ROTATION)]

    @property
    def administrator(self) -> rds.Credentials:
        """The name of the administrator, and a reference to the password."""
        password = self._admin.secret_value_from_json("password")
        return rds.Credentials.from_password(ADMINISTRATOR, password)

    def add_rotation(
        self, instance: rds.IDatabaseInstance, *, vpc: ec2.IVpc, security_group: ec2.ISecurityGroup
    ) -> None:
        """Write the host and the port of an instance into the secrets, and rotate them there.

        Args:
            instance: The instance that the application uses.
            vpc: The VPC, whose private subnets contain the rotation functions.
            security_group: The security group of the rotation functions. It must allow PostgreSQL
                and the API of Secrets Manager.
        """
        admin = self._admin.attach(instance)
        application = self._application.attach(instance)
        hosted = secretsmanager.HostedRotation
        self._rotate(
            admin,
            RotationSlot.DATABASE_ADMIN,
            hosted.postgre_sql_single_user(
                function_name=self._settings.resource_name(_ADMIN_ROTATION),
                exclude_characters=_EXCLUDED_CHARACTERS,
                vpc=vpc,
                vpc_subnets=PRIVATE_SUBNETS,
                security_groups=[security_group],
            ),
        )
        self._rotate(
            application,
            RotationSlot.DATABASE_APPLICATION,
            hosted.postgre_sql_multi_user(
                function_name=self._settings.resource_name(_USER_ROTATION),
                master_secret=admin,
                exclude_characters=_EXCLUDED_CHARACTERS,
                vpc=vpc,
                vpc_subnets=PRIVATE_SUBNETS,
                security_groups=[security_group],
            ),
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
        secret: secretsmanager.ISecret,
        slot: RotationSlot,
        hosted_rotation: secretsmanager.HostedRotation,
    ) -> None:
        """Rotate a secret weekly. The deployment itself does not start a rotation.

        It would fail, because the application's user does not exist before the first bootstrap of
        the database. The L2 rotation schedule accepts no schedule expression.
        """
        schedule = secret.add_rotation_schedule(
            "Rotation",
            automatically_after=cdk.Duration.days(0),
            hosted_rotation=hosted_rotation,
            rotate_immediately_on_update=False,
        )
        resource = schedule.node.default_child
        assert isinstance(resource, secretsmanager.CfnRotationSchedule)  # noqa: S101  for mypy
        resource.rotation_rules = rotation_rules(self._settings.maintenance, slot)
