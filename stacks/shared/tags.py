"""The tags of every resource of a stage, for cost allocation and to find the owner."""

from settings import StageSettings
from settings.model import ACCOUNT_STAGE, PROJECT


def stage_tags(settings: StageSettings) -> dict[str, str]:
    """Return the four tags of the design (INFRASTRUCTURE.md, Tagging Strategy).

    ManagedBy names the CDK, where the design names the tool of the existing deployment. The stage
    applies the tags with `cdk.Tags`. Resources that `cdk.Tags` does not reach set them themselves.
    """
    return {"Environment": settings.stage, **_COMMON_TAGS}


_COMMON_TAGS = {"Project": PROJECT, "ManagedBy": "cdk", "CostCenter": "engineering"}

ACCOUNT_TAGS = {"Environment": ACCOUNT_STAGE, **_COMMON_TAGS}
"""The tags of the account stack, which belongs to no stage."""
