"""The links of the documentation."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.synthesis import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def link_targets(page: Path) -> Iterator[Path]:
    """Yield the files and folders to which a page links."""
    for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)[^)]*\)", page.read_text()):
        yield (page.parent / target).resolve()


def test_every_link_leads_to_a_file() -> None:
    broken = [
        (page.name, str(to)) for page in PAGES for to in link_targets(page) if not to.exists()
    ]
    assert broken == []


def test_every_page_is_linked() -> None:
    """A page that no other page links to is not found by a reader, or is no part of the product."""
    linked = {target for page in PAGES for target in link_targets(page) if target != page}
    assert [page.name for page in PAGES if not linked & {page, page.parent}] == []
