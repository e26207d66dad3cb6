"""What the private tier may ask of S3 through its gateway endpoint."""

from aws_cdk import aws_iam as iam

_READABLE_BUCKETS = (
    # Image layers of ECR, EKS add-ons' images among them ("Amazon ECR interface VPC endpoints").
    "prod-{region}-starport-layer-bucket",
    # Image layers of registry.k8s.io, which sends clients on AWS to a bucket of their region
    # (kubernetes/registry.k8s.io, cmd/archeio/internal/app/buckets.go).
    "prod-registry-k8s-io-{region}",
    # Amazon Linux's package repositories ("Updating AL2023" of its user guide).
    "al2023-repos-{region}-de612dc2",
    # SSM Agent: its updates, documents and patch baselines ("SSM Agent communications with AWS
    # managed S3 buckets").
    "aws-ssm-{region}",
    "amazon-ssm-{region}",
    "amazon-ssm-packages-{region}",
    "{region}-birdwatcher-prod",
    "aws-ssm-document-attachments-{region}",
    "patch-baseline-snapshot-{region}",
)


def s3_endpoint_policy(*, partition: str, region: str, account: str) -> list[iam.PolicyStatement]:
    """Return the statements: this account's buckets, and reading from those that nodes need.

    An endpoint without a policy carries anything to anybody's bucket: the way by which data
    leaves unseen. CDK's assets lie in this account's own bucket. A registry that keeps its layers
    in another bucket of the region answers 403 here: add that bucket to the list.
    """
    anyone = [iam.AnyPrincipal()]
    buckets = f"arn:{partition}:s3:::"
    answers = f"cloudformation-custom-resource-response-{region.replace('-', '')}"
    return [
        iam.PolicyStatement(
            sid="OwnBuckets",
            principals=anyone,
            actions=["s3:*"],
            resources=["*"],
            conditions={"StringEquals": {"aws:ResourceAccount": account}},
        ),
        iam.PolicyStatement(
            sid="ReadImagesAndPackages",
            principals=anyone,
            actions=["s3:GetObject"],
            resources=[
                f"{buckets}{bucket.format(region=region)}/*" for bucket in _READABLE_BUCKETS
            ],
        ),
        # Functions in the VPC answer CloudFormation by a presigned URL, the kubectl provider's
        # among them; its name has no dashes. Without this a deploy hangs until it times out
        # ("Setting up VPC endpoints for AWS CloudFormation").
        iam.PolicyStatement(
            sid="AnswerCloudFormation",
            principals=anyone,
            actions=["s3:PutObject"],
            resources=[f"{buckets}{answers}/*"],
        ),
    ]
