"""The lock files have the versions that people pin."""

from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.synthesis import ROOT

SOURCES = sorted(ROOT.glob("requirements*.in"))


def pins(path: Path) -> set[str]:
    """Return the pinned packages of a file, without extras, such as `psycopg==3.3.9`."""
    lines = (line.partition("#")[0].strip() for line in path.read_text().splitlines())
    requirements = [Requirement(line) for line in lines if line and not line.startswith("-")]
    return {f"{canonicalize_name(each.name)}{each.specifier}" for each in requirements}


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_a_lock_file_has_each_pin_of_its_source(source: Path) -> None:
    """Renovate changes the source, and cannot compile the lock file."""
    lock_file = source.with_suffix(".txt")
    missing = sorted(pins(source) - pins(lock_file))
    assert not missing, f"{lock_file.name} lacks {', '.join(missing)}; run: python3 dev.py lock"


def test_every_pin_names_one_version() -> None:
    for source in SOURCES:
        for pin in pins(source):
            assert "==" in pin, f"{source.name}: {pin}"


def test_a_pin_that_is_not_locked_is_found(tmp_path: Path) -> None:
    source = tmp_path / "requirements.in"
    source.write_text("-e .\npsycopg[binary]==3.3.10  # newer\n")
    assert pins(source) - pins(ROOT / "requirements-dev.txt") == {"psycopg==3.3.10"}
