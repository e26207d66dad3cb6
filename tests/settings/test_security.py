"""The repository whose workflows may deploy a stage."""

from pathlib import Path

import pytest

from settings import load_stage
from tests.settings.files import check_refused, write_stage_file

WITH_IDS = "octo-org@123456/octo-repo@456789"
REFUSED = {
    "one id without the other": "octo-org@123456/octo-repo",
    "an id that is not a number": "octo-org@one/octo-repo@two",
    "an id with a leading zero": "octo-org@0123/octo-repo@0456",
    "a hyphen at the end of the owner": "octo-/octo-repo",
    "two underscores in the owner": "mona_octo_corp/octo-repo",
    "an owner of 40 characters": f"{'o' * 40}/octo-repo",
    "a repository of dots": "octo-org/..",
    "a whole subject": "repo:octo-org/octo-repo:environment:staging",
    "a URL": "https://github.com/octo-org/octo-repo",
    "an owner alone": "octo-org",
    "a wildcard": "octo-org/*",
}


@pytest.mark.parametrize(
    "repository", ["octo-org/octo-repo", WITH_IDS, "mona-lisa_octo/octo.repo_1", "o@1/r@2"]
)
def test_a_repository_is_named_with_or_without_its_ids(tmp_path: Path, repository: str) -> None:
    """An owner is an organization, a user, or a user that an enterprise manages."""
    write_stage_file(tmp_path, {"access": {"github_repository": repository}})
    assert load_stage("staging", tmp_path).access.github_repository == repository


@pytest.mark.parametrize("repository", REFUSED.values(), ids=REFUSED)
def test_a_subject_that_no_token_can_have_is_refused(tmp_path: Path, repository: str) -> None:
    check_refused(
        tmp_path,
        {"github_repository": repository},
        f"github_repository: found {repository!r}; allowed: owner/repository, or "
        "owner@id/repository@id for a repository that was created, renamed or transferred after "
        "2026-07-15",
        section="access",
    )
