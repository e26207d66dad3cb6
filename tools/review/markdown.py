"""Writes text of templates into Markdown, so that the text stays text.

A value in a template can contain anything: backticks, tags, names of people. Inside of a code span
or a fenced code block, GitHub renders neither Markdown nor HTML and mentions nobody. A code span or
a block ends only at as many backticks as it begins with (CommonMark 0.31.2, "Code spans" and
"Fenced code blocks"), so each begins with more than its text contains.
"""

from __future__ import annotations

import html
import re
import unicodedata

_SHORTEST_FENCE = 3
_ALLOWED_CONTROLS = "\n\t"
_INVISIBLE = {"Cc", "Cf", "Zl", "Zp"}
"""Unicode categories of control and format characters and of line separators. They can end a line,
or show a text in another order than it has."""


def code_span(text: str) -> str:
    """Return text of one line as code."""
    text = " ".join(_visible(text).split("\n"))
    ticks = "`" * (_longest_run(text) + 1)
    padding = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{padding}{text}{padding}{ticks}"


def code_block(text: str, language: str = "") -> str:
    """Return text as a fenced code block."""
    text = _visible(text).strip("\n")
    fence = "`" * max(_SHORTEST_FENCE, _longest_run(text) + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def folded(summary: str, content: str) -> str:
    """Return content that a click on its summary shows. GitHub renders the content as Markdown."""
    # The blank line ends the HTML block, so that the content is Markdown (CommonMark, HTML blocks).
    title = html.escape(_visible(summary))
    return f"<details><summary><code>{title}</code></summary>\n\n{content}\n\n</details>"


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def _visible(text: str) -> str:
    """Return text with each control or format character as its escape sequence."""
    if all(line.isprintable() for line in text.split("\n")):
        return text
    return "".join(
        character
        if character in _ALLOWED_CONTROLS or unicodedata.category(character) not in _INVISIBLE
        else character.encode("unicode_escape").decode()
        for character in text
    )
