"""The policy of the gateway endpoint through which the private tier reaches S3."""

from aws_cdk import aws_iam as iam

from settings.registries import layer_buckets

_PACKAGE_BUCKETS = (
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
    CDK are in a bucket of this account. settings/registries.py has the buckets of image layers.
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
                f"{buckets}{bucket}/*"
                for bucket in (
                    *layer_buckets(region),
                    *(bucket.format(region=region) for bucket in _PACKAGE_BUCKETS),
                )
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
