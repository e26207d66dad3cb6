"""The `review` command: its arguments, the files that it appends to, and its errors."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.synthesis import SynthesizedStage
from tests.tools.review import mutations
from tests.tools.review.stages import mutated, write_assembly
from tools.guard.errors import GuardError
from tools.guard.templates import Templates, former_templates
from tools.review import comparison, report
from tools.review.__main__ import main
from tools.review.cdk_diff import CdkDiff, cdk_diff
from tools.review.report import CUT_NOTE
from tools.templates.assembly import AssemblyStack, read_stage

STAGE = "production"


@pytest.fixture
def same(production: SynthesizedStage, tmp_path: Path) -> Path:
    return write_assembly(tmp_path / "same", STAGE, production.templates)


@pytest.fixture
def changed(production: SynthesizedStage, tmp_path: Path) -> Path:
    templates = mutated(production, mutations.a_new_alarm)
    return write_assembly(tmp_path / "changed", STAGE, templates)


@pytest.fixture(scope="module")
def known_diffs() -> dict[str, CdkDiff]:
    """The output of `cdk diff` by what it depends on."""
    return {}


@pytest.fixture(autouse=True)
def _diff_of_each_change_is_made_once(
    known_diffs: dict[str, CdkDiff], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Start the CDK CLI once for each change, however many commands review it."""

    def diff_once(stack: AssemblyStack, before: Mapping[str, Any], assembly: Path) -> CdkDiff:
        key = json.dumps([stack.construct_path, stack.template, before])
        if key not in known_diffs:
            known_diffs[key] = cdk_diff(stack, before, assembly)
        return known_diffs[key]

    monkeypatch.setattr(report, "cdk_diff", diff_once)


def outputs(file: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in file.read_text().splitlines())


def test_it_compares_two_assemblies(
    same: Path, changed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    markdown, output = tmp_path / "summary.md", tmp_path / "outputs"
    markdown.write_text("# Before\n")
    command = [STAGE, "--before", str(same), "--assembly", str(changed)]
    assert main([*command, "--markdown", str(markdown), "--output", str(output)]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("### production: 1 resource changes: monitoring (1 added)\n")
    assert f"Compared with the assembly `{same}`." in shown
    assert markdown.read_text() == f"# Before\n{shown}"
    assert outputs(output)["changes"] == "true"
    assert main([*command, "--expect", outputs(output)["fingerprint"]]) == 0


def test_the_reviews_of_several_stages_fit_into_one_comment(
    same: Path, changed: Path, tmp_path: Path
) -> None:
    """GitHub refuses a comment of more than 65,536 characters."""
    markdown = tmp_path / "review.md"
    markdown.write_text("x" * 59_500)
    command = [STAGE, "--before", str(same), "--assembly", str(changed)]
    assert main([*command, "--markdown", str(markdown)]) == 0
    text = markdown.read_text()
    assert len(text) <= 65_536
    assert CUT_NOTE in text


def test_it_reports_that_nothing_changes(same: Path, tmp_path: Path) -> None:
    output = tmp_path / "outputs"
    command = [STAGE, "--before", str(same), "--assembly", str(same), "--output", str(output)]
    assert main(command) == 0
    assert outputs(output)["changes"] == "false"


def test_a_stage_that_the_former_assembly_does_not_have_is_new(
    production: SynthesizedStage,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    templates = {"monitoring": production.templates["monitoring"]}
    former = write_assembly(tmp_path / "former", "another", templates)
    new = write_assembly(tmp_path / "new", STAGE, templates)
    assert main([STAGE, "--before", str(former), "--assembly", str(new)]) == 0
    assert "monitoring (new stack, " in capsys.readouterr().out.splitlines()[0]


def test_it_compares_with_the_deployed_stacks(
    same: Path,
    changed: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    deployed = former_templates(read_stage(same, STAGE))
    monkeypatch.setattr(
        comparison, "read_deployed_with_credentials", lambda settings, stacks: deployed
    )
    assert main([STAGE, "--assembly", str(changed)]) == 0
    assert "Compared with the deployed stacks." in capsys.readouterr().out


def test_an_overtaken_plan_is_refused_and_nothing_is_written(
    same: Path, changed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    approved, output = tmp_path / "approved", tmp_path / "outputs"
    main([STAGE, "--before", str(same), "--assembly", str(changed), "--output", str(approved)])
    capsys.readouterr()
    command = [STAGE, "--before", str(changed), "--assembly", str(changed)]
    command += ["--expect", outputs(approved)["fingerprint"], "--output", str(output)]
    assert main(command) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "What differs: spywatcher-production-monitoring. Re-run the plan" in printed.err
    assert not output.exists()


def test_an_error_stands_in_the_markdown_too(
    same: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def read(settings: object, stacks: list[AssemblyStack]) -> Templates:
        raise GuardError("data: found status UPDATE_IN_PROGRESS; wait until it is done")

    monkeypatch.setattr(comparison, "read_deployed_with_credentials", read)
    markdown = tmp_path / "summary.md"
    assert main([STAGE, "--assembly", str(same), "--markdown", str(markdown)]) == 1
    error = capsys.readouterr().err
    assert error == "data: found status UPDATE_IN_PROGRESS; wait until it is done\n"
    assert markdown.read_text() == (
        f"### `production`: no review, because of an error\n\n```\n{error}```\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "settings/nowhere.yaml"),
        (["staging", "--against", "HEAD", "--before", "cdk.out"], "not allowed with argument"),
        (["staging", "--against", "HEAD", "--assembly", "cdk.out"], "--assembly: not allowed with"),
        (["staging", "--against", "nonsense"], "no such revision: 'nonsense'"),
        (
            ["staging", "--before", "/nowhere"],
            "--before: found /nowhere; allowed: a cloud assembly",
        ),
        (["staging", "--assembly", "/nowhere"], "/nowhere/assembly-staging holds no synthesized"),
    ],
)
def test_unusable_arguments_are_refused_with_one_message(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_a_file_that_cannot_be_written_is_one_message(
    same: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [STAGE, "--before", str(same), "--assembly", str(same), "--output", "/nowhere/file"]
    assert main(command) == 1
    assert capsys.readouterr().err == "cannot write /nowhere/file: No such file or directory\n"
