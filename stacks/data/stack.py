"""Data: PostgreSQL and Redis, and the secrets that open them."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam

from settings import StageSettings
from spywatcher_constructs.three_tier_vpc import DATABASE_SUBNETS
from stacks.data.administrator_policy import AdministratorPolicy
from stacks.data.cache import Cache
from stacks.data.database import Database
from stacks.network.security_groups import SecurityGroups
from stacks.security.keys import Keys
from stacks.shared.stage_stack import StageStack


class DataStack(StageStack):
    """What must not be lost."""

    def __init__(
        self,
        stage: cdk.Stage,
        *,
        settings: StageSettings,
        vpc: ec2.IVpc,
        security_groups: SecurityGroups,
        keys: Keys,
        admin_role: iam.IRole,
    ) -> None:
        """Make the stack for the stage.

        Args:
            stage: the stage that the stack belongs to.
            settings: the stage's settings.
            vpc: its database subnets take both stores.
            security_groups: the groups of both stores and of the rotation functions.
            keys: encrypt both stores, their credentials and their logs.
            admin_role: operates, patches and rotates both by hand.
        """
        super().__init__(stage, "data", settings=settings, description="PostgreSQL and Redis")
        postgres = Database(
            self,
            "Database",
            settings=settings,
            vpc=vpc,
            subnets=DATABASE_SUBNETS,
            security_group=security_groups.database,
            rotation_group=security_groups.rotation,
            encryption_key=keys.database,
            secrets_key=keys.secrets,
            logs_key=keys.logs,
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
            security_group=security_groups.cache,
            rotation_group=security_groups.rotation,
            encryption_key=keys.cache,
            secrets_key=keys.secrets,
            logs_key=keys.logs,
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
