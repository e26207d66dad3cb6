"""docs/unproven.md lists every page that names something which was not tried."""

import re
from pathlib import Path

import pytest

from tests.synthesis import ROOT

DOCS = ROOT / "docs"
PAGE = DOCS / "unproven.md"
NOT_TRIED = re.compile(
    r"\b(?:not tried|none of them was measured"
    r"|only (?:AWS|a real account|a cluster) can (?:confirm|show)"
    r"|not confirmed without an account|was not available|no [^.]*was available)\b",
    re.IGNORECASE,
)
_LINK = re.compile(r"\]\(([^)#]+\.md)(?:#([^)]+))?\)")


def names_something_not_tried(text: str) -> bool:
    """Return whether a text says that something was not tried. Lines may break anywhere."""
    return NOT_TRIED.search(" ".join(text.split())) is not None


def pages() -> list[Path]:
    """Return the pages that name something which was not tried."""
    found = [path for path in sorted(DOCS.rglob("*.md")) if path != PAGE]
    return [path for path in found if names_something_not_tried(path.read_text())]


def linked_pages() -> dict[Path, str]:
    """Return the pages that unproven.md links to, each with the anchor."""
    text = PAGE.read_text()
    return {(DOCS / target).resolve(): anchor for target, anchor in _LINK.findall(text)}


def anchors(path: Path) -> set[str]:
    """Return the anchors of the headings of a page, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_the_page_links_to_each_page_that_names_something_not_tried() -> None:
    assert len(pages()) > 10
    missing = [str(page.relative_to(ROOT)) for page in pages() if page not in linked_pages()]
    assert not missing, f"docs/unproven.md needs a row for {', '.join(missing)}"


def test_each_link_of_the_page_leads_to_a_page_and_a_heading() -> None:
    for path, anchor in linked_pages().items():
        assert path.is_file(), path
        assert not anchor or anchor in anchors(path), f"{path}#{anchor}"


@pytest.mark.parametrize(
    "text",
    [
        "Not tried: the import.",
        "The restore was not\ntried.",
        "Only AWS can confirm the network.",
        "What only a real account can confirm",
        "Not confirmed without an account: CloudShell.",
        "No CloudShell, and no cluster, was available.",
    ],
)
def test_a_text_that_names_something_not_tried_is_found(text: str) -> None:
    assert names_something_not_tried(text)
