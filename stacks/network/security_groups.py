"""The security groups of the load balancer, the data stores and their password rotation."""

from dataclasses import dataclass

from aws_cdk import aws_ec2 as ec2

from constructs import Construct
from k8s.network_policies import HTTPS, POSTGRESQL, REDIS
from stacks.shared.acknowledgement import acknowledge


@dataclass(frozen=True, kw_only=True)
class SecurityGroups:
    """The groups that the data and cluster stacks use.

    The cluster stack adds the rules to and from its pods, whose group EKS creates.
    """

    load_balancer: ec2.ISecurityGroup
    database: ec2.ISecurityGroup
    """The group of PostgreSQL."""
    cache: ec2.ISecurityGroup
    """The group of Redis."""
    rotation: ec2.ISecurityGroup
    """The group of the functions that rotate the passwords of PostgreSQL and Redis."""
    endpoints: ec2.ISecurityGroup | None
    """The group of the interface endpoints, where the settings list any."""


def create_security_groups(
    scope: Construct, *, vpc: ec2.IVpc, endpoints: ec2.ISecurityGroup | None
) -> SecurityGroups:
    """Create the groups, which allow no outbound traffic by default.

    Args:
        scope: The scope of the construct.
        vpc: The VPC of the groups.
        endpoints: The group of the interface endpoints.
    """
    load_balancer = _create_group(scope, "LoadBalancerGroup", vpc, "Load balancer: the way in")
    acknowledge(
        load_balancer,
        "AwsSolutions-EC23",
        "CKV_AWS_260",
        reason="The site is public. WAF protects port 443, and port 80 only redirects to it.",
    )
    database = _create_group(scope, "DatabaseGroup", vpc, "PostgreSQL")
    cache = _create_group(scope, "CacheGroup", vpc, "Redis")
    rotation = _create_group(
        scope, "RotationGroup", vpc, "Password rotation: PostgreSQL, Redis, AWS APIs"
    )
    _allow_rotation(rotation, database=database, cache=cache, endpoints=endpoints)
    return SecurityGroups(
        load_balancer=load_balancer,
        database=database,
        cache=cache,
        rotation=rotation,
        endpoints=endpoints,
    )


def _create_group(
    scope: Construct, construct_id: str, vpc: ec2.IVpc, description: str
) -> ec2.SecurityGroup:
    return ec2.SecurityGroup(
        scope, construct_id, vpc=vpc, description=description, allow_all_outbound=False
    )


def _allow_rotation(
    rotation: ec2.SecurityGroup,
    *,
    database: ec2.SecurityGroup,
    cache: ec2.SecurityGroup,
    endpoints: ec2.ISecurityGroup | None,
) -> None:
    """Allow the rotation functions to log in to the data stores and to call the APIs of AWS.

    The calls pass an interface endpoint where there is one, and a NAT gateway otherwise.
    """
    rotation.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(HTTPS), "HTTPS")
    for group, port, name in ((database, POSTGRESQL, "PostgreSQL"), (cache, REDIS, "Redis")):
        rotation.add_egress_rule(group, ec2.Port.tcp(port), f"Rotation to {name}")
        group.add_ingress_rule(rotation, ec2.Port.tcp(port), f"Rotation to {name}")
    if endpoints is not None:
        endpoints.add_ingress_rule(rotation, ec2.Port.tcp(HTTPS), "Rotation to endpoints")
