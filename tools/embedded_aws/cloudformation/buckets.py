"""Refuses to delete a bucket that contains objects.

ministack 1.5.33 deletes it with its stack. On AWS the deletion fails, and so does `cdk destroy`.
"""

from __future__ import annotations

from ministack.services import s3  # type: ignore[import-untyped]
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

BUCKET = "AWS::S3::Bucket"


def protect_filled_buckets() -> None:
    """Make the deletion of a bucket fail unless the bucket is empty."""
    handler = dict(provisioners._RESOURCE_HANDLERS[BUCKET])
    delete = handler["delete"]

    def delete_if_empty(physical_id: str, properties: object) -> None:
        if has_objects(physical_id):
            raise ValueError(
                "The bucket you tried to delete is not empty (Service: S3, Status Code: 409)"
            )
        delete(physical_id, properties)

    handler["delete"] = delete_if_empty
    provisioners._RESOURCE_HANDLERS[BUCKET] = handler


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
