"""How pods become targets of the load balancer, which Kubernetes does not own."""

import cdk8s

from constructs import Construct
from k8s.application import Service
from k8s.custom_resource import custom_resource
from k8s.names import Track, labels, object_name


def target_group_binding(
    scope: Construct, service: Service, *, target_group_arn: str, track: Track = "blue"
) -> cdk8s.ApiObject:
    """Make the binding: the pods behind the Service are the target group's targets.

    It says nothing of networking: the stacks open the ports (security groups, network policies).

    Args:
        scope: the chart.
        service: whose pods.
        target_group_arn: of what kind `ip`; may be a placeholder of CloudFormation.
        track: which of the two that a release moves traffic between.
    """
    name = object_name(service.name, track)
    return custom_resource(
        scope,
        "binding",
        api_version="elbv2.k8s.aws/v1beta1",
        kind="TargetGroupBinding",
        name=name,
        labels=labels(service.name, track),
        spec={
            "serviceRef": {"name": name, "port": service.port},
            "targetGroupARN": target_group_arn,
            "targetType": "ip",
        },
    )
