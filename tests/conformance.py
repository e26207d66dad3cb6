"""The lines of docs/design.md, and the entries of docs/conformance.md."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.synthesis import ROOT

DESIGN = ROOT / "docs" / "design.md"
CONFORMANCE = ROOT / "docs" / "conformance.md"
DEVIATIONS = ROOT / "docs" / "decisions" / "0003-deviations-from-the-design.md"
_BOX_OR_SPACE = re.compile(r"[─│┌┐└┘├┤┬┴┼▼]|\s{2,}")
_LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")


@dataclass(frozen=True)
class Line:
    """A line of the design."""

    section: str
    """The heading above the line."""
    text: str


@dataclass(frozen=True)
class Entry:
    """A row of the table: what implements a line, and what proves it."""

    line: Line
    files: tuple[str, ...]
    """The paths of the files, from the root of the repository."""
    tests: tuple[tuple[str, str], ...]
    """The path of a test file, and the name of the test."""
    deviations: tuple[str, ...]
    """The first cells of rows of decision 0003."""


def design_lines(text: str) -> Iterator[Line]:
    """Yield the lines that state something: items, rows of tables, words of the diagram, commands.

    Lines that end with a colon only introduce the lines after them.
    """
    section, code = "", ""
    for line in text.partition("\n## ")[2].splitlines():
        heading = re.match(r"#+ (.*)", line)
        if not section:
            section = line
        elif line.startswith("```"):
            code = "" if code else line.removeprefix("```")
        elif code == "text":
            words = (word.strip("- ") for word in _BOX_OR_SPACE.split(line))
            yield from (Line(section, word) for word in words if word)
        elif code:
            if line and not line.startswith("#"):
                yield Line(section, line)
        elif heading:
            section = heading[1]
        elif line.startswith("| "):
            cells = cells_of(line)
            if cells[0] != "Component":
                yield Line(section, ", ".join(cells))
        elif line.strip() and not line.endswith(":") and not line.startswith("|--"):
            yield Line(section, re.sub(r"^ *- ", "", line))


def entries(text: str) -> Iterator[Entry]:
    """Yield the rows of the table of docs/conformance.md."""
    for line in text.splitlines():
        if not line.startswith("| ") or line.startswith("| section "):
            continue
        section, statement, files, proof = cells_of(line)
        targets = [(name, _path(target)) for name, target in _LINK.findall(proof)]
        deviation = str(DEVIATIONS.relative_to(ROOT))
        tests = [(path, name) for name, path in targets if path != deviation]
        yield Entry(
            Line(section, statement),
            tuple(_path(target) for _, target in _LINK.findall(files)),
            tuple((path, f"test_{name.replace(' ', '_')}") for path, name in tests),
            tuple(name for name, path in targets if path == deviation),
        )


def cells_of(row: str) -> list[str]:
    """Return the cells of a row of a Markdown table."""
    return [cell.strip() for cell in row.strip().strip("|").split(" | ")]


def _path(target: str) -> str:
    """Return the path of a link in docs/, from the root of the repository."""
    return str((CONFORMANCE.parent / target).resolve().relative_to(ROOT))
