"""The SecretStore and the ExternalSecrets: Kubernetes Secrets with values of Secrets Manager.

External Secrets Operator reads Secrets Manager every minute. Reloader then restarts the pods that
use a changed Secret. A rotation keeps the old credentials valid for longer than that
(docs/decisions/0005 and 0006).
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from constructs import Construct
from k8s.application import BACKEND
from k8s.application_values import REGISTRY_CREDENTIALS, VALUES
from k8s.custom_resource import add_custom_resource
from k8s.database_bootstrap import ADMIN_SECRET, APPLICATION_SECRET, OWNER_ROLE
from k8s.names import PART_OF, labels, object_name, shared_labels
from settings.names import SecretNames

MIGRATIONS_SECRET = object_name("migrations")
BACKEND_SECRET = object_name(BACKEND.name)
REGISTRY_SECRET = object_name("registry")
"""The credentials with which the kubelet pulls images of a private registry."""

_API_VERSION = "external-secrets.io/v1"
_REFRESH_INTERVAL = "1m"

_SIGNING_KEY_LENGTH = 64
"""The length of each half of SIGNING_KEY, in characters. The backend requires two different keys of
at least 32 characters."""


def add_secret_store(scope: Construct, *, region: str) -> None:
    """Add the store.

    It has no credentials, so the operator reads with its own EKS Pod Identity. That role can read
    the secrets of this stage only.
    """
    add_custom_resource(
        scope,
        "store",
        api_version=_API_VERSION,
        kind="SecretStore",
        name=PART_OF,
        labels=shared_labels(),
        spec={"provider": {"aws": {"service": "SecretsManager", "region": region}}},
    )


def add_backend_secret(scope: Construct, *, names: SecretNames, cache_endpoint: str) -> None:
    """Add the secret environment variables of the backend.

    Args:
        scope: The chart.
        names: The names of the secrets in Secrets Manager.
        cache_endpoint: The host name of Redis. It may be a CDK token.
    """
    half = _SIGNING_KEY_LENGTH
    values = {
        "DATABASE_URL": _database_url(),
        "REDIS_URL": f"rediss://:{{{{ .redisToken | urlquery }}}}@{cache_endpoint}:6379",
        "JWT_SECRET": f"{{{{ .SIGNING_KEY | substr 0 {half} }}}}",
        "JWT_REFRESH_SECRET": f"{{{{ .SIGNING_KEY | substr {half} {2 * half} }}}}",
        **{
            key: f"{{{{ .{key} }}}}"
            for key, value_format in VALUES.items()
            if not value_format.is_optional
        },
    }
    _add_external_secret(
        scope,
        BACKEND.name,
        BACKEND_SECRET,
        values=values,
        literal=_optional_values(),
        data=[
            *_connection_data(names.database_application),
            _data_entry("redisToken", names.cache_token),
        ],
        data_from=[{"extract": {"key": names.application}}],
    )


def add_migrations_secret(scope: Construct, *, names: SecretNames) -> None:
    """Add the URL for migrations: the administrator connects and acts as the tables' owner."""
    _add_external_secret(
        scope,
        "migrations",
        MIGRATIONS_SECRET,
        values={"DATABASE_URL": f"{_database_url()}&options=-c%20role%3D{OWNER_ROLE}"},
        data=_connection_data(names.database_admin),
    )


def add_admin_secret(scope: Construct, *, names: SecretNames) -> None:
    """Add the administrator's connection values for the database bootstrap."""
    keys = ("host", "port", "dbname", "username", "password")
    data = [_data_entry(key, names.database_admin, key) for key in keys]
    _add_external_secret(scope, "database-admin", ADMIN_SECRET, data=data)


def add_application_user_secret(scope: Construct, *, names: SecretNames) -> None:
    """Add the user name and password that the bootstrap gives to the application's user."""
    data = [_data_entry(key, names.database_application, key) for key in ("username", "password")]
    _add_external_secret(scope, "database-application", APPLICATION_SECRET, data=data)


def add_registry_secret(scope: Construct, *, names: SecretNames, registry: str) -> None:
    """Add the credentials of a private registry, in the format of Docker's configuration.

    Args:
        scope: The chart.
        names: The names of the secrets in Secrets Manager.
        registry: The host name of the registry.
    """
    credentials = f"{{{{ .{REGISTRY_CREDENTIALS} | b64enc }}}}"
    _add_external_secret(
        scope,
        "registry",
        REGISTRY_SECRET,
        secret_type="kubernetes.io/dockerconfigjson",  # noqa: S106  a type
        values={".dockerconfigjson": json.dumps({"auths": {registry: {"auth": credentials}}})},
        data=[_data_entry(REGISTRY_CREDENTIALS, names.application, REGISTRY_CREDENTIALS)],
    )


def _database_url() -> str:
    login = "{{ .username | urlquery }}:{{ .password | urlquery }}"
    return f"postgresql://{login}@{{{{ .host }}}}:{{{{ .port }}}}/{{{{ .dbname }}}}?sslmode=require"


def _optional_values() -> str:
    """Return the template of the optional values: a key that has no value becomes no variable.

    In the other templates, a key without a value is an error.
    """
    return "".join(
        f'{{{{- with index . "{key}" }}}}{key}: {{{{ . | toJson }}}}\n{{{{ end }}}}'
        for key, value_format in VALUES.items()
        if value_format.is_optional and value_format.is_variable
    )


def _connection_data(secret: str) -> list[dict[str, Any]]:
    keys = ("username", "password", "host", "port", "dbname")
    return [_data_entry(key, secret, key) for key in keys]


def _data_entry(name: str, secret: str, key: str | None = None) -> dict[str, Any]:
    """Return an entry of `data`: one key of a JSON secret, or the text of another secret."""
    reference = {"key": secret} if key is None else {"key": secret, "property": key}
    return {"secretKey": name, "remoteRef": reference}


def _add_external_secret(
    scope: Construct,
    component: str,
    name: str,
    *,
    data: Sequence[Mapping[str, Any]],
    data_from: Sequence[Mapping[str, Any]] = (),
    values: Mapping[str, str] | None = None,
    literal: str = "",
    secret_type: str = "Opaque",  # noqa: S107  a type
) -> None:
    """Add an ExternalSecret, and with it the Secret of the same name.

    The Secret is deleted with the ExternalSecret. It keeps its values while Secrets Manager cannot
    be read.

    Args:
        scope: The chart.
        component: The component of the labels.
        name: The name of the ExternalSecret and the Secret.
        data: The keys to read from Secrets Manager.
        data_from: The secrets of Secrets Manager whose keys are all read.
        values: The template of each key of the Secret. Without it, the Secret holds what was read.
        literal: A template of further keys, as YAML.
        secret_type: The type of the Secret.
    """
    spec: dict[str, Any] = {
        "refreshInterval": _REFRESH_INTERVAL,
        "secretStoreRef": {"kind": "SecretStore", "name": PART_OF},
        "target": {
            "name": name,
            "creationPolicy": "Owner",
            "deletionPolicy": "Retain",
            "template": _template(values, literal, secret_type),
        },
        "data": list(data),
    }
    if data_from:
        spec["dataFrom"] = list(data_from)
    add_custom_resource(
        scope,
        f"secret-{component}",
        api_version=_API_VERSION,
        kind="ExternalSecret",
        name=name,
        labels=labels(component),
        spec=spec,
    )


def _template(values: Mapping[str, str] | None, literal: str, secret_type: str) -> dict[str, Any]:
    template: dict[str, Any] = {"engineVersion": "v2", "type": secret_type}
    if values:
        template |= {"mergePolicy": "Replace", "data": dict(values)}
    if literal:
        template["templateFrom"] = [{"target": "Data", "literal": literal}]
    return template
