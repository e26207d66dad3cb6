"""The connection strings of the servers, with the current credentials of Secrets Manager."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from settings.names import SecretNames
from tools.embedded_aws.emulator import Emulator


def connection_urls(emulator: Emulator, environment: Mapping[str, str]) -> dict[str, str]:
    """Return DATABASE_URL and REDIS_URL of the first stage that is deployed.

    They are empty if the embedded AWS has no servers. The application's user of DATABASE_URL has
    the password that the bootstrap Job, or a rotation, has set.
    """
    if not emulator.servers():
        return {}
    reader = _Reader(emulator, environment)
    for names in reader.stages():
        login = json.loads(reader.secret(names.database_application))
        return {"DATABASE_URL": _database_url(login), **reader.redis_url(names)}
    return {}


class _Reader:
    def __init__(self, emulator: Emulator, environment: Mapping[str, str]) -> None:
        import boto3

        session = boto3.Session(
            environment["AWS_ACCESS_KEY_ID"],
            environment["AWS_SECRET_ACCESS_KEY"],
            region_name=environment["AWS_REGION"],
        )
        self._secrets = session.client("secretsmanager", endpoint_url=emulator.endpoint)
        self._caches = session.client("elasticache", endpoint_url=emulator.endpoint)

    def stages(self) -> list[SecretNames]:
        """Return the names of the secrets of each stage that has a database."""
        suffix = SecretNames("").database_application
        pages = self._secrets.get_paginator("list_secrets").paginate()
        names = [secret["Name"] for page in pages for secret in page["SecretList"]]
        prefixes = [name.removesuffix(suffix) for name in names if name.endswith(suffix)]
        return [SecretNames(prefix) for prefix in prefixes]

    def secret(self, name: str) -> str:
        """Return the current value of a secret."""
        return str(self._secrets.get_secret_value(SecretId=name)["SecretString"])

    def redis_url(self, names: SecretNames) -> dict[str, str]:
        """Return REDIS_URL, if the replication group has a server."""
        groups = self._caches.describe_replication_groups()["ReplicationGroups"]
        for group in groups:
            if group["ReplicationGroupId"] == names.prefix and group["NodeGroups"]:
                endpoint = group["NodeGroups"][0]["PrimaryEndpoint"]
                token = quote(self.secret(names.cache_token), safe="")
                url = f"rediss://:{token}@{endpoint['Address']}:{endpoint['Port']}"
                return {"REDIS_URL": url}
        return {}


def _database_url(secret: Mapping[str, Any]) -> str:
    login = f"{quote(secret['username'], safe='')}:{quote(secret['password'], safe='')}"
    endpoint = f"{secret['host']}:{secret['port']}/{secret['dbname']}"
    return f"postgresql://{login}@{endpoint}?sslmode=require"
