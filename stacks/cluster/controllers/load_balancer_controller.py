"""AWS Load Balancer Controller: makes pods the targets of the load balancer's target groups.

It makes no load balancers here (docs/decisions, the ALB belongs to CDK): what it could do for
Services, Ingresses and Gateways is off, and not permitted.
"""

from collections.abc import Sequence

from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_iam as iam

from constructs import Construct
from settings.versions import CHARTS
from stacks.cluster.controllers.controller import (
    RESTRICTED_CONTAINER,
    RESTRICTED_POD,
    Controller,
    Pods,
)

_READS = (
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeInstances",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeTags",
    "elasticloadbalancing:DescribeTargetGroupAttributes",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
)


def load_balancer_controller(
    *, cluster_name: str, region: str, vpc_id: str, replicas: int
) -> Controller:
    """Declare the controller.

    Region and VPC are given: the nodes' hop limit keeps pods from asking the metadata service.
    Its webhook for Services is off: it would stop every Service of the cluster from being made
    while the controller is down. Whose targets it may register, the workloads stack says, which
    makes the target groups: `let_register_targets`.
    """
    pods = Pods(
        name="aws-load-balancer-controller",
        replicas=replicas,
        cpu_request_millicores=50,
        memory_request_mib=128,
    )
    return Controller(
        chart=CHARTS["aws-load-balancer-controller"],
        service_account="aws-load-balancer-controller",
        pods=(pods,),
        api_groups=("elbv2.k8s.aws",),
        values=_values(cluster_name, region, vpc_id, pods),
        reads=_READS,
    )


def _values(cluster_name: str, region: str, vpc_id: str, pods: Pods) -> dict[str, object]:
    return {
        "clusterName": cluster_name,
        "region": region,
        "vpcId": vpc_id,
        "serviceAccount": {"name": "aws-load-balancer-controller"},
        "enableServiceMutatorWebhook": False,
        "enableBackendSecurityGroup": False,
        "createIngressClassResource": False,
        "ingressClassParams": {"create": False},
        "enableShield": False,
        "enableWaf": False,
        "enableWafv2": False,
        "controllerConfig": {
            "featureGates": {
                "EnableServiceController": False,
                "NLBGatewayAPI": False,
                "ALBGatewayAPI": False,
            }
        },
        "replicaCount": pods.replicas,
        "podDisruptionBudget": pods.disruption_budget(),
        "resources": pods.resources(),
        "podSecurityContext": RESTRICTED_POD,
        "securityContext": RESTRICTED_CONTAINER,
    }


def let_register_targets(
    scope: Construct,
    construct_id: str,
    *,
    role: iam.IRole,
    target_groups: Sequence[elbv2.IApplicationTargetGroup],
) -> iam.ManagedPolicy:
    """Let the controller register pods with these target groups, and with no others.

    Called where the target groups are made, a stack later than the controller: so that they are
    named whole. A TargetGroupBinding depends on the policy.

    Args:
        scope: where the policy lives.
        construct_id: its id there.
        role: the controller's.
        target_groups: what it may change.
    """
    return iam.ManagedPolicy(
        scope,
        construct_id,
        description="AWS Load Balancer Controller: targets of the application",
        roles=[role],
        statements=[
            iam.PolicyStatement(
                actions=[
                    "elasticloadbalancing:DeregisterTargets",
                    "elasticloadbalancing:RegisterTargets",
                ],
                resources=[group.target_group_arn for group in target_groups],
            )
        ],
    )
