"""The settings of the releases: strategies, steps, bakes, and the room for a second track."""

from pathlib import Path
from typing import Any

import pytest

from settings import load_stage
from settings.delivery import DeliverySettings, Strategy, Track
from settings.scheduling import prewarmed_pods
from tests.settings.files import check_refused, write_stage_file

STEPS = "allowed: rising percentages from 1 to 99, such as [5, 25, 50, 75]"

INVALID: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown strategy": (
        {"strategy": "blue-red"},
        "strategy: found 'blue-red'; allowed: 'rolling', 'blue-green' or 'canary'",
    ),
    "steps that do not rise": ({"steps": [5, 50, 25]}, f"steps: found [5, 50, 25]; {STEPS}"),
    "a step twice": ({"steps": [5, 5]}, f"steps: found [5, 5]; {STEPS}"),
    "no step": ({"steps": []}, f"steps: found []; {STEPS}"),
    "a step of 0 %": ({"steps": [0, 50]}, f"steps: found [0, 50]; {STEPS}"),
    "a step of 100 %": ({"steps": [50, 100]}, f"steps: found [50, 100]; {STEPS}"),
    "more bakes than steps": (
        {"bake_minutes": [10, 8, 8, 8, 8]},
        "bake_minutes: found [10, 8, 8, 8, 8]; allowed: one number for each of the 4 steps",
    ),
    "a bake shorter than the evaluation of the alarms": (
        {"bake_minutes": [10, 4, 8, 8]},
        "bake_minutes: found 4; allowed: at least 5, which the alarms need",
    ),
    "a final bake shorter than the evaluation of the alarms": (
        {"final_bake_minutes": 4},
        "final_bake_minutes: found 4; allowed: at least 5, which the alarms need",
    ),
    "bakes of more than 50 minutes": (
        {"bake_minutes": [10, 10, 13, 13]},
        "bake_minutes: found [10, 10, 13, 13]; allowed: at most 50 minutes in total, with "
        "final_bake_minutes; these are 51",
    ),
    "a hold of no time": (
        {"hold_minutes": 0},
        "hold_minutes: found 0; allowed: greater than or equal to 10",
    ),
    "a smoke path that is no path": (
        {"smoke_paths": ["https://example.com/health"]},
        "smoke_paths.0: found 'https://example.com/health'; allowed: a path of the service, such "
        "as /health/ready",
    ),
    "a smoke path of the other service": (
        {"smoke_paths": ["/"]},
        "smoke_paths: found /; allowed: paths that the load balancer sends to the backend; those "
        "of the backend begin with /api/, /health/, /socket.io/",
    ),
}


@pytest.mark.parametrize("changes, expected", INVALID.values(), ids=INVALID)
def test_wrong_settings_are_refused(tmp_path: Path, changes: dict[str, Any], expected: str) -> None:
    check_refused(tmp_path, changes, expected, section="services.backend.delivery")


def test_a_service_has_rolling_updates_by_default() -> None:
    """INFRASTRUCTURE.md, Deployment Strategies: Rolling Update (Default)."""
    for stage in ("staging", "production"):
        for service in load_stage(stage).services.by_name().values():
            assert service.delivery.strategy == "rolling"


def test_the_line_of_positions_leads_from_one_track_to_the_other() -> None:
    assert DeliverySettings().positions == (
        *("blue", "100-0", "95-5", "75-25", "50-50", "25-75", "5-95", "0-100", "green"),
    )


def test_the_line_contains_the_steps_in_both_directions() -> None:
    assert DeliverySettings(steps=(10, 60)).positions == (
        *("blue", "100-0", "90-10", "60-40", "40-60", "10-90", "0-100", "green"),
    )


@pytest.mark.parametrize(
    "strategy, old, steps",
    [
        ("rolling", "blue", []),
        ("blue-green", "blue", [("0-100", 100, 7)]),
        ("blue-green", "green", [("100-0", 100, 7)]),
        (
            "canary",
            "blue",
            [
                ("95-5", 5, 10),
                ("75-25", 25, 8),
                ("50-50", 50, 8),
                ("25-75", 75, 8),
                ("0-100", 100, 5),
            ],
        ),
        (
            "canary",
            "green",
            [
                ("5-95", 5, 10),
                ("25-75", 25, 8),
                ("50-50", 50, 8),
                ("75-25", 75, 8),
                ("100-0", 100, 5),
            ],
        ),
    ],
)
def test_a_release_walks_along_the_line(
    strategy: Strategy, old: Track, steps: list[tuple[str, int, int]]
) -> None:
    settings = DeliverySettings(strategy="canary")
    assert settings.plan(strategy, old) == steps
    assert {position for position, _, _ in steps} <= set(settings.positions)


@pytest.mark.parametrize(
    "stage, service, pods",
    [
        ("production", "backend", 9),
        ("production", "frontend", 5),
        ("staging", "backend", 3),
        ("staging", "frontend", 2),
    ],
)
def test_a_new_track_starts_with_the_pods_that_fit_beside_all_services_at_maximum_scale(
    stage: str, service: str, pods: int
) -> None:
    settings = load_stage(stage)
    assert prewarmed_pods(settings.cluster, settings.services, service) == pods


def test_two_tracks_are_refused_where_the_second_one_has_no_room(tmp_path: Path) -> None:
    changes = {
        "services.backend.delivery": {"strategy": "canary"},
        "services.backend.replicas": {"minimum": 3, "initial": 3, "maximum": 3},
        "services.quota": {"cpu_limit_cores": 5},
    }
    check_refused(
        tmp_path,
        changes,
        "services.backend.delivery.strategy: found canary; allowed: rolling, or more "
        "cluster.nodes.max_nodes and services.quota: beside all services at maximum scale, 2 pods "
        "of a second track fit; its minimum is 3",
    )


def test_a_stage_file_can_choose_a_strategy(tmp_path: Path) -> None:
    folder = write_stage_file(tmp_path, {"services.backend.delivery": {"strategy": "canary"}})
    assert load_stage("staging", folder).services.backend.delivery.has_two_tracks
