"""The command lines of the CDK CLI, as a person would type them: it runs unmodified."""

import re
from collections.abc import Sequence
from pathlib import Path

_QUIET = ("--no-notices", "--no-version-reporting")
_NOISE = re.compile(r"^(\[Error|\w*Error:|.*: Subprocess exited with error \d+)")


def synth(stage: str, assembly: Path) -> list[str]:
    """Synthesize one stage into a cloud assembly."""
    return ["cdk", "synth", "--quiet", *_QUIET, "-c", f"stage={stage}", "-o", str(assembly)]


def bootstrap(account: str, region: str) -> list[str]:
    """Create what the CDK needs in an environment. Needs no app, so it runs beside `synth`."""
    return ["cdk", "bootstrap", f"aws://{account}/{region}", *_QUIET]


def deploy(stage: str, assembly: Path) -> list[str]:
    """Deploy every stack of a stage; those that do not need each other side by side."""
    speed = ["--concurrency", "4", "--asset-parallelism"]
    return [*_of(stage, assembly, "deploy"), "--require-approval", "never", *speed]


def diff(stage: str, assembly: Path) -> list[str]:
    """Compare with what is deployed."""
    return [*_of(stage, assembly, "diff"), "--no-change-set"]


def destroy(stage: str, assembly: Path) -> list[str]:
    """Delete every stack of a stage."""
    return [*_of(stage, assembly, "destroy"), "--force"]


def own_words(output: str) -> str:
    """Return what the app itself said when it refused to synthesize, without the CLI's frame."""
    lines = [line for line in output.strip().splitlines() if not _NOISE.match(line)]
    return "\n".join(lines).strip() or output.strip()


def _of(stage: str, assembly: Path, command: str) -> Sequence[str]:
    return ("cdk", command, "--app", str(assembly), f"{stage}/*", *_QUIET)
