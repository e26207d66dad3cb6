"""The order in which the files of tests begin."""

from collections.abc import Sequence
from pathlib import Path

TESTS = Path(__file__).parent
LONG_FILES: Sequence[str] = (
    "test_end_to_end.py",
    "releases/test_releases.py",
    "tools/embedded_aws/test_commands.py",
    "tools/review/test_report.py",
    "test_app.py",
    "changing_settings/test_effects.py",
    "test_failed_deployments.py",
    "tools/embedded_aws/test_data_plane.py",
    "gates/test_cross_stack_references.py",
    "tools/release/test_commands.py",
)
"""The files that take longer than ten seconds, the longest first."""
_RANKS = {TESTS / name: rank for rank, name in enumerate(LONG_FILES)}


def start_rank(file: Path) -> int:
    """Return the rank of a file, by which the files begin; it is the same for all short files.

    A file runs in one worker. If a long file began last, the other workers would wait for it.
    """
    return _RANKS.get(file, len(_RANKS))
