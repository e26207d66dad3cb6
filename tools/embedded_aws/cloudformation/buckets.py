"""Refuses to delete a bucket that contains objects.

ministack 1.5.33 deletes it with its stack. On AWS the deletion fails, and so does `cdk destroy`.
"""

from __future__ import annotations

from ministack.services import s3  # type: ignore[import-untyped]

from tools.embedded_aws.cloudformation.deletions import refuse_deletion

BUCKET = "AWS::S3::Bucket"


def protect_filled_buckets() -> None:
    """Make the deletion of a bucket fail unless the bucket is empty."""
    refuse_deletion(BUCKET, _refusal)


def _refusal(name: str) -> str:
    if has_objects(name):
        return "The bucket you tried to delete is not empty (Service: S3, Status Code: 409)"
    return ""


def has_objects(name: str) -> bool:
    """Return whether a bucket contains an object or an object version; False if there is none."""
    bucket = s3._buckets.get(name)
    return bucket is not None and bool(bucket["objects"] or s3._bucket_has_versions(name))


def empty(name: str) -> None:
    """Delete all objects and object versions of a bucket, if the bucket exists."""
    bucket = s3._buckets.get(name)
    if bucket is None:
        return
    bucket["objects"].clear()
    for key in [key for key in s3._object_versions if key[0] == name]:
        del s3._object_versions[key]
