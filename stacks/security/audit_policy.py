"""The permissions of administrators on the audit trail and on the files of the audit."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from constructs import Construct
from spywatcher_constructs.audit_trail import AuditTrail
from stacks.shared.acknowledgement import acknowledge
from stacks.shared.log_permissions import allow_log_reads


class AuditPolicy(iam.ManagedPolicy):
    """Allows what the runbooks on the trail and on the access review need."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        role: iam.IRole,
        trail: AuditTrail,
        encryption_key: kms.IKey,
    ) -> None:
        """Attach the policy to the role.

        Args:
            scope: The scope of the construct.
            construct_id: The id of the construct.
            role: The role of administrators.
            trail: The trail. Its bucket stores its files, and those of the access review.
            encryption_key: The KMS key of the files.
        """
        files = trail.bucket.arn_for_objects("*")
        super().__init__(
            scope,
            construct_id,
            description="Administrators: start the audit trail, and read its files",
            roles=[role],
            statements=[
                iam.PolicyStatement(
                    sid="StartTrail",
                    actions=["cloudtrail:StartLogging"],
                    resources=[trail.trail_arn],
                ),
                iam.PolicyStatement(
                    sid="ListAuditFiles",
                    actions=["s3:ListBucket"],
                    resources=[trail.bucket.bucket_arn],
                ),
                iam.PolicyStatement(
                    sid="ReadAuditFiles", actions=["s3:GetObject"], resources=[files]
                ),
                iam.PolicyStatement(
                    sid="DecryptAuditFiles",
                    actions=["kms:Decrypt"],
                    resources=[encryption_key.key_arn],
                ),
            ],
        )
        allow_log_reads(self)
        acknowledge(
            self,
            f"AwsSolutions-IAM5[Resource::{files}]",
            reason="The names of the files contain dates and random parts. The policy allows "
            "reading in one bucket, which stores nothing else than the files of the audit.",
        )
