"""The Job that brings the database's tables to what a release expects."""

from cdk8s_plus_28 import k8s

from constructs import Construct
from k8s.application import BACKEND, USER_ID, volume_name
from k8s.external_secrets import MIGRATIONS_SECRET
from k8s.job import job
from k8s.quantities import resource_requirements
from settings.services import ResourceSettings

COMPONENT = "migrations"


def migrations(
    scope: Construct, resources: ResourceSettings, *, image: str, release: str
) -> k8s.KubeJob:
    """Make the Job: `prisma migrate deploy` of the backend's image, as the owner of the tables.

    It runs before the release's pods do, beside those of the release before: migrations must fit
    both (docs/operations.md).

    Args:
        scope: the chart.
        resources: what it may take: as much as a pod of the backend.
        image: the backend's, with tag or digest; may be a placeholder of CloudFormation.
        release: at most 20 characters; may be a placeholder of CloudFormation.
    """
    return job(
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
        from_deployment=(image,),
    )


def _container(resources: ResourceSettings, image: str) -> k8s.Container:
    return k8s.Container(
        name=COMPONENT,
        image=image,
        image_pull_policy="IfNotPresent",
        command=["npx", "--no-install", "prisma", "migrate", "deploy"],
        env=[
            # npm and Prisma write below the home directory, and Prisma asks for updates.
            k8s.EnvVar(name="HOME", value="/tmp"),  # noqa: S108  the container's
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
