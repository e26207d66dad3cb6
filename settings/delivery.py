"""Settings of the releases of a service: how a new image takes over the traffic of the old one."""

from collections.abc import Sequence
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import AfterValidator, Field, model_validator

from settings.base import Settings, invalid_setting
from settings.field_types import each_once, matching

Strategy = Literal["rolling", "blue-green", "canary"]
Track = Literal["blue", "green"]
"""A blue-green or canary release moves traffic from one track to the other. A service with rolling
updates has the blue track only."""

TRACKS: tuple[Track, Track] = ("blue", "green")

MIN_BAKE_MINUTES = 5
"""The alarms of a track find errors within 5 minutes in 95 of 100 cases (docs/delivery.md). A
shorter bake would end before."""
MAX_BAKE_MINUTES = 50
"""A canary release takes at most 60 minutes (INFRASTRUCTURE.md), 10 of which are not bakes."""
_FIRST_BAKE_MINUTES = 10
_BAKE_MINUTES = 8
_FINAL_BAKE_MINUTES = {"blue-green": 7, "canary": 5}


def other_track(track: Track) -> Track:
    """Return the track that a release from this track leads to."""
    return "green" if track == "blue" else "blue"


class Step(NamedTuple):
    """A step of a release: the traffic moves, and the alarms are observed for some minutes."""

    position: str
    """The value of the traffic parameter, such as 95-5."""
    share: int
    """The percentage of the traffic that the new track receives."""
    bake_minutes: int


def split(blue: int) -> str:
    """Return the position at which both tracks run.

    Args:
        blue: the percentage of the traffic that the blue track receives.
    """
    return f"{blue}-{100 - blue}"


def all_traffic_on(track: Track) -> str:
    """Return the position at which both tracks run, and one of them receives all traffic."""
    return split(100 if track == "blue" else 0)


def _check_rising(steps: tuple[int, ...]) -> tuple[int, ...]:
    if not steps or list(steps) != sorted(set(steps)) or not 1 <= steps[0] <= steps[-1] <= 99:
        raise ValueError("rising percentages from 1 to 99, such as [5, 25, 50, 75]")
    return steps


SmokePath = Annotated[
    str, matching(r"/[A-Za-z0-9._~/-]*", "a path of the service, such as /health/ready")
]


class DeliverySettings(Settings):
    """How a release of a service replaces the running image."""

    strategy: Strategy = "rolling"
    """`rolling` replaces the pods one by one. `blue-green` starts a second track of pods, and moves
    all traffic to it at once. `canary` moves the traffic in steps. A service with two tracks can be
    released with either of these two."""
    steps: Annotated[tuple[int, ...], AfterValidator(_check_rising)] = (5, 25, 50, 75)
    """The percentages of the traffic that the new track of a canary receives, before all of it."""
    bake_minutes: tuple[int, ...] | None = None
    """How long the alarms are observed after each step. By default 10 minutes after the first step,
    and 8 after each other one."""
    final_bake_minutes: int | None = None
    """How long the alarms are observed after the new track received all traffic, before the release
    is complete. By default 7 minutes for a blue-green release, and 5 for a canary."""
    hold_minutes: int = Field(30, ge=10, le=120)
    """How long the old track keeps running after that, so that all traffic can return at once."""
    smoke_paths: Annotated[tuple[SmokePath, ...], each_once("path")] = ()
    """The paths that are requested from the new track before it receives traffic. Each of them must
    return the status 200. By default, the path of the service's readiness probe."""

    @property
    def has_two_tracks(self) -> bool:
        """Whether the service has a blue and a green track."""
        return self.strategy != "rolling"

    @property
    def bakes(self) -> tuple[int, ...]:
        """The minutes of observation after each step."""
        if self.bake_minutes is not None:
            return self.bake_minutes
        return (_FIRST_BAKE_MINUTES, *(_BAKE_MINUTES for _ in self.steps[1:]))

    @property
    def positions(self) -> tuple[str, ...]:
        """The values of the traffic parameter, in their order from one track to the other."""
        shares = {*self.steps, *(100 - step for step in self.steps)}
        blue_shares = sorted({0, 100, *shares}, reverse=True)
        return ("blue", *map(split, blue_shares), "green")

    def plan(self, strategy: Strategy, old: Track) -> Sequence[Step]:
        """Return the steps of a release with a strategy from a track to the other one.

        A rolling release has no steps.
        """
        if strategy == "rolling":
            return []
        shares = [*zip(self.steps, self.bakes, strict=True)] if strategy == "canary" else []
        shares.append((100, self.final_bake_minutes or _FINAL_BAKE_MINUTES[strategy]))
        return [
            Step(split(100 - share if old == "blue" else share), share, minutes)
            for share, minutes in shares
        ]

    @model_validator(mode="after")
    def _check_bakes(self) -> Self:
        if len(self.bakes) != len(self.steps):
            raise invalid_setting(
                "bake_minutes",
                list(self.bakes),
                f"one number for each of the {len(self.steps)} steps",
            )
        found = {"bake_minutes": self.bakes, "final_bake_minutes": (self.final_bake_minutes,)}
        for key, values in found.items():
            for minutes in values:
                if minutes is not None and minutes < MIN_BAKE_MINUTES:
                    raise invalid_setting(
                        key, minutes, f"at least {MIN_BAKE_MINUTES}, which the alarms need"
                    )
        return self

    @model_validator(mode="after")
    def _check_total(self) -> Self:
        total = sum(self.bakes) + (self.final_bake_minutes or _FINAL_BAKE_MINUTES["canary"])
        if total > MAX_BAKE_MINUTES:
            raise invalid_setting(
                "bake_minutes",
                list(self.bakes),
                f"at most {MAX_BAKE_MINUTES} minutes in total, with final_bake_minutes; these are "
                f"{total}",
            )
        return self
