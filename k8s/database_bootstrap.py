"""The Job that creates the database's roles, and the ConfigMap that it mounts."""

import functools
import re
from pathlib import Path

from cdk8s_plus_28 import k8s

from constructs import Construct
from k8s.job import add_job
from k8s.names import NAMESPACE, labels, object_name
from k8s.quantities import resource_requirements
from settings.services import DATABASE_BOOTSTRAP
from settings.versions import POSTGRESQL_CLIENT

COMPONENT = "database-bootstrap"

ADMIN_SECRET = "spywatcher-database-admin"  # noqa: S105  a name
"""It holds host, port, dbname, username and password of the secret <stage>/database/admin."""
APPLICATION_SECRET = "spywatcher-database-application"  # noqa: S105  a name
"""It holds username and password of the secret <stage>/database/application."""

OWNER_ROLE = "spywatcher_owner"
"""The role that owns the tables. The administrator migrates them with the connection option
`options=-c role=spywatcher_owner`."""

_FOLDER = Path(__file__).parent / "database"
_MOUNT_PATH = "/bootstrap"
_SQL = "bootstrap.sql"
_CERTIFICATE = "rds-ca.pem"
_USER_ID = 70  # postgres, in the image

# The Kubernetes Secrets follow Secrets Manager within a minute. After a switch to another instance
# they may still name the previous one. The pod then fails, and the Job starts another pod, which
# reads them again.
_COMMAND = f"""\
case "$PGHOST" in
  "$DATABASE_INSTANCE".*) ;;
  *) echo "The secrets name $PGHOST, not $DATABASE_INSTANCE yet."; exit 1 ;;
esac
exec psql --no-psqlrc --quiet --file {_MOUNT_PATH}/{_SQL}
"""


def add_database_bootstrap(scope: Construct, *, instance: str, region: str, release: str) -> None:
    """Add the ConfigMap, and the Job that mounts it.

    Args:
        scope: The chart.
        instance: The identifier of the active instance, which begins its host name.
        region: The region whose root certificate psql trusts.
        release: At most 20 characters. It may be a CDK token.
    """
    data = {_SQL: bootstrap_sql(), _CERTIFICATE: root_certificate(region)}
    config_map = k8s.KubeConfigMap(
        scope,
        "bootstrap",
        metadata=k8s.ObjectMeta(
            name=object_name(COMPONENT), namespace=NAMESPACE, labels=labels(COMPONENT)
        ),
        data=data,
    )
    add_job(
        scope,
        COMPONENT,
        release=release,
        container=_container(instance),
        volumes=[
            k8s.Volume(name="bootstrap", config_map=k8s.ConfigMapVolumeSource(name=config_map.name))
        ],
        user_id=_USER_ID,
        mounted_content="".join(data.values()),
    )


@functools.cache
def bootstrap_sql() -> str:
    """Return the SQL that creates the roles."""
    return (_FOLDER / _SQL).read_text(encoding="utf-8")


def root_certificate(region: str) -> str:
    """Return the root certificate of RDS in a region of settings/regions.py."""
    text = (_FOLDER / "rds-ca-rsa2048-g1.pem").read_text(encoding="utf-8")
    pattern = r"^# (\S+)\n(-----BEGIN.+?END CERTIFICATE-----\n)"
    certificates: dict[str, str] = dict(re.findall(pattern, text, re.M | re.S))
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
        volume_mounts=[k8s.VolumeMount(name="bootstrap", mount_path=_MOUNT_PATH, read_only=True)],
    )


def _environment(instance: str) -> list[k8s.EnvVar]:
    """Return the variables that psql and the SQL read.

    The passwords are variables so that no command line shows them.
    """
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
        "PGSSLROOTCERT": f"{_MOUNT_PATH}/{_CERTIFICATE}",
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
