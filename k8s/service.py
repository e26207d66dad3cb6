"""The Service of a service."""

import cdk8s
import cdk8s_plus_28 as kplus

from constructs import Construct
from k8s.application import Service
from k8s.names import NAMESPACE, Track, labels, object_name, selector_labels


def service_object(scope: Construct, service: Service, track: Track = "blue") -> kplus.Service:
    """Make the Service, inside the cluster only: the load balancer sends to the pods' addresses."""
    made = kplus.Service(
        scope,
        "service",
        metadata=cdk8s.ApiObjectMetadata(
            name=object_name(service.name, track),
            namespace=NAMESPACE,
            labels=labels(service.name, track),
        ),
        type=kplus.ServiceType.CLUSTER_IP,
        ports=[kplus.ServicePort(name="http", port=service.port, target_port=service.port)],
    )
    for key, value in selector_labels(service.name, track).items():
        made.select_label(key, value)
    return made
