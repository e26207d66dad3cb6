"""Annotations that acknowledge checkov's findings about pods.

checkov reads them from the metadata of a Deployment or a Job, not from its pod template. Each value
is the id of a finding and the control that compensates for it.
"""

_POD_FINDINGS = {
    "CKV_K8S_43": "A release names a tag or a digest. A released tag is never used again.",
    "CKV_K8S_15": "A released tag never changes. A node need not pull an image that it has.",
    "CKV_K8S_40": "The files in the image belong to this user. No pod mounts a host path.",
}
_SECRET_FINDINGS = {
    "CKV_K8S_35": "The image reads secrets from variables only. Only administrators can run "
    "commands in its containers.",
}


def checkov_annotations(*, has_secrets: bool) -> dict[str, str]:
    """Return the annotations of a Deployment or a Job.

    Args:
        has_secrets: Whether its containers read secrets from environment variables.
    """
    findings = {**_POD_FINDINGS, **(_SECRET_FINDINGS if has_secrets else {})}
    return {f"checkov.io/skip{n}": "=".join(item) for n, item in enumerate(findings.items(), 1)}
