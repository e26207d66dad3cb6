"""The secret of the application itself; those of its stores stand beside the stores."""

import json

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager

from constructs import Construct
from settings import StageSettings
from settings.names import SecretNames
from stacks.shared.acknowledgement import acknowledge


class ApplicationSecret(Construct):
    """One secret: a generated signing key, and what only people know (Discord's values).

    `SIGNING_KEY` has 128 characters: its halves become JWT_SECRET and JWT_REFRESH_SECRET, which
    must differ and have 32 each (application.md). The rest is missing until
    `python3 dev.py set-secret` sets it; `python3 dev.py preflight` says what is.
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
        """Make the secret of the stage.

        Args:
            scope: where the construct lives.
            construct_id: its id there.
            settings: the stage's settings; the secret's name begins with its name.
            encryption_key: encrypts it.
            removal_policy: what becomes of it when the stack is deleted.
        """
        super().__init__(scope, construct_id)
        self.secret = secretsmanager.Secret(
            self,
            "Secret",
            secret_name=SecretNames(settings.resource_name()).application,
            description="Signing key and Discord's values of the backend",
            encryption_key=encryption_key,
            # A change of these lines makes a new value, and what people set is gone.
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
            reason="Discord issues these values to people, so no function can rotate them, and a "
            "new signing key ends every session. Reading needs the stage's own role and key, "
            "and CloudTrail records it; docs/runbooks/secrets.md has the yearly rotation by hand.",
        )
