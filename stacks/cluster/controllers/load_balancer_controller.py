"""AWS Load Balancer Controller: it registers pods with the load balancer's target groups.

The CDK application owns the load balancer. The controller's features for Services, Ingresses and
Gateways are disabled, and its IAM role does not permit them.
"""

from collections.abc import Sequence

from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_iam as iam

from constructs import Construct
from settings.versions import CHARTS
from stacks.cluster.controllers.controller import (
    PRIORITY_CLASS,
    RESTRICTED_CONTAINER,
    RESTRICTED_POD,
    ChartDeployment,
    Controller,
)

NAME = "aws-load-balancer-controller"
"""The name of the chart, and of the service account."""

_READ_ACTIONS = (
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

    The Helm values contain the region and the VPC, because the nodes' hop limit keeps pods from the
    metadata service. The webhook for Services is disabled: while the controller is down, it would
    reject every new Service of the cluster. The workloads stack creates the target groups, and
    adds the permission to register targets with `allow_target_registration`.
    """
    deployment = ChartDeployment(
        name=NAME,
        pod_label=("app.kubernetes.io/name", NAME),
        replicas=replicas,
        cpu_request_millicores=50,
        memory_request_mib=128,
    )
    return Controller(
        chart=CHARTS[NAME],
        service_account=NAME,
        deployments=(deployment,),
        values=_values(cluster_name, region, vpc_id, deployment),
        read_actions=_READ_ACTIONS,
    )


def _values(
    cluster_name: str, region: str, vpc_id: str, deployment: ChartDeployment
) -> dict[str, object]:
    return {
        "clusterName": cluster_name,
        "region": region,
        "vpcId": vpc_id,
        "serviceAccount": {"name": NAME},
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
        "replicaCount": deployment.replicas,
        "priorityClassName": PRIORITY_CLASS,
        "topologySpreadConstraints": deployment.topology_spread_constraints(),
        "resources": deployment.resources(),
        "podSecurityContext": RESTRICTED_POD,
        "securityContext": RESTRICTED_CONTAINER,
    }


def allow_target_registration(
    scope: Construct,
    construct_id: str,
    *,
    role: iam.IRole,
    target_groups: Sequence[elbv2.IApplicationTargetGroup],
) -> iam.ManagedPolicy:
    """Allow the controller to register pods with these target groups only.

    The stack that creates the target groups calls it, so that the policy names their ARNs. Each
    TargetGroupBinding must depend on the returned policy.

    Args:
        scope: The scope of the policy.
        construct_id: The id of the policy.
        role: The controller's role.
        target_groups: The target groups.
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
