"""The secrets of the database, and their rotations on the real server."""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass, field
from typing import Any

from spywatcher_constructs.functions.postgres_rotation import postgres
from spywatcher_constructs.functions.postgres_rotation.rotation import (
    AlternatingUsersRotation,
    SingleUserRotation,
)
from spywatcher_constructs.functions.secret_rotation.rotation import Rotation
from spywatcher_constructs.functions.secret_rotation.secret import RotatingSecret
from tests.k8s.database.database import DATABASE, Database
from tests.simulators.boto3_client import Crash
from tests.simulators.secrets_manager_simulator import (
    STEPS,
    SimulatedSecret,
    create_secrets_manager,
)
from tools.operations.preflight.api_calls import ApiCall

HOST = "127.0.0.1"
ADMINISTRATOR_ARN, APPLICATION_ARN = "arn:administrator", "arn:application"


@dataclass(frozen=True)
class Login:
    """The user name and the password in a version of a secret."""

    username: str
    password: str


@dataclass
class DatabaseSecrets:
    """The secrets of the administrator and the application."""

    database: Database
    administrator_login: Login
    application_login: Login
    crash: Crash = field(default_factory=Crash)
    administrator: SimulatedSecret = field(init=False)
    application: SimulatedSecret = field(init=False)
    client: Any = field(init=False, repr=False)
    """The boto3 client of Secrets Manager."""
    api_calls: list[ApiCall] = field(default_factory=list)
    """Every call of the functions, as an IAM action."""

    def __post_init__(self) -> None:
        endpoint = {
            **{"engine": "postgres", "host": HOST, "port": self.database.port},
            **{"dbname": DATABASE, "dbInstanceIdentifier": "spywatcher-test"},
        }
        administrator = {**endpoint, **vars(self.administrator_login)}
        application = {
            **endpoint,
            **vars(self.application_login),
            "masterarn": ADMINISTRATOR_ARN,
        }
        self.administrator = SimulatedSecret(ADMINISTRATOR_ARN, json.dumps(administrator))
        self.application = SimulatedSecret(APPLICATION_ARN, json.dumps(application))
        self.client = create_secrets_manager(
            self.administrator, self.application, crash=self.crash, api_calls=self.api_calls
        )

    @property
    def tls(self) -> ssl.SSLContext:
        """The certificates that the functions trust."""
        return postgres.trust(self.database.certificate.read_text())

    def rotation_of(self, secret: SimulatedSecret) -> Rotation:
        """Return the rotation that a secret has on AWS."""
        rotating = RotatingSecret(self.client, secret.arn)
        if secret is self.administrator:
            return SingleUserRotation(rotating, self.tls)
        administrator = RotatingSecret(self.client, ADMINISTRATOR_ARN)
        return AlternatingUsersRotation(rotating, self.tls, administrator=administrator)

    def run_step(self, secret: SimulatedSecret, step: str) -> None:
        """Run a step for the pending version."""
        self.rotation_of(secret).run_step(step, secret.stages["AWSPENDING"])

    def rotate(self, secret: SimulatedSecret, version: str) -> None:
        """Rotate a secret to a version."""
        secret.begin_rotation(version)
        for step in STEPS:
            self.run_step(secret, step)

    def accepts(self, secret: SimulatedSecret, stage: str) -> bool:
        """Return whether the server accepts the value with a staging label."""
        login = login_of(secret, stage)
        return self.database.accepts(login.username, login.password)


def login_of(secret: SimulatedSecret, stage: str = "AWSCURRENT") -> Login:
    """Return the login in the version with a staging label."""
    value = json.loads(secret.values[secret.stages[stage]])
    return Login(value["username"], value["password"])
