"""Security group rules between the cluster and the security groups of the network stack.

Each rule is a resource of the cluster stack. `Connections` would add it to the stack of its
security group, and the network stack would then depend on this one.
"""

from aws_cdk import aws_ec2 as ec2

from constructs import Construct
from k8s.application import BACKEND, FRONTEND
from k8s.network_policies import HTTPS, POSTGRESQL, REDIS
from stacks.network.security_groups import SecurityGroups
from stacks.shared.names import to_pascal_case


def allow_pod_traffic(
    scope: Construct,
    pods: ec2.ISecurityGroup,
    security_groups: SecurityGroups,
) -> None:
    """Allow the load balancer to reach the pods, and the pods to reach the data stores."""
    load_balancer = security_groups.load_balancer
    for service in (BACKEND, FRONTEND):
        description = f"ALB to {service.name}"
        allow_ingress(scope, load_balancer, pods, service.port, description)
        _allow_egress(scope, load_balancer, pods, service.port, description)
    allow_ingress(scope, pods, security_groups.database, POSTGRESQL, "Pods to PostgreSQL")
    allow_ingress(scope, pods, security_groups.cache, REDIS, "Pods to Redis")


def allow_ingress(
    scope: Construct,
    source: ec2.ISecurityGroup,
    target: ec2.ISecurityGroup,
    port: int,
    description: str,
) -> ec2.CfnSecurityGroupIngress:
    """Allow TCP connections from one security group to another.

    Args:
        scope: The scope of the rule.
        source: The security group of the clients. Its egress rules must allow the connections.
        target: The security group that receives the rule.
        port: The port of the servers.
        description: The description of the rule. The construct id derives from it.
    """
    return ec2.CfnSecurityGroupIngress(
        scope,
        f"{to_pascal_case(description)}Ingress",
        group_id=target.security_group_id,
        source_security_group_id=source.security_group_id,
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
        description=description,
    )


def allow_https_to_endpoints(
    scope: Construct, source: ec2.ISecurityGroup, endpoints: ec2.ISecurityGroup, name: str
) -> ec2.CfnSecurityGroupIngress:
    """Allow HTTPS to the VPC endpoints.

    The clients must depend on the returned rule. Private DNS resolves the names of AWS APIs to the
    endpoints, so that no call succeeds without the rule.
    """
    return allow_ingress(scope, source, endpoints, HTTPS, f"{name} to endpoints")


def _allow_egress(
    scope: Construct,
    source: ec2.ISecurityGroup,
    target: ec2.ISecurityGroup,
    port: int,
    description: str,
) -> None:
    ec2.CfnSecurityGroupEgress(
        scope,
        f"{to_pascal_case(description)}Egress",
        group_id=source.security_group_id,
        destination_security_group_id=target.security_group_id,
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
        description=description,
    )
