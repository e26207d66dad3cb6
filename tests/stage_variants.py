"""Stages whose services have another delivery strategy than the shipped ones."""

from settings import StageSettings, load_stage
from settings.delivery import Strategy


def with_strategy(
    strategy: Strategy, *services: str, stage: str = "staging", **changes: object
) -> StageSettings:
    """Return the settings of a stage, some of whose services have another strategy.

    Args:
        strategy: the strategy.
        services: the names of the services; both if not given.
        stage: the name of the stage.
        changes: other settings of the delivery.
    """
    values = load_stage(stage).model_dump()
    for name in services or ("backend", "frontend"):
        values["services"][name]["delivery"] |= {"strategy": strategy, **changes}
    return StageSettings.model_validate(values)
