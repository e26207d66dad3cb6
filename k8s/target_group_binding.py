"""The TargetGroupBinding of a service: it registers the pods with a target group.

The target group of a binding is immutable (aws-load-balancer-controller v3.5.0,
webhooks/elbv2/targetgroupbinding_validator.go). A target group is replaced when its port changes.
The name of the binding therefore contains the port.
"""

from constructs import Construct
from k8s.application import Service
from k8s.custom_resource import add_custom_resource
from k8s.names import labels, object_name
from settings.delivery import Track


def binding_name(service: Service, track: Track = "blue") -> str:
    """Return the name of the binding, such as spywatcher-backend-3001."""
    return f"{object_name(service.name, track)}-{service.port}"


def readiness_gate(service: Service, track: Track = "blue") -> str:
    """Return the pod condition that the controller sets when a pod's target is healthy.

    Source: aws-load-balancer-controller v3.5.0, pkg/targetgroupbinding/utils.go.
    """
    return f"target-health.elbv2.k8s.aws/{binding_name(service, track)}"


def add_target_group_binding(
    scope: Construct, service: Service, *, target_group_arn: str, track: Track = "blue"
) -> None:
    """Add the binding: the pods behind the Service become targets of the target group.

    It has no `networking` section: the stacks' security groups and network policies open the ports.

    Args:
        scope: The chart.
        service: The service.
        target_group_arn: A target group with the target type `ip`. It may be a CDK token.
        track: The track of the pods.
    """
    name = object_name(service.name, track)
    add_custom_resource(
        scope,
        "binding",
        api_version="elbv2.k8s.aws/v1beta1",
        kind="TargetGroupBinding",
        name=binding_name(service, track),
        labels=labels(service.name, track),
        spec={
            "serviceRef": {"name": name, "port": service.port},
            "targetGroupARN": target_group_arn,
            "targetType": "ip",
        },
    )
