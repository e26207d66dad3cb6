"""`dev.py synthesize`: the assembly of a checkout, and the error that a reviewer reads."""

import subprocess
from pathlib import Path

import pytest

from tools.pipeline.__main__ import main

PROGRAM = """
import pathlib, sys
assert sys.argv[1:5] == ["cdk", "synth", "--quiet", "--output"]
if pathlib.Path("fails").exists():
    print("installing", file=sys.stderr)
    sys.exit("settings/staging.yaml: region: found ``` @octocat </details>")
pathlib.Path(sys.argv[5]).mkdir()
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "before"
    folder.mkdir()
    (folder / "dev.py").write_text(PROGRAM)
    for command in (
        ["init", "--quiet"],
        ["add", "dev.py"],
        ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "--quiet", "-m", "First"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)  # noqa: S603, S607
    return folder


def test_the_checkout_is_synthesized_by_its_own_program(checkout: Path, tmp_path: Path) -> None:
    assert main(["synthesize", str(checkout), str(tmp_path / "out")]) == 0
    assert (tmp_path / "out").is_dir()


def test_the_reviewer_reads_why_a_checkout_cannot_be_synthesized(
    checkout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / "fails").touch()
    review = tmp_path / "review.md"
    review.write_text("before\n")
    command = ["synthesize", str(checkout), str(tmp_path / "out"), "--markdown", str(review)]
    assert main(command) == 1
    head = (checkout / ".git" / "HEAD").read_text().split()[1]
    commit = (checkout / ".git" / head).read_text()[:7]
    error = "installing\nsettings/staging.yaml: region: found ``` @octocat </details>"
    assert capsys.readouterr().err == f"commit {commit} cannot be synthesized:\n{error}\n"
    # The fence is longer than the one in the error, so that nobody is mentioned.
    assert review.read_text() == (
        f"before\n### Commit {commit} cannot be synthesized\n\n````\n{error}\n````\n\n"
    )


def test_a_folder_that_is_no_checkout_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["synthesize", str(tmp_path), str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err == (
        f"{tmp_path}: found no dev.py; allowed: the folder of a checkout\n"
    )
