"""The secret of the application. The stacks of the data stores own the secrets for these."""

import json

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager

from constructs import Construct
from settings import StageSettings
from stacks.shared.acknowledgement import acknowledge


class ApplicationSecret(Construct):
    """A secret with a generated signing key, and with values that people set.

    The halves of `SIGNING_KEY` become JWT_SECRET and JWT_REFRESH_SECRET. These must differ and
    have at least 32 characters each (application.md). The values from Discord are missing at first:
    `python3 dev.py set-secret` sets them, and `python3 dev.py preflight` lists the missing ones.
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
        """Create the secret.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            settings: The settings of the stage.
            encryption_key: The KMS key of the secret.
            removal_policy: The removal policy of the secret.
        """
        super().__init__(scope, construct_id)
        self.secret = secretsmanager.Secret(
            self,
            "Secret",
            secret_name=settings.secret_names.application,
            description="Signing key and Discord's values of the backend",
            encryption_key=encryption_key,
            # A change of this generator replaces the value, with everything that people set.
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=json.dumps({}),
                generate_string_key="SIGNING_KEY",
                password_length=128,
                exclude_punctuation=True,
            ),
            removal_policy=removal_policy,
        )
        acknowledge(
            self.secret,
            "AwsSolutions-SMG4",
            "NIST.800.53.R5-SecretsManagerRotationEnabled",
            reason="Discord issues these values to people, so a function cannot rotate them, and a "
            "new signing key ends every session. Only roles of the stage can read the secret, and "
            "CloudTrail records it. docs/runbooks/secrets.md describes the yearly rotation.",
        )
