"""`dev.py protection`: a protected stage is deployed after an approval only."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from settings import load_stage
from tools.pipeline.__main__ import main
from tools.pipeline.errors import PipelineError
from tools.pipeline.protection import check_protection, read_github_environment

PEOPLE = {
    "type": "required_reviewers",
    "reviewers": [
        {"type": "User", "reviewer": {"login": "octocat"}},
        {"type": "Team", "reviewer": {"slug": "platform"}},
    ],
}
"""A rule of "Get an environment" (REST API endpoints for deployment environments, GitHub Docs)."""


def refusal(environment: dict[str, Any] | None) -> str:
    with pytest.raises(PipelineError) as caught:
        check_protection(load_stage("production"), lambda name: environment)
    (line,) = str(caught.value).splitlines()
    return line


def test_the_reviewers_of_a_protected_stage_are_named() -> None:
    environment = {"name": "production", "protection_rules": [{"type": "branch_policy"}, PEOPLE]}
    text = check_protection(load_stage("production"), {"production": environment}.get)
    assert text == "Reviewers of the GitHub environment production approve: octocat, platform."


def test_a_protected_stage_needs_an_environment_since_github_creates_an_open_one() -> None:
    assert refusal(None).startswith("GitHub environment production: found none; allowed: at least")


@pytest.mark.parametrize(
    "rules", [[], [{"type": "branch_policy"}], [{"type": "required_reviewers", "reviewers": []}]]
)
def test_a_protected_stage_that_no_one_must_approve_is_refused(rules: list[Any]) -> None:
    message = refusal({"name": "production", "protection_rules": rules})
    assert message == (
        "GitHub environment production: found no required reviewers; allowed: at least one "
        "required reviewer, because settings/production.yaml has deletion_protection: true. Set "
        "one in the repository under Settings > Environments > production (docs/pipeline.md)"
    )


def test_a_stage_that_is_not_protected_needs_no_environment() -> None:
    assert check_protection(load_stage("staging"), lambda name: None) == ""


# The GitHub CLI -------------------------------------------------------------------------------


@pytest.fixture
def gh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a program that answers as `gh api` does, from the files `out`, `err` and `code`."""
    program = tmp_path / "gh"
    program.write_text(
        '#!/bin/sh\ncd "$(dirname "$0")"\necho "$*" > arguments\n'
        "cat out\ncat err >&2\nexit $(cat code)\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def answer(gh: Path, *, out: str = "", err: str = "", code: int = 0) -> None:
    for name, text in {"out": out, "err": err, "code": str(code)}.items():
        (gh / name).write_text(text)


def test_the_environment_is_read_with_the_github_cli(gh: Path) -> None:
    answer(gh, out=json.dumps({"name": "production", "protection_rules": [PEOPLE]}))
    environment = read_github_environment("production")
    assert environment is not None
    assert environment["protection_rules"] == [PEOPLE]
    arguments = (gh / "arguments").read_text()
    assert arguments == "api repos/{owner}/{repo}/environments/production\n"


def test_an_environment_that_does_not_exist_is_none(gh: Path) -> None:
    answer(gh, out='{"message":"Not Found","status":"404"}', err="gh: Not Found (HTTP 404)", code=1)
    assert read_github_environment("production") is None


def test_a_refused_request_names_the_permission(
    gh: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(gh, err="gh: Resource not accessible by integration (HTTP 403)", code=1)
    assert main(["protection", "production"]) == 1
    assert capsys.readouterr().err == (
        "GitHub refuses to read the environment production: gh: Resource not accessible by "
        "integration (HTTP 403); allowed: a token with actions: read in GH_TOKEN\n"
    )


def test_a_missing_github_cli_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["protection", "production"]) == 1
    assert capsys.readouterr().err.startswith("gh: found no GitHub CLI; ")
