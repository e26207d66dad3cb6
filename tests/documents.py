"""Documents that are generated from the code."""

import pytest

from tests.synthesis import ROOT


def check_document(name: str, text: str, config: pytest.Config) -> None:
    """Compare a file of docs/ with its generated text, or write it with `--snapshot-update`."""
    path = ROOT / "docs" / name
    if config.getoption("update_snapshots"):
        path.write_text(text)
    written = path.read_text() if path.exists() else ""
    assert written == text, f"docs/{name} is out of date; write it: dev.py test --snapshot-update"
