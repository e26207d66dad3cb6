"""The tags of every resource of a stage, for cost allocation and to find the owner."""

from settings import StageSettings
from settings.model import PROJECT


def stage_tags(settings: StageSettings) -> dict[str, str]:
    """Return the four tags of the design (INFRASTRUCTURE.md, Tagging Strategy).

    ManagedBy names the CDK, where the design names the tool of the existing deployment. The stage
    applies the tags with `cdk.Tags`. Resources that `cdk.Tags` does not reach set them themselves.
    """
    return {
        "Environment": settings.stage,
        "Project": PROJECT,
        "ManagedBy": "cdk",
        "CostCenter": "engineering",
    }
