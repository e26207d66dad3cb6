"""Synthesizes the app of a checkout, and shows an error to the reviewer of a pull request."""

import subprocess
import sys
from pathlib import Path

from tools.pipeline.errors import PipelineError
from tools.review.markdown import code_block

_SHOWN_LINES = 30


def synthesize(checkout: Path, output: Path, markdown: Path | None) -> None:
    """Synthesize every stage of a checkout with the libraries of its own lock files.

    Args:
        checkout: The folder of the checkout, whose dev.py sets up its environment.
        output: The folder of the cloud assembly.
        markdown: A file that the end of an error is appended to, or None.

    Raises:
        PipelineError: The checkout cannot be synthesized.
    """
    if not (checkout / "dev.py").is_file():
        raise PipelineError(f"{checkout}: found no dev.py; allowed: the folder of a checkout")
    command = [sys.executable, "dev.py", "cdk", "synth", "--quiet", "--output"]
    result = subprocess.run(  # noqa: S603 - our own command
        [*command, str(output.resolve())],
        cwd=checkout,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if result.returncode == 0:
        print(f"{checkout}: synthesized into {output}.")
        return
    text = "\n".join(result.stdout.strip().splitlines()[-_SHOWN_LINES:])
    commit = _commit(checkout)
    if markdown:
        with markdown.open("a", encoding="utf-8") as file:
            file.write(f"### Commit {commit} cannot be synthesized\n\n{code_block(text)}\n\n")
    raise PipelineError(f"commit {commit} cannot be synthesized:\n{text}")


def _commit(checkout: Path) -> str:
    """Return the short hash of the commit that is checked out."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    result = subprocess.run(command, cwd=checkout, capture_output=True, text=True)  # noqa: S603
    return result.stdout.strip() or "(unknown)"
