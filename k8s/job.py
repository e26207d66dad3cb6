"""Jobs that a deployment runs once and waits for."""

import hashlib
import json

import cdk8s
from cdk8s_plus_28 import k8s

from constructs import Construct
from k8s.acknowledgement import acknowledgements
from k8s.names import NAMESPACE, labels, object_name
from k8s.priority_class import APPLICATION_PRIORITY

DEADLINE_SECONDS = 600
_RETRIES = 6


def job(
    scope: Construct,
    component: str,
    *,
    release: str,
    container: k8s.Container,
    volumes: list[k8s.Volume],
    user_id: int,
    fs_group: int | None = None,
    depends_on: str = "",
    from_deployment: tuple[str, ...] = (),
) -> k8s.KubeJob:
    """Make the Job.

    A Job cannot be changed, so that another one needs another name: it carries the release and a
    digest of what the Job does. It has no time to live: a deployment waits for its
    `.status.succeeded`, and the next one prunes it.

    Args:
        scope: the chart.
        component: the last part of the name, before digest and release.
        release: at most 20 characters; may be a placeholder of CloudFormation.
        container: what it runs.
        volumes: what the container mounts.
        user_id: of user and group, in the container's image.
        fs_group: who owns the volumes, where the container writes to them.
        depends_on: more that makes it another Job, such as the content of a ConfigMap.
        from_deployment: values in the container that a deployment chooses, such as the image: they
            are left out of the digest, since they may be placeholders; the release stands for them.
    """
    made = k8s.KubeJob(
        scope,
        f"{component}-job",
        metadata=k8s.ObjectMeta(
            namespace=NAMESPACE,
            labels=labels(component),
            annotations=acknowledgements(has_secrets=True),
        ),
        spec=k8s.JobSpec(
            backoff_limit=_RETRIES,
            active_deadline_seconds=DEADLINE_SECONDS,
            template=k8s.PodTemplateSpec(
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
            ),
        ),
    )
    does = json.dumps(made.to_json()["spec"], sort_keys=True) + depends_on
    for value in from_deployment:
        does = does.replace(json.dumps(value)[1:-1], "")
    digest = hashlib.sha256(does.encode()).hexdigest()[:8]
    name = f"{object_name(component)}-{digest}-{release}"
    made.add_json_patch(cdk8s.JsonPatch.add("/metadata/name", name))
    return made
