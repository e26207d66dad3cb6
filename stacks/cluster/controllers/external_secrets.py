"""External Secrets Operator: it creates Kubernetes Secrets with values of Secrets Manager."""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam

from settings.versions import CHARTS
from stacks.cluster.controllers.controller import (
    PRIORITY_CLASS,
    ChartDeployment,
    Controller,
)


def external_secrets(
    *, secret_arns: Sequence[str], secrets_key_arn: str, secrets_manager: str, replicas: int
) -> Controller:
    """Declare the controller.

    A SecretStore without credentials uses the controller's own IAM role, which can read the secrets
    of this stage only. The custom resources that serve the whole cluster are disabled.

    Args:
        secret_arns: The secrets that pods use.
        secrets_key_arn: The KMS key that encrypts the secrets.
        secrets_manager: The service name in `kms:ViaService`, through which the key may be used.
        replicas: The replicas of each of the three Deployments.
    """
    controller, webhook, cert_controller = (
        ChartDeployment(
            name=name,
            pod_label=("app.kubernetes.io/name", name),
            replicas=replicas,
            cpu_request_millicores=cpu,
            memory_request_mib=memory,
        )
        for name, cpu, memory in (
            ("external-secrets", 25, 96),
            ("external-secrets-webhook", 10, 48),
            ("external-secrets-cert-controller", 10, 64),
        )
    )
    return Controller(
        chart=CHARTS["external-secrets"],
        service_account="external-secrets",
        deployments=(controller, webhook, cert_controller),
        values={
            "serviceAccount": {"name": "external-secrets"},
            "leaderElect": replicas > 1,
            **_deployment_values(controller),
            "webhook": _deployment_values(webhook),
            "certController": _deployment_values(cert_controller),
            "processClusterExternalSecret": False,
            "processClusterStore": False,
            "processClusterPushSecret": False,
            "crds": {
                "createClusterExternalSecret": False,
                "createClusterSecretStore": False,
                "createClusterPushSecret": False,
            },
        },
        statements=_statements(secret_arns, secrets_key_arn, secrets_manager),
    )


def _statements(
    secret_arns: Sequence[str], secrets_key_arn: str, secrets_manager: str
) -> tuple[iam.PolicyStatement, ...]:
    return (
        iam.PolicyStatement(
            actions=["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
            resources=list(secret_arns),
        ),
        iam.PolicyStatement(
            actions=["kms:Decrypt"],
            resources=[secrets_key_arn],
            conditions={"StringEquals": {"kms:ViaService": secrets_manager}},
        ),
    )


def _deployment_values(deployment: ChartDeployment) -> dict[str, object]:
    return {
        "replicaCount": deployment.replicas,
        "priorityClassName": PRIORITY_CLASS,
        "topologySpreadConstraints": deployment.topology_spread_constraints(),
        "resources": deployment.resources(),
    }
