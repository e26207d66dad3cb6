"""IAM roles of pods, for EKS Pod Identity."""

from aws_cdk import aws_iam as iam

from constructs import Construct


def create_pod_role(
    scope: Construct, construct_id: str, *, cluster_name: str, namespace: str, service_account: str
) -> iam.Role:
    """Create a role for the pods of one service account.

    A pod identity association connects the role with the service account. EKS tags each session
    with the cluster, the namespace and the service account, and the trust policy requires these
    tags. A wrong association therefore gives no other pod the role.

    Args:
        scope: The scope of the role.
        construct_id: The id of the role.
        cluster_name: The cluster of the pods.
        namespace: The namespace of the pods.
        service_account: The service account of the pods.
    """
    tags = {
        "eks-cluster-name": cluster_name,
        "kubernetes-namespace": namespace,
        "kubernetes-service-account": service_account,
    }
    # EKS rejects a role whose trust policy allows sts:AssumeRole without sts:TagSession.
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
