"""The Job that makes the database's roles, and what it mounts."""

import functools
import re
from pathlib import Path

from cdk8s_plus_28 import k8s

from constructs import Construct
from k8s.job import job
from k8s.names import NAMESPACE, labels, object_name
from k8s.quantities import resource_requirements
from settings import SettingsError
from settings.services import DATABASE_BOOTSTRAP
from settings.versions import POSTGRESQL_CLIENT

COMPONENT = "database-bootstrap"

ADMIN_SECRET = "spywatcher-database-admin"  # noqa: S105  a name
"""Keys: host, port, dbname, username, password, all of the secret <stage>/database/admin."""
APPLICATION_SECRET = "spywatcher-database-application"  # noqa: S105  a name
"""Keys: username, password, of the secret <stage>/database/application."""

OWNER_ROLE = "spywatcher_owner"
"""Owns what migrations make: the administrator connects with `options=-c role=spywatcher_owner`."""

_FOLDER = Path(__file__).parent / "database"
_MOUNT = "/bootstrap"
_SQL = "bootstrap.sql"
_CERTIFICATE = "rds-ca.pem"
_USER_ID = 70  # postgres, in the image

# The secrets in Kubernetes follow those of AWS within a minute. Until then they may name the
# instance that was switched away from: then this run ends, and the next one reads them anew.
_COMMAND = f"""\
case "$PGHOST" in
  "$DATABASE_INSTANCE".*) ;;
  *) echo "The secrets name $PGHOST, not $DATABASE_INSTANCE yet."; exit 1 ;;
esac
exec psql --no-psqlrc --quiet --file {_MOUNT}/{_SQL}
"""


def database_bootstrap(
    scope: Construct, *, instance: str, region: str, release: str
) -> k8s.KubeJob:
    """Make the Job and the ConfigMap that it mounts.

    Migrations and Deployments wait for it.

    Args:
        scope: the chart.
        instance: the identifier of the active instance, the first part of its host name.
        region: whose certificate the server's must come from.
        release: at most 20 characters; may be a placeholder of CloudFormation.
    """
    data = {_SQL: bootstrap_sql(), _CERTIFICATE: root_certificate(region)}
    config = k8s.KubeConfigMap(
        scope,
        "bootstrap",
        metadata=k8s.ObjectMeta(
            name=object_name(COMPONENT), namespace=NAMESPACE, labels=labels(COMPONENT)
        ),
        data=data,
    )
    return job(
        scope,
        COMPONENT,
        release=release,
        container=_container(instance),
        volumes=[
            k8s.Volume(name="bootstrap", config_map=k8s.ConfigMapVolumeSource(name=config.name))
        ],
        user_id=_USER_ID,
        depends_on="".join(data.values()),
    )


@functools.cache
def bootstrap_sql() -> str:
    """Return the SQL that makes the roles."""
    return (_FOLDER / _SQL).read_text(encoding="utf-8")


def root_certificate(region: str) -> str:
    """Return RDS' root certificate of a region.

    Raises:
        SettingsError: k8s/database has none of this region.
    """
    text = (_FOLDER / "rds-ca-rsa2048-g1.pem").read_text(encoding="utf-8")
    pattern = r"^# (\S+)\n(-----BEGIN.+?END CERTIFICATE-----\n)"
    certificates: dict[str, str] = dict(re.findall(pattern, text, re.M | re.S))
    if region not in certificates:
        known = ", ".join(certificates)
        raise SettingsError(f"region: found {region}; allowed: one with a certificate: {known}")
    return certificates[region]


def _container(instance: str) -> k8s.Container:
    return k8s.Container(
        name=COMPONENT,
        image=POSTGRESQL_CLIENT,
        command=["sh", "-c", _COMMAND],
        env=_environment(instance),
        resources=resource_requirements(DATABASE_BOOTSTRAP),
        security_context=k8s.SecurityContext(
            read_only_root_filesystem=True,
            allow_privilege_escalation=False,
            capabilities=k8s.Capabilities(drop=["ALL"]),
        ),
        volume_mounts=[k8s.VolumeMount(name="bootstrap", mount_path=_MOUNT, read_only=True)],
    )


def _environment(instance: str) -> list[k8s.EnvVar]:
    """Return what psql reads, and the SQL: passwords stay out of the command line."""
    admin = {
        "PGHOST": "host",
        "PGPORT": "port",
        "PGDATABASE": "dbname",
        "PGUSER": "username",
        "PGPASSWORD": "password",
    }
    application = {"APPLICATION_USERNAME": "username", "APPLICATION_PASSWORD": "password"}
    plain = {
        "DATABASE_INSTANCE": instance,
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": f"{_MOUNT}/{_CERTIFICATE}",
        "PGCONNECT_TIMEOUT": "10",
    }
    return [
        *(k8s.EnvVar(name=name, value=value) for name, value in plain.items()),
        *(_from_secret(name, ADMIN_SECRET, key) for name, key in admin.items()),
        *(_from_secret(name, APPLICATION_SECRET, key) for name, key in application.items()),
    ]


def _from_secret(name: str, secret: str, key: str) -> k8s.EnvVar:
    reference = k8s.SecretKeySelector(name=secret, key=key)
    return k8s.EnvVar(name=name, value_from=k8s.EnvVarSource(secret_key_ref=reference))
