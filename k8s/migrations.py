"""The Job that migrates the database's tables before a release."""

from cdk8s_plus_28 import k8s

from constructs import Construct
from k8s.application import BACKEND, USER_ID, volume_name
from k8s.external_secrets import MIGRATIONS_SECRET
from k8s.job import add_job
from k8s.quantities import resource_requirements
from settings.services import ResourceSettings

COMPONENT = "migrations"


def add_migrations(
    scope: Construct, resources: ResourceSettings, *, image: str, release: str
) -> None:
    """Add the Job, which runs `prisma migrate deploy` as the owner of the tables.

    It runs before the pods of its release start, while the pods of the previous release still run.
    A migration must suit both releases (docs/operations.md).

    Args:
        scope: The chart.
        resources: The requests and limits, which are those of a backend pod.
        image: The backend's image, with a tag or a digest. It may be a CDK token.
        release: At most 20 characters. It may be a CDK token.
    """
    add_job(
        scope,
        COMPONENT,
        release=release,
        container=_container(resources, image),
        volumes=[
            k8s.Volume(name=volume_name(path), empty_dir=k8s.EmptyDirVolumeSource())
            for path in BACKEND.writable_paths
        ],
        user_id=USER_ID,
        fs_group=USER_ID,
        deploy_time_values=(image,),
    )


def _container(resources: ResourceSettings, image: str) -> k8s.Container:
    return k8s.Container(
        name=COMPONENT,
        image=image,
        image_pull_policy="IfNotPresent",
        command=["npx", "--no-install", "prisma", "migrate", "deploy"],
        env=[
            # npm and Prisma write to the home directory.
            k8s.EnvVar(name="HOME", value="/tmp"),  # noqa: S108  the container's
            # Prisma does not look for newer versions of itself.
            k8s.EnvVar(name="CHECKPOINT_DISABLE", value="1"),
            k8s.EnvVar(
                name="DATABASE_URL",
                value_from=k8s.EnvVarSource(
                    secret_key_ref=k8s.SecretKeySelector(name=MIGRATIONS_SECRET, key="DATABASE_URL")
                ),
            ),
        ],
        resources=resource_requirements(resources),
        security_context=k8s.SecurityContext(
            run_as_non_root=True,
            run_as_user=USER_ID,
            read_only_root_filesystem=True,
            allow_privilege_escalation=False,
            capabilities=k8s.Capabilities(drop=["ALL"]),
        ),
        volume_mounts=[
            k8s.VolumeMount(name=volume_name(path), mount_path=path)
            for path in BACKEND.writable_paths
        ],
    )
