"""The Job that migrates the database before a release."""

from typing import Any

from k8s.charts import migrations_chart
from settings import load_stage
from settings.services import ResourceSettings
from tests.synthesis import SynthesizedStage

RESOURCES = load_stage("staging").services.backend.resources


def migrations_job(
    *, resources: ResourceSettings = RESOURCES, image: str = "image:1", release: str = "r1"
) -> dict[str, Any]:
    (job,) = migrations_chart(resources, image=image, release=release)
    return job


def job_name(
    *, resources: ResourceSettings = RESOURCES, image: str = "image:1", release: str = "r1"
) -> str:
    job = migrations_job(resources=resources, image=image, release=release)
    return str(job["metadata"]["name"])


def test_the_job_runs_prisma_of_the_backends_image(stage: SynthesizedStage) -> None:
    (job,) = [
        item
        for item in stage.manifests()
        if item["kind"] == "Job" and item["metadata"]["name"].startswith("spywatcher-migrations-")
    ]
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "${MigrationsImage}"
    assert container["command"][-3:] == ["prisma", "migrate", "deploy"]


def test_each_release_has_a_job_of_its_own() -> None:
    assert job_name(release="r1") != job_name(release="r2")
    assert len(job_name(release="r" * 20)) <= 63


def test_a_changed_job_has_another_name() -> None:
    """A Job is immutable: Kubernetes rejects a changed Job with the same name."""
    resources = RESOURCES.model_copy(update={"memory_limit_mib": 1024})
    assert job_name() != job_name(resources=resources)


def test_the_name_does_not_depend_on_the_image_which_may_be_a_token() -> None:
    images = ("image:1", "${Token[TOKEN.7]}", "${Token[T.8]}")
    assert len({job_name(image=image) for image in images}) == 1


def test_the_writable_paths_and_the_home_directory_are_volumes() -> None:
    spec = migrations_job()["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/app/logs", "/tmp"}
    values = {variable["name"]: variable.get("value") for variable in container["env"]}
    assert values["HOME"] == "/tmp"


def test_the_job_ends_within_the_deployments_wait_and_remains_until_the_next_release() -> None:
    spec = migrations_job()["spec"]
    assert 0 < spec["activeDeadlineSeconds"] <= 12 * 60
    assert "ttlSecondsAfterFinished" not in spec
    assert spec["template"]["spec"]["restartPolicy"] == "Never"
