"""The wait for the end of a Job or of a roll-out, which fails the deployment if that failed.

CDK's kubectl provider waits until a JSONPath returns a value, and knows no failure
(custom-resource-handlers, aws-eks-v2/kubectl-handler/get, aws-cdk-lib 2.275.0). The path here
therefore returns a value for either end: kubectl joins the results of several expressions. A
parameter of Systems Manager then accepts only the value of the good end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_ssm as ssm

from constructs import Construct, IDependable
from k8s.names import NAMESPACE

_TIMEOUT = cdk.Duration.minutes(14)
"""The provider's function ends after 15 minutes. A pod takes 45 to 95 seconds from its creation
until its target is healthy, and a roll-out replaces one pod at a time. Ten pods take 11.7 minutes
on average, and less than 14 minutes in 999 of 1,000 roll-outs."""


@dataclass(frozen=True, kw_only=True)
class Completion:
    """The conditions of an object's status that mean its end."""

    object_type: str
    field: str
    """The field of a condition whose values are below."""
    succeeded: str
    failed: str

    @property
    def json_path(self) -> str:
        """The path, without the outer braces, which the provider adds."""
        return "}{".join(
            f'.status.conditions[?(@.{self.field}=="{value}")].{self.field}'
            for value in (self.succeeded, self.failed)
        )


JOB = Completion(object_type="job", field="type", succeeded="Complete", failed="Failed")
"""A Job fails after its last retry, or at its deadline."""
ROLLOUT = Completion(
    object_type="deployment",
    field="reason",
    succeeded="NewReplicaSetAvailable",
    failed="ProgressDeadlineExceeded",
)
"""A roll-out fails when no further pod becomes available for `progressDeadlineSeconds`."""


def wait_for(
    scope: Construct,
    construct_id: str,
    *,
    cluster: eks.ICluster,
    completion: Completion,
    object_name: str,
    dependencies: Sequence[IDependable],
    causes: Mapping[str, str] | None = None,
) -> list[IDependable]:
    """Create the wait, and return what is created only after the good end.

    The wait itself is part of it, so that the order of the stack's Kubernetes resources is known
    (stacks/shared/kubectl_concurrency.py).

    Args:
        scope: The scope of the resources.
        construct_id: What is waited for, the beginning of the ids.
        cluster: The cluster of the object.
        completion: The conditions that end the wait.
        object_name: The name of the object. It may be a CDK token.
        dependencies: What creates or changes the object.
        causes: Values whose change starts the wait again, as properties by their names.
    """
    wait = eks.KubernetesObjectValue(
        scope,
        f"{construct_id}Done",
        cluster=cluster,
        object_type=completion.object_type,
        object_name=object_name,
        object_namespace=NAMESPACE,
        json_path=completion.json_path,
        timeout=_TIMEOUT,
    )
    wait.node.add_dependency(*dependencies)
    resource = cast(cdk.CfnResource, wait.node.find_child("Resource").node.default_child)
    for name, value in (causes or {}).items():
        resource.add_property_override(name, value)
    outcome: IDependable = ssm.StringParameter(
        scope,
        f"{construct_id}Outcome",
        description=f"The end of the wait for {construct_id}. Another end fails the deployment.",
        string_value=wait.value,
        allowed_pattern=f"^{completion.succeeded}$",
    )
    return [wait, outcome]
