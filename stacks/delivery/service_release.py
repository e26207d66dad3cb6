"""What the state machine knows of each service, as a variable of its definition."""

from typing import Any

from settings import StageSettings
from settings.delivery import TRACKS, DeliverySettings, Strategy, all_traffic_on
from settings.scheduling import prewarmed_pods

POLL_SECONDS = 20
"""The interval at which a bake and the hold observe the alarms and the targets."""
ROLLING_BAKE_MINUTES = 2
_SMOKE_REQUESTS = 5
"""Several requests of each path, because a track has several pods."""
_TWO_TRACK_STRATEGIES: tuple[Strategy, ...] = ("blue-green", "canary")


def describe_service(settings: StageSettings, name: str, readiness_path: str) -> dict[str, Any]:
    """Return the names, the steps and the limits of a service's releases.

    Args:
        settings: the settings of the stage.
        name: the name of the service.
        readiness_path: the path that is requested if the settings have no other one.
    """
    service = settings.services.by_name()[name]
    delivery, prefix = service.delivery, name.capitalize()
    stage_alarms = [
        settings.resource_name(f"{name}-down"),
        settings.resource_name("high-error-rate"),
    ]
    track_alarms = {
        track: [settings.resource_name(f"{name}-{track}-{kind}") for kind in ("errors", "slow")]
        for track in TRACKS
    }
    common = {
        "traffic": f"{prefix}Traffic",
        "floor": f"{prefix}Floor",
        "images": {"blue": f"{prefix}Image", "green": f"{prefix}GreenImage"},
        "rule": f"{prefix}Rule",
        "targets": {track: f"{prefix}{track.capitalize()}Targets" for track in TRACKS},
        "minimum": service.replicas.minimum,
        "runsJobs": name == "backend",
    }
    if not delivery.has_two_tracks:
        step = _step("blue", 100, ROLLING_BAKE_MINUTES)
        return {
            **common,
            "prewarmed": service.replicas.maximum,
            "plans": {"rolling": {"blue": [step]}},
            "alarms": {"start": stage_alarms, "blue": stage_alarms},
        }
    paths = delivery.smoke_paths or (readiness_path,)
    return {
        **common,
        "prewarmed": prewarmed_pods(settings.cluster, settings.services, name),
        "plans": {strategy: _plans(delivery, strategy) for strategy in _TWO_TRACK_STRATEGIES},
        "start": {track: all_traffic_on(track) for track in TRACKS},
        "holdPolls": _polls(delivery.hold_minutes),
        "smokePaths": [path for path in paths for _ in range(_SMOKE_REQUESTS)],
        "alarms": {
            "start": [*stage_alarms, *track_alarms["blue"], *track_alarms["green"]],
            **track_alarms,
        },
    }


def _plans(delivery: DeliverySettings, strategy: Strategy) -> dict[str, list[dict[str, Any]]]:
    """Return the steps of a strategy from each track."""
    return {track: [_step(*step) for step in delivery.plan(strategy, track)] for track in TRACKS}


def _step(position: str, share: int, bake_minutes: int) -> dict[str, Any]:
    blue, _, green = position.partition("-")
    weights = {"blue": int(blue), "green": int(green)} if green else {}
    return {
        "position": position,
        "share": share,
        "weights": weights,
        "polls": _polls(bake_minutes),
    }


def _polls(minutes: int) -> int:
    return minutes * 60 // POLL_SECONDS
