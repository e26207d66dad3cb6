"""Migrations: before a new version takes traffic, and again only with a release."""

from typing import Any

from k8s.charts import migrations_chart
from settings import load_stage
from tests.synthesis import SynthesizedStage

RESOURCES = load_stage("staging").services.backend.resources


def job(**changes: Any) -> dict[str, Any]:
    given = {"image": "image:1", "release": "r1"} | changes
    (made,) = migrations_chart(given.pop("resources", RESOURCES), **given)
    return made


def name(**changes: Any) -> str:
    return str(job(**changes)["metadata"]["name"])


def test_it_runs_prisma_of_the_release(stage: SynthesizedStage) -> None:
    found = [i for i in stage.manifests() if i["metadata"]["name"].startswith("spywatcher-migr")]
    (made,) = [item for item in found if item["kind"] == "Job"]
    (container,) = made["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "${BackendImage}"
    assert container["command"][-3:] == ["prisma", "migrate", "deploy"]


def test_a_new_release_is_another_job() -> None:
    assert name(release="r1") != name(release="r2")
    assert len(name(release="r" * 20)) <= 63


def test_a_job_that_does_something_else_is_another_job() -> None:
    """A Job cannot be changed: applying another one under its name fails."""
    other = RESOURCES.model_copy(update={"memory_limit_mib": 1024})
    assert name() != name(resources=other)


def test_the_image_is_no_part_of_the_name_since_it_may_be_a_placeholder() -> None:
    assert name(image="image:1") == name(image="${Token[TOKEN.7]}") == name(image="${Token[T.8]}")


def test_what_it_writes_is_writable() -> None:
    spec = job()["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/app/logs", "/tmp"}
    values = {variable["name"]: variable.get("value") for variable in container["env"]}
    assert values["HOME"] == "/tmp"


def test_it_ends_and_stays_until_the_next_one() -> None:
    spec = job()["spec"]
    assert 0 < spec["activeDeadlineSeconds"] <= 12 * 60, "the deployment waits for 12 minutes"
    assert "ttlSecondsAfterFinished" not in spec
    assert spec["template"]["spec"]["restartPolicy"] == "Never"
