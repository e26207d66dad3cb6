"""External Secrets Operator: makes Kubernetes secrets of what lies in Secrets Manager."""

from collections.abc import Sequence

from settings.versions import CHARTS
from stacks.cluster.controllers.controller import Controller, Grant, Pods


def external_secrets(
    *, secret_arns: Sequence[str], secrets_key_arn: str, secrets_manager: str, replicas: int
) -> Controller:
    """Declare the controller.

    A SecretStore without credentials of its own acts as the controller, which reads the stage's
    secrets and no others. Stores and secrets for the whole cluster are off: a namespace asks for
    its own.

    Args:
        secret_arns: the secrets that pods use.
        secrets_key_arn: the key that encrypts them.
        secrets_manager: the service's name in that region, through which the key may be used.
        replicas: of each of its three Deployments.
    """
    names = (("external-secrets", 25, 96), ("webhook", 10, 48), ("cert-controller", 10, 64))
    pods = tuple(
        Pods(name=name, replicas=replicas, cpu_request_millicores=cpu, memory_request_mib=memory)
        for name, cpu, memory in names
    )
    return Controller(
        chart=CHARTS["external-secrets"],
        service_account="external-secrets",
        pods=pods,
        api_groups=("external-secrets.io",),
        values=_values(*pods),
        grants=_grants(secret_arns, secrets_key_arn, secrets_manager),
    )


def _values(controller: Pods, webhook: Pods, certificates: Pods) -> dict[str, object]:
    return {
        "serviceAccount": {"name": "external-secrets"},
        "leaderElect": controller.replicas > 1,
        **_deployment(controller),
        "webhook": _deployment(webhook),
        "certController": _deployment(certificates),
        "processClusterExternalSecret": False,
        "processClusterStore": False,
        "processClusterPushSecret": False,
        "crds": {
            "createClusterExternalSecret": False,
            "createClusterSecretStore": False,
            "createClusterPushSecret": False,
        },
    }


def _grants(
    secret_arns: Sequence[str], secrets_key_arn: str, secrets_manager: str
) -> tuple[Grant, ...]:
    return (
        Grant(
            actions=("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"),
            resources=tuple(secret_arns),
        ),
        Grant(
            actions=("kms:Decrypt",),
            resources=(secrets_key_arn,),
            conditions={"StringEquals": {"kms:ViaService": secrets_manager}},
        ),
    )


def _deployment(pods: Pods) -> dict[str, object]:
    budget = {"enabled": pods.replicas > 1, "minAvailable": 1}
    return {
        "replicaCount": pods.replicas,
        "podDisruptionBudget": budget,
        "resources": pods.resources(),
    }
