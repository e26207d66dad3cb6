"""The Kubernetes Service of one of the application's services."""

import cdk8s
import cdk8s_plus_28 as kplus

from constructs import Construct
from k8s.application import Service
from k8s.names import NAMESPACE, labels, object_name, selector_labels
from settings.delivery import Track


def add_service(scope: Construct, service: Service, track: Track = "blue") -> None:
    """Add the Service. It is internal: the load balancer sends requests to the pods' addresses."""
    kubernetes_service = kplus.Service(
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
        kubernetes_service.select_label(key, value)
