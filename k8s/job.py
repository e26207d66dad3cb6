"""The Jobs that a deployment runs once and waits for."""

import hashlib
import json

import cdk8s
from cdk8s_plus_28 import k8s

from constructs import Construct
from k8s.checkov_annotations import checkov_annotations
from k8s.names import NAMESPACE, labels, object_name
from k8s.priority_class import APPLICATION_PRIORITY

DEADLINE_SECONDS = 600
_RETRIES = 6


def add_job(
    scope: Construct,
    component: str,
    *,
    release: str,
    container: k8s.Container,
    volumes: list[k8s.Volume],
    user_id: int,
    fs_group: int | None = None,
    mounted_content: str = "",
    deploy_time_values: tuple[str, ...] = (),
) -> None:
    """Add a Job.

    A Job is immutable, so that a changed Job needs another name. The name ends with a digest of
    the spec and the release. The Job has no time to live, and the next deployment keeps it: if that
    one fails, the rollback applies this Job again, which then has succeeded already and does not
    run. Otherwise its migrations would fail after a failed migration (Prisma, P3009).

    Args:
        scope: The chart.
        component: The part of the name before the digest.
        release: At most 20 characters. It may be a CDK token.
        container: The container of the Job.
        volumes: The volumes that the container mounts.
        user_id: The user id and the group id in the container.
        fs_group: The group that owns the volumes, if the container writes to them.
        mounted_content: The content of a mounted ConfigMap, which the digest covers too.
        deploy_time_values: Values in the container that a deployment chooses, such as the image.
            They may be CDK tokens, so the digest leaves them out. The release identifies them.
    """
    job = k8s.KubeJob(
        scope,
        f"{component}-job",
        metadata=k8s.ObjectMeta(
            namespace=NAMESPACE,
            labels=labels(component),
            annotations=checkov_annotations(has_secrets=True),
        ),
        spec=k8s.JobSpec(
            backoff_limit=_RETRIES,
            active_deadline_seconds=DEADLINE_SECONDS,
            template=_pod_template(component, container, volumes, user_id, fs_group),
        ),
    )
    digest = _digest(job, mounted_content, deploy_time_values)
    name = f"{object_name(component)}-{digest}-{release}"
    job.add_json_patch(cdk8s.JsonPatch.add("/metadata/name", name))


def _pod_template(
    component: str,
    container: k8s.Container,
    volumes: list[k8s.Volume],
    user_id: int,
    fs_group: int | None,
) -> k8s.PodTemplateSpec:
    return k8s.PodTemplateSpec(
        metadata=k8s.ObjectMeta(labels=labels(component)),
        spec=k8s.PodSpec(
            restart_policy="Never",
            service_account_name=object_name(component),
            automount_service_account_token=False,
            enable_service_links=False,
            priority_class_name=APPLICATION_PRIORITY,
            security_context=k8s.PodSecurityContext(
                run_as_non_root=True,
                run_as_user=user_id,
                run_as_group=user_id,
                fs_group=fs_group,
                seccomp_profile=k8s.SeccompProfile(type="RuntimeDefault"),
            ),
            containers=[container],
            volumes=volumes,
        ),
    )


def _digest(job: k8s.KubeJob, mounted_content: str, deploy_time_values: tuple[str, ...]) -> str:
    content = json.dumps(job.to_json()["spec"], sort_keys=True) + mounted_content
    for value in deploy_time_values:
        content = content.replace(json.dumps(value)[1:-1], "")
    return hashlib.sha256(content.encode()).hexdigest()[:8]
