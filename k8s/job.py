"""Jobs that a deployment runs once and waits for."""

import hashlib
import json

import cdk8s
from cdk8s_plus_28 import k8s

from constructs import Construct
from k8s.acknowledgement import acknowledgements
from k8s.names import NAMESPACE, labels, object_name

DEADLINE_SECONDS = 600
_RETRIES = 6


def job(
    scope: Construct,
    component: str,
    *,
    release: str,
    pod: k8s.PodSpec,
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
        pod: what it runs.
        depends_on: more that makes it another Job, such as the content of a ConfigMap.
        from_deployment: values in the pod that a deployment chooses, such as the image: they are
            left out of the digest, since they may be placeholders, and the release stands for them.
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
                metadata=k8s.ObjectMeta(labels=labels(component)), spec=pod
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
