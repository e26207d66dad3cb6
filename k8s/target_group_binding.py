"""The TargetGroupBinding of a service: it registers the pods with a target group."""

from constructs import Construct
from k8s.application import Service
from k8s.custom_resource import add_custom_resource
from k8s.names import Track, labels, object_name


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
        name=name,
        labels=labels(service.name, track),
        spec={
            "serviceRef": {"name": name, "port": service.port},
            "targetGroupARN": target_group_arn,
            "targetType": "ip",
        },
    )
