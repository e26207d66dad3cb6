"""Who may open the database: the administrator and the application, each with a secret."""

import json

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager

from constructs import Construct
from settings import StageSettings
from settings.names import SecretNames
from spywatcher_constructs.three_tier_vpc import PRIVATE_SUBNETS

ADMINISTRATOR = "spywatcher_admin"
APPLICATION = "spywatcher"
"""The application's user (application.md). Rotation alternates it with spywatcher_clone."""

DATABASE_NAME = "spywatcher"

# Neither a shell nor a URL nor RDS ("/", '"', "@") minds what is left. The rotation's passwords
# leave out the same.
_EXCLUDED = " %+~`#$&*()|[]{}:;<>?!'/@\"\\"
_TURN_HOURS = 1


class DatabaseCredentials(Construct):
    """The two secrets, with host and port of the active instance, and their rotation.

    Secrets Manager's hosted functions rotate both. The administrator's password is replaced. The
    application's user alternates with its clone: a pod that still has the old user goes on
    working until the next turn, a week later.
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
        """Make the secrets of the stage.

        Args:
            scope: where the construct lives.
            construct_id: its id there.
            settings: the stage's settings; the secrets' names begin with its name.
            encryption_key: encrypts them.
            removal_policy: what becomes of them when the stack is deleted.
        """
        super().__init__(scope, construct_id)
        self._settings = settings
        self._encryption_key = encryption_key
        self._removal_policy = removal_policy
        names = SecretNames(settings.resource_name())
        self.admin = self._secret(
            "Admin", names.database_admin, "Administrator of PostgreSQL", username=ADMINISTRATOR
        )
        self.application = self._secret(
            "Application",
            names.database_application,
            "The application's user of PostgreSQL",
            username=APPLICATION,
            masterarn=self.admin.secret_arn,
        )

    @property
    def admin_password(self) -> cdk.SecretValue:
        """A reference to the administrator's password, for the instances."""
        return self.admin.secret_value_from_json("password")

    def open(
        self, instance: rds.IDatabaseInstance, *, vpc: ec2.IVpc, security_group: ec2.ISecurityGroup
    ) -> None:
        """Write the instance's host and port into the secrets, and rotate them there.

        Args:
            instance: the active one.
            vpc: the rotation functions live in its private subnets.
            security_group: lets them reach the database and Secrets Manager.
        """
        admin = self.admin.attach(instance)
        application = self.application.attach(instance)
        hosted = secretsmanager.HostedRotation
        self._rotate(
            admin,
            turn=0,
            by=hosted.postgre_sql_single_user(
                function_name=self._settings.resource_name("rotate-database-admin"),
                exclude_characters=_EXCLUDED,
                vpc=vpc,
                vpc_subnets=PRIVATE_SUBNETS,
                security_groups=[security_group],
            ),
        )
        self._rotate(
            application,
            turn=1,
            by=hosted.postgre_sql_multi_user(
                function_name=self._settings.resource_name("rotate-database-application"),
                master_secret=admin,
                exclude_characters=_EXCLUDED,
                vpc=vpc,
                vpc_subnets=PRIVATE_SUBNETS,
                security_groups=[security_group],
            ),
        )

    def _secret(
        self, construct_id: str, name: str, description: str, **values: str
    ) -> secretsmanager.Secret:
        """Make a secret. A change of these lines makes a new password, which nobody else knows."""
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
                exclude_characters=_EXCLUDED,
            ),
            removal_policy=self._removal_policy,
        )

    def _rotate(
        self, secret: secretsmanager.ISecret, *, turn: int, by: secretsmanager.HostedRotation
    ) -> None:
        """Rotate weekly, an hour each: the application's turn needs the administrator's done.

        Not at once: the application's user does not exist before the first bootstrap. CDK knows
        no schedule by the clock.
        """
        schedule = secret.add_rotation_schedule(
            "Rotation",
            automatically_after=cdk.Duration.days(0),
            hosted_rotation=by,
            rotate_immediately_on_update=False,
        )
        hour = self._settings.maintenance.rotation_hour(turn)
        resource = schedule.node.default_child
        assert isinstance(resource, secretsmanager.CfnRotationSchedule)  # noqa: S101  for mypy
        resource.rotation_rules = secretsmanager.CfnRotationSchedule.RotationRulesProperty(
            schedule_expression=f"cron(0 {hour.hour} ? * {hour.day.upper()} *)",
            duration=f"{_TURN_HOURS}h",
        )
