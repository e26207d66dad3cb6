"""docs/delivery.md: the tables of time and exposure, from the simulation."""

import pytest

from settings import load_stage
from tests.documents import check_document
from tests.stacks.delivery.release_times import CALL, JOBS, POD, PUBLICATION, UPDATE, ReleaseTimes
from tests.stage_variants import with_strategy
from tests.synthesis import ROOT, synthesize

START = "<!-- simulation: tests/stacks/delivery -->\n"
END = "<!-- end of the simulation -->\n"


def duration_table(rolling: ReleaseTimes, two_tracks: ReleaseTimes) -> list[str]:
    rows = [
        ("rolling, 3 backend pods", rolling.duration("backend", "rolling", 3), "5-10"),
        ("rolling, 2 frontend pods", rolling.duration("frontend", "rolling", 2), "5-10"),
        ("rolling, 5 backend pods", rolling.duration("backend", "rolling", 5), "5-10, exceeded"),
        (
            "rolling, 10 backend pods",
            rolling.duration("backend", "rolling", 10),
            "5-10, exceeded",
        ),
        ("blue-green, backend", two_tracks.duration("backend", "blue-green", 3), "10-15"),
        (
            "blue-green, backend, with new nodes",
            two_tracks.duration("backend", "blue-green", 3, new_nodes=True),
            "not needed at the designed size",
        ),
        ("canary, backend", two_tracks.duration("backend", "canary", 3), "30-60"),
        ("canary, frontend", two_tracks.duration("frontend", "canary", 2), "30-60"),
    ]
    return [
        "| release in production | minutes | design |",
        "|---|---|---|",
        *(f"| {name} | {minutes} | {design} |" for name, minutes, design in rows),
    ]


def exposure_table(two_tracks: ReleaseTimes) -> list[str]:
    first = two_tracks.services["backend"]["plans"]["canary"]["blue"][0]["share"]
    alarm, pods = two_tracks.alarm_detection(), two_tracks.lost_pods_detection()
    rows = [
        ("does not start, or fails its readiness probe", "Healthy", "before any traffic", "0"),
        ("fails a smoke request", "Smoke", "before any traffic", "0"),
        ("has a migration that fails", "Prepared", "before any traffic", "0"),
        (
            "answers with errors, or slowly",
            "the alarms of its track",
            f"{alarm} minutes",
            f"{first} % (canary), 100 % (blue-green)",
        ),
        ("loses its pods", "target health", f"{pods} minutes", "the share of the step"),
        ("fails after 100 %", "Hold", f"{alarm} minutes", "100 %, which return at once"),
        ("fails after the hold", "people", "", "100 %, until the old image is released again"),
    ]
    return [
        "| a bad version | is noticed by | within | and reaches |",
        "|---|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]


def test_the_tables_of_the_page_are_current(pytestconfig: pytest.Config) -> None:
    rolling = ReleaseTimes(synthesize(load_stage("production")))
    two_tracks = ReleaseTimes(synthesize(with_strategy("canary", stage="production")))
    before, _, rest = (ROOT / "docs/delivery.md").read_text().partition(START)
    _, _, after = rest.partition(END)
    assumptions = (
        f"The numbers are the 1st, the 50th and the 99th percentile of 20,000 simulated releases. "
        f"They assume\n{UPDATE[0]} to {UPDATE[1]} seconds for an update of the stack, {JOBS[0]} to "
        f"{JOBS[1]} for the Jobs, {POD[0]} to {POD[1]} until a\npod is a healthy target, "
        f"{PUBLICATION[0]} to {PUBLICATION[1]} until CloudWatch has the metrics of a minute, and "
        f"{CALL[0]} to {CALL[1]:g} for\na call of an API. All other numbers are those of the "
        "templates."
    )
    lines = [
        assumptions,
        "",
        *duration_table(rolling, two_tracks),
        "",
        *exposure_table(two_tracks),
        "",
    ]
    check_document("delivery.md", before + START + "\n".join(lines) + END + after, pytestconfig)
