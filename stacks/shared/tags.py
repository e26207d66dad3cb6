"""The tags that every resource of a stage carries, for cost allocation and for whoever finds it."""

from settings import StageSettings
from settings.model import PROJECT


def stage_tags(settings: StageSettings) -> dict[str, str]:
    """Return the design's four tags. ManagedBy names this tool, not the design's.

    The stage adds them to what CDK's tagging reaches; the few types that it does not reach take
    them from here.
    """
    return {
        "Environment": settings.stage,
        "Project": PROJECT,
        "ManagedBy": "cdk",
        "CostCenter": "engineering",
    }
