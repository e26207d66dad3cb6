"""The commands that the documents tell people to run, and the role that each is for.

A command is a line of a code block without a language, or a code span in a sentence. A mark names
its role: (reader), (on call), (admin) or (owner). (forbidden) marks a command that no role may run.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.synthesis import ROOT

ROLES = ("reader", "on call", "admin", "owner", "forbidden")
PROGRAMS = ("aws", "helm", "kubectl", "python3 dev.py")

_MARK = re.compile(rf"\(({'|'.join(ROLES)})\)".replace(" ", r"\s+"))
_FENCE = re.compile(r"^ *```(\w*)$")
_HEADING = re.compile(r"^(#+) (.*)$")
_ITEM = re.compile(r"^ *(?:[-*]|\d+\.) |^\|")
_SPAN = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class DocumentedCommand:
    """A command in a document."""

    page: str
    """The path of the document, from the root of the repository."""
    line: int
    text: str
    role: str
    """A role of `ROLES`, or an empty string where no mark names one."""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.text}"


@dataclass
class _Block:
    """A paragraph, an item of a list, a line of a table or a code block, and where it begins."""

    line: int
    lines: list[str]
    language: str | None = None
    """The language of a code block, which can be empty. None for text."""


def documented_pages() -> list[str]:
    """Return the documents with commands for operators."""
    pages = [
        ROOT / "README.md",
        *sorted((ROOT / "docs").glob("*.md")),
        *sorted((ROOT / "docs/runbooks").glob("*.md")),
    ]
    return [str(page.relative_to(ROOT)) for page in pages]


def commands_of(page: str) -> list[DocumentedCommand]:
    """Return the commands of a document of the repository."""
    return list(parse_commands(page, (ROOT / page).read_text(encoding="utf-8")))


def parse_commands(page: str, text: str) -> Iterator[DocumentedCommand]:
    """Yield the commands in the text of a document.

    The role of a code block is the last mark of the paragraph before it. The role of a code span is
    the mark that follows it directly, or the only mark of its paragraph. Where these have no mark,
    the headings above have the role.
    """
    headings: dict[int, str] = {}
    before = _Block(0, [])
    for block in _blocks(text):
        heading = _HEADING.match(block.lines[0]) if block.language is None else None
        if heading:
            level = len(heading[1])
            headings = {key: title for key, title in headings.items() if key < level}
            headings[level] = heading[2]
            before = _Block(0, [])
            continue
        default = _role_of_headings(headings)
        if block.language is None:
            yield from _spans(page, block, default)
            before = block
        elif block.language == "":
            marks = _marks(" ".join(before.lines))
            yield from _lines(page, block, marks[-1] if marks else default)


def _blocks(text: str) -> Iterator[_Block]:
    block = _Block(0, [])
    for number, line in enumerate(text.splitlines(), start=1):
        fence = _FENCE.match(line)
        if block.language is not None:
            if fence:
                yield block
                block = _Block(0, [])
            else:
                block.lines.append(line)
            continue
        begins = bool(fence) or not line.strip() or _ITEM.match(line) or _HEADING.match(line)
        if begins and block.lines:
            yield block
            block = _Block(0, [])
        if fence:
            block = _Block(number + 1, [], fence[1])
        elif line.strip():
            block.line = block.line or number
            block.lines.append(line)
            if _HEADING.match(line):
                yield block
                block = _Block(0, [])
    if block.lines:
        yield block


def _marks(text: str) -> list[str]:
    return [" ".join(mark.split()) for mark in _MARK.findall(text)]


def _role_of_headings(headings: dict[int, str]) -> str:
    for level in sorted(headings, reverse=True):
        marks = _marks(headings[level])
        if marks:
            return marks[-1]
    return ""


def _lines(page: str, block: _Block, role: str) -> Iterator[DocumentedCommand]:
    """Yield the commands of a code block. A backslash or an open quote continues on the next line.

    Of a pipeline, the commands of the known programs are yielded.
    """
    first, text = 0, ""
    for number, line in enumerate(block.lines, start=block.line):
        first = first or number
        text += _without_comment(line).strip()
        if text.endswith("\\"):
            text = text.removesuffix("\\")
            continue
        for part in _pipeline(text):
            yield DocumentedCommand(page, first, part, role)
        first, text = 0, ""


def _spans(page: str, block: _Block, default: str) -> Iterator[DocumentedCommand]:
    text = "\n".join(block.lines)
    marks = set(_marks(text))
    for span in _SPAN.finditer(text):
        command = " ".join(span[1].split())
        if not command.startswith(tuple(f"{program} " for program in PROGRAMS)):
            continue
        following = re.match(r"\s*" + _MARK.pattern, text[span.end() :])
        role = default
        if following:
            (role,) = _marks(following[0])
        elif len(marks) == 1:
            (role,) = marks
        yield DocumentedCommand(page, block.line + text[: span.start()].count("\n"), command, role)


def _without_comment(line: str) -> str:
    return re.sub(r"(^|\s{2,})# .*$|\s+#\s.*$", "", line)


def _pipeline(text: str) -> Iterator[str]:
    """Yield the commands of known programs in a pipeline."""
    for part in re.split(r" \| |^\| ", text):
        command = part.strip()
        if command.startswith(tuple(f"{program} " for program in PROGRAMS)):
            yield command
