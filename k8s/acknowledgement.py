"""Findings of checkov about pods that stay, each with what makes up for it.

It reads them from annotations of the object: of a Deployment or a Job, not of its pods.
"""

_OF_EVERY_POD = {
    "CKV_K8S_43": "A release names a tag or a digest; a released tag is not used again.",
    "CKV_K8S_15": "A released tag does not change, so that a node that has it need not pull.",
    "CKV_K8S_40": "The files in the image belong to its user; no pod mounts anything of the host.",
}
_SECRETS = {
    "CKV_K8S_35": "The image reads its secrets from variables only; nobody may run commands in it.",
}


def acknowledgements(*, has_secrets: bool) -> dict[str, str]:
    """Return the annotations of an object that makes pods.

    Args:
        has_secrets: whether its containers have secrets among their variables.
    """
    findings = {**_OF_EVERY_POD, **(_SECRETS if has_secrets else {})}
    return {f"checkov.io/skip{n}": "=".join(item) for n, item in enumerate(findings.items(), 1)}
