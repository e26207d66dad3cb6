"""The policy of the gateway endpoint through which the private tier reaches S3."""

from aws_cdk import aws_iam as iam

_READABLE_BUCKETS = (
    # Image layers of Amazon ECR, which has the images of the EKS add-ons ("Amazon ECR interface
    # VPC endpoints").
    "prod-{region}-starport-layer-bucket",
    # Image layers of registry.k8s.io, which redirects clients on AWS to a bucket of their region
    # (kubernetes/registry.k8s.io, cmd/archeio/internal/app/buckets.go).
    "prod-registry-k8s-io-{region}",
    # Package repositories of Amazon Linux ("Updating AL2023", Amazon Linux 2023 User Guide).
    "al2023-repos-{region}-de612dc2",
    # Updates, documents and patch baselines of SSM Agent ("SSM Agent communications with AWS
    # managed S3 buckets").
    "aws-ssm-{region}",
    "amazon-ssm-{region}",
    "amazon-ssm-packages-{region}",
    "{region}-birdwatcher-prod",
    "aws-ssm-document-attachments-{region}",
    "patch-baseline-snapshot-{region}",
)


def s3_endpoint_policy(*, partition: str, region: str, account: str) -> list[iam.PolicyStatement]:
    """Return the statements: all actions on this account's buckets, and reads that nodes need.

    Without a policy, the endpoint would carry data to the buckets of any account. The assets of
    CDK are in a bucket of this account. A registry with image layers in another bucket fails with
    403: add its bucket to the list above.
    """
    anyone = [iam.AnyPrincipal()]
    buckets = f"arn:{partition}:s3:::"
    # The name of this bucket contains the region without dashes.
    responses = f"cloudformation-custom-resource-response-{region.replace('-', '')}"
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
        # Custom resources in the VPC, such as the kubectl provider, respond to CloudFormation
        # with a presigned URL of this bucket. Without the statement, a deployment waits until it
        # times out ("Setting up VPC endpoints for AWS CloudFormation").
        iam.PolicyStatement(
            sid="AnswerCloudFormation",
            principals=anyone,
            actions=["s3:PutObject"],
            resources=[f"{buckets}{responses}/*"],
        ),
    ]
