"""The Kubernetes objects of a stage as YAML files."""

from pathlib import Path

import pytest
import yaml

from tests.synthesis import SynthesizedStage
from tools.charts.__main__ import main, write_manifests
from tools.templates.assembly import AssemblyStack


def stacks(stage: SynthesizedStage) -> list[AssemblyStack]:
    return [
        AssemblyStack(stage.settings.resource_name(name), template, "", "", None, ())
        for name, template in stage.templates.items()
    ]


def test_each_manifest_of_a_stage_is_written_to_its_own_file(
    stage: SynthesizedStage, tmp_path: Path
) -> None:
    write_manifests(stacks(stage), tmp_path)
    files = [file for file in tmp_path.iterdir() if file.name.startswith("workloads-")]
    written = [item for file in files for item in yaml.safe_load_all(file.read_text())]

    def key(item: dict[str, object]) -> str:
        return str((item["kind"], item["metadata"]))

    assert sorted(written, key=key) == sorted(stage.released(), key=key)
    assert (tmp_path / "workloads-backend.yaml").is_file()
    assert (tmp_path / "cluster-controllers-namespaces.yaml").is_file()


def test_parameters_have_their_defaults_and_other_references_are_placeholders(
    stage: SynthesizedStage, tmp_path: Path
) -> None:
    write_manifests(stacks(stage), tmp_path)
    deployment = (tmp_path / "workloads-backend.yaml").read_text()
    assert stage.settings.services.backend.image in deployment
    assert "Token[" not in deployment
    binding = (tmp_path / "workloads-backend-binding.yaml").read_text()
    assert "targetGroupARN: ${TrafficBackendTargets" in binding


def test_the_file_of_a_removed_manifest_is_deleted(stage: SynthesizedStage, tmp_path: Path) -> None:
    old = tmp_path / "workloads-removed.yaml"
    old.write_text("")
    write_manifests(stacks(stage), tmp_path)
    assert not old.exists()


@pytest.mark.parametrize(
    "arguments, message", [(["nowhere"], "settings/nowhere.yaml"), ([], "required: stage")]
)
def test_unusable_arguments_are_refused_with_one_message(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    assert message in capsys.readouterr().err
