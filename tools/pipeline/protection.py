"""Checks that people approve the deployments of a protected stage in GitHub."""

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from typing import Any

from settings.model import StageSettings
from tools.pipeline.errors import PipelineError

EnvironmentReader = Callable[[str], Mapping[str, Any] | None]
"""Returns a GitHub environment by its name, or None where the repository has none of that name."""


def check_protection(settings: StageSettings, read_environment: EnvironmentReader) -> str:
    """Return a sentence that names who approves; empty for a stage that is not protected.

    GitHub creates an environment that a workflow names and the repository does not have. It has no
    protection rules, so a job would enter it without an approval ("Managing environments for
    deployment", GitHub Docs).

    Args:
        settings: The settings of the stage.
        read_environment: Reads an environment of the repository.

    Raises:
        PipelineError: The stage is protected against deletion, and no one must approve its
            deployments.
    """
    if not settings.deletion_protection:
        return ""
    stage = settings.stage
    environment = read_environment(stage)
    if environment is None:
        raise PipelineError(_refusal(stage, "found none"))
    reviewers = _required_reviewers(environment)
    if not reviewers:
        raise PipelineError(_refusal(stage, "found no required reviewers"))
    return f"Reviewers of the GitHub environment {stage} approve: {', '.join(reviewers)}."


def read_github_environment(name: str) -> Mapping[str, Any] | None:
    """Return an environment of the repository of this folder, or of the variable GH_REPO.

    It needs the GitHub CLI, and a token with the permission `actions: read` in GH_TOKEN ("Get an
    environment", REST API endpoints for deployment environments, GitHub Docs).

    Raises:
        PipelineError: The GitHub CLI is missing, or GitHub refuses the request.
    """
    program = shutil.which("gh")
    if program is None:
        raise PipelineError("gh: found no GitHub CLI; install it from cli.github.com")
    command = [program, "api", f"repos/{{owner}}/{{repo}}/environments/{name}"]
    result = subprocess.run(command, capture_output=True, text=True)  # noqa: S603 - no shell
    if result.returncode == 0:
        environment: Mapping[str, Any] = json.loads(result.stdout)
        return environment
    if "HTTP 404" in result.stderr:
        return None
    raise PipelineError(
        f"GitHub refuses to read the environment {name}: {result.stderr.strip()}; allowed: a token "
        "with actions: read in GH_TOKEN"
    )


def _required_reviewers(environment: Mapping[str, Any]) -> list[str]:
    """Return the logins of the users and the names of the teams that may approve."""
    return [
        str(reviewer["reviewer"].get("login") or reviewer["reviewer"].get("slug"))
        for rule in environment.get("protection_rules", ())
        if rule["type"] == "required_reviewers"
        for reviewer in rule["reviewers"]
    ]


def _refusal(stage: str, found: str) -> str:
    return (
        f"GitHub environment {stage}: {found}; allowed: at least one required reviewer, because "
        f"settings/{stage}.yaml has deletion_protection: true. Set one in the repository under "
        f"Settings > Environments > {stage} (docs/pipeline.md)"
    )
