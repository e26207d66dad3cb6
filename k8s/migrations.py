"""The Job that brings the database's tables to what a release expects."""

from cdk8s_plus_28 import k8s

from constructs import Construct
from k8s.application import BACKEND, USER_ID
from k8s.external_secrets import MIGRATIONS_SECRET
from k8s.job import job
from k8s.names import object_name
from k8s.priority_class import APPLICATION_PRIORITY
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
        scope, COMPONENT, release=release, pod=_pod(resources, image), from_deployment=(image,)
    )


def _pod(resources: ResourceSettings, image: str) -> k8s.PodSpec:
    return k8s.PodSpec(
        restart_policy="Never",
        service_account_name=object_name(COMPONENT),
        automount_service_account_token=False,
        enable_service_links=False,
        priority_class_name=APPLICATION_PRIORITY,
        security_context=k8s.PodSecurityContext(
            run_as_non_root=True,
            run_as_user=USER_ID,
            run_as_group=USER_ID,
            fs_group=USER_ID,
            seccomp_profile=k8s.SeccompProfile(type="RuntimeDefault"),
        ),
        containers=[
            k8s.Container(
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
                            secret_key_ref=k8s.SecretKeySelector(
                                name=MIGRATIONS_SECRET, key="DATABASE_URL"
                            )
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
                    k8s.VolumeMount(name=_volume(path), mount_path=path)
                    for path in BACKEND.writable_paths
                ],
            )
        ],
        volumes=[
            k8s.Volume(name=_volume(path), empty_dir=k8s.EmptyDirVolumeSource())
            for path in BACKEND.writable_paths
        ],
    )


def _volume(path: str) -> str:
    return path.strip("/").replace("/", "-")
