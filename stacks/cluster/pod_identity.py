"""Roles that pods act in, by EKS Pod Identity."""

from aws_cdk import aws_iam as iam

from constructs import Construct


def pod_role(
    scope: Construct, construct_id: str, *, cluster_name: str, namespace: str, service_account: str
) -> iam.Role:
    """Make a role for the pods of one service account, and for no others.

    An association says who gets the role; the tags that EKS puts on each session say it again
    here, so that an association made by mistake gives nothing away.

    Args:
        scope: where the role lives.
        construct_id: its id there.
        cluster_name: the cluster of the pods.
        namespace: their namespace.
        service_account: their service account.
    """
    tags = {
        "eks-cluster-name": cluster_name,
        "kubernetes-namespace": namespace,
        "kubernetes-service-account": service_account,
    }
    # sts:TagSession beside sts:AssumeRole: without it EKS refuses the role.
    principal = (
        iam.ServicePrincipal("pods.eks.amazonaws.com")
        .with_conditions(
            {"StringEquals": {f"aws:RequestTag/{key}": value for key, value in tags.items()}}
        )
        .with_session_tags()
    )
    return iam.Role(
        scope,
        construct_id,
        assumed_by=principal,
        description=f"Pods of {namespace}/{service_account} in {cluster_name}",
    )
