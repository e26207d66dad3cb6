"""Data: PostgreSQL and Redis, and the secrets that open them."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from settings import StageSettings
from spywatcher_constructs.three_tier_vpc import DATABASE_SUBNETS
from stacks.data.administrator_policy import AdministratorPolicy
from stacks.data.cache import Cache
from stacks.data.database import Database
from stacks.shared.base import StageStack


class DataStack(StageStack):
    """What must not be lost."""

    def __init__(
        self,
        stage: cdk.Stage,
        *,
        settings: StageSettings,
        vpc: ec2.IVpc,
        database_group: ec2.ISecurityGroup,
        cache_group: ec2.ISecurityGroup,
        rotation_group: ec2.ISecurityGroup,
        admin_role: iam.IRole,
        database_key: kms.IKey,
        cache_key: kms.IKey,
        secrets_key: kms.IKey,
        logs_key: kms.IKey,
    ) -> None:
        """Make the stack for the stage.

        Args:
            stage: the stage that the stack belongs to.
            settings: the stage's settings.
            vpc: its database subnets take both stores.
            database_group: who may reach PostgreSQL.
            cache_group: who may reach Redis.
            rotation_group: lets the functions that rotate passwords reach both.
            admin_role: operates, patches and rotates both by hand.
            database_key: encrypts PostgreSQL's storage, snapshots and insights.
            cache_key: encrypts Redis' storage and snapshots.
            secrets_key: encrypts the credentials of both.
            logs_key: encrypts their logs.
        """
        super().__init__(stage, "data", settings=settings, description="PostgreSQL and Redis")
        postgres = Database(
            self,
            "Database",
            settings=settings,
            vpc=vpc,
            subnets=DATABASE_SUBNETS,
            security_group=database_group,
            rotation_group=rotation_group,
            encryption_key=database_key,
            secrets_key=secrets_key,
            logs_key=logs_key,
            removal_policy=self.removal_policy,
        )
        self.database = postgres.instance
        self.database_logs = postgres.logs
        self.read_replicas = postgres.read_replicas
        redis = Cache(
            self,
            "Cache",
            settings=settings,
            vpc=vpc,
            subnets=DATABASE_SUBNETS,
            security_group=cache_group,
            rotation_group=rotation_group,
            encryption_key=cache_key,
            secrets_key=secrets_key,
            logs_key=logs_key,
            removal_policy=self.removal_policy,
        )
        self.cache = redis.group
        AdministratorPolicy(
            self,
            "AdministratorPolicy",
            settings=settings,
            role=admin_role,
            instances=postgres.generations,
            cache=redis.group,
            cache_token=redis.token,
            cache_token_rotation=redis.token_rotation,
            database_secrets=postgres.secrets,
        )
