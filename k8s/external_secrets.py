"""Secrets: what External Secrets Operator reads from Secrets Manager, and what it makes of it.

It looks every minute. Reloader then restarts the pods that use what has changed; a rotation leaves
the old credentials valid until long after (docs/decisions/0005 and 0006).
"""

from collections.abc import Mapping
from typing import Any

import cdk8s

from constructs import Construct
from k8s.application import BACKEND
from k8s.application_values import VALUES
from k8s.custom_resource import custom_resource
from k8s.database_bootstrap import ADMIN_SECRET, APPLICATION_SECRET, OWNER_ROLE
from k8s.names import PART_OF, labels, object_name, shared_labels
from settings.names import SecretNames

MIGRATIONS_SECRET = object_name("migrations")
BACKEND_SECRET = object_name(BACKEND.name)

_API_VERSION = "external-secrets.io/v1"
_REFRESH = "1m"

_KEY_LENGTH = 64
"""Of each half of SIGNING_KEY. The backend asks for 32 at least, and that the two differ."""


def secret_store(scope: Construct, *, region: str) -> cdk8s.ApiObject:
    """Make the store.

    Without credentials of its own it acts as the controller, which may read the secrets of this
    stage and no others.
    """
    return custom_resource(
        scope,
        "store",
        api_version=_API_VERSION,
        kind="SecretStore",
        name=PART_OF,
        labels=shared_labels(),
        spec={"provider": {"aws": {"service": "SecretsManager", "region": region}}},
    )


def backend_secret(scope: Construct, *, names: SecretNames, cache_endpoint: str) -> cdk8s.ApiObject:
    """Make the secret part of the backend's environment.

    Args:
        scope: the chart.
        names: the names of the secrets in Secrets Manager.
        cache_endpoint: Redis' host name; may be a placeholder of CloudFormation.
    """
    values = {
        "DATABASE_URL": _database_url(),
        "REDIS_URL": f"rediss://:{{{{ .redisToken | urlquery }}}}@{cache_endpoint}:6379",
        "JWT_SECRET": f"{{{{ .SIGNING_KEY | substr 0 {_KEY_LENGTH} }}}}",
        "JWT_REFRESH_SECRET": f"{{{{ .SIGNING_KEY | substr {_KEY_LENGTH} {2 * _KEY_LENGTH} }}}}",
        **{key: f"{{{{ .{key} }}}}" for key, known in VALUES.items() if not known.optional},
    }
    return _external_secret(
        scope,
        BACKEND.name,
        BACKEND_SECRET,
        values,
        # A missing key of `values` is an error; of these it means that the variable is not set.
        literal="".join(
            f'{{{{- with index . "{key}" }}}}{key}: {{{{ . | toJson }}}}\n{{{{ end }}}}'
            for key, known in VALUES.items()
            if known.optional
        ),
        data=[
            *_connection(names.database_application),
            _property("redisToken", names.cache_token),
        ],
        data_from=[{"extract": {"key": names.application}}],
    )


def migrations_secret(scope: Construct, *, names: SecretNames) -> cdk8s.ApiObject:
    """Make what migrations connect with: the administrator, who acts as the owner of the tables."""
    return _external_secret(
        scope,
        "migrations",
        MIGRATIONS_SECRET,
        {"DATABASE_URL": f"{_database_url()}&options=-c%20role%3D{OWNER_ROLE}"},
        data=_connection(names.database_admin),
    )


def admin_secret(scope: Construct, *, names: SecretNames) -> cdk8s.ApiObject:
    """Make what the bootstrap connects with."""
    keys = ("host", "port", "dbname", "username", "password")
    data = [_property(key, names.database_admin, key) for key in keys]
    return _external_secret(scope, "database-admin", ADMIN_SECRET, data=data)


def application_user_secret(scope: Construct, *, names: SecretNames) -> cdk8s.ApiObject:
    """Make the name and the password that the bootstrap gives to the application's user."""
    data = [_property(key, names.database_application, key) for key in ("username", "password")]
    return _external_secret(scope, "database-application", APPLICATION_SECRET, data=data)


def _database_url() -> str:
    login = "{{ .username | urlquery }}:{{ .password | urlquery }}"
    return f"postgresql://{login}@{{{{ .host }}}}:{{{{ .port }}}}/{{{{ .dbname }}}}?sslmode=require"


def _connection(secret: str) -> list[dict[str, Any]]:
    keys = ("username", "password", "host", "port", "dbname")
    return [_property(key, secret, key) for key in keys]


def _property(name: str, secret: str, key: str | None = None) -> dict[str, Any]:
    """Return an entry that reads one key of a secret, or the whole of one that is no JSON."""
    reference = {"key": secret} if key is None else {"key": secret, "property": key}
    return {"secretKey": name, "remoteRef": reference}


def _external_secret(
    scope: Construct,
    component: str,
    name: str,
    values: Mapping[str, str] | None = None,
    *,
    literal: str = "",
    data: list[dict[str, Any]],
    data_from: list[dict[str, Any]] | None = None,
) -> cdk8s.ApiObject:
    """Make an ExternalSecret, and of what it reads only `values` and `literal`, if given.

    The Secret is deleted with it, and left as it is while Secrets Manager cannot be read.
    """
    template: dict[str, Any] = {"engineVersion": "v2", "type": "Opaque"}
    if values:
        template |= {"mergePolicy": "Replace", "data": dict(values)}
    if literal:
        template["templateFrom"] = [{"target": "Data", "literal": literal}]
    spec: dict[str, Any] = {
        "refreshInterval": _REFRESH,
        "secretStoreRef": {"kind": "SecretStore", "name": PART_OF},
        "target": {
            "name": name,
            "creationPolicy": "Owner",
            "deletionPolicy": "Retain",
            "template": template,
        },
        "data": data,
    }
    if data_from:
        spec["dataFrom"] = data_from
    return custom_resource(
        scope,
        f"secret-{component}",
        api_version=_API_VERSION,
        kind="ExternalSecret",
        name=name,
        labels=labels(component),
        spec=spec,
    )
