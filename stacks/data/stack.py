"""The data stack: PostgreSQL and Redis with their credentials."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam

from settings import StageSettings
from stacks.data.administrator_policy import AdministratorPolicy
from stacks.data.cache import Cache
from stacks.data.database import Database
from stacks.network.security_groups import SecurityGroups
from stacks.security.keys import Keys
from stacks.shared.stage_stack import StageStack


class DataStack(StageStack):
    """The data stores of the stage, in the database subnets."""

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
        """Create the stack.

        Args:
            stage: The stage that contains the stack.
            settings: The settings of the stage.
            vpc: The VPC.
            security_groups: The security groups of the data stores and of the rotation functions.
            keys: The KMS keys of the data stores, the credentials and the logs.
            admin_role: The IAM role of administrators, who operate, patch and rotate by hand.
        """
        super().__init__(stage, "data", settings=settings, description="PostgreSQL and Redis")
        postgres = Database(
            self,
            "Database",
            settings=settings,
            vpc=vpc,
            security_groups=security_groups,
            keys=keys,
            removal_policy=self.removal_policy,
        )
        redis = Cache(
            self,
            "Cache",
            settings=settings,
            vpc=vpc,
            security_groups=security_groups,
            keys=keys,
            removal_policy=self.removal_policy,
        )
        AdministratorPolicy(
            self,
            "AdministratorPolicy",
            settings=settings,
            role=admin_role,
            instances=postgres.instances,
            database_secrets=postgres.secrets,
            cache=redis.replication_group,
            cache_token=redis.token,
            cache_token_rotation=redis.token_rotation,
            database_rotations=[rotation.function for rotation in postgres.rotations],
        )
        self.database = postgres.active_instance
        self.database_log = postgres.active_log
        self.cache = redis.replication_group
