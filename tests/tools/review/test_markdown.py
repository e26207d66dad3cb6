"""Text of templates in Markdown."""

import pytest
from markdown_it import MarkdownIt

from tools.review.markdown import code_block, code_span, folded

HOSTILE = ["`", "``x``", "x`", "@someone", "<b>", "a|b", "*x*", "```\n</details>", "a\rb", "\u202e"]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_code_span_is_one_span(text: str) -> None:
    (_, inline, _) = MarkdownIt().parse(code_span(text))
    (span,) = inline.children or []
    assert span.type == "code_inline"


@pytest.mark.parametrize("text", HOSTILE)
def test_a_code_block_is_one_block(text: str) -> None:
    (block,) = MarkdownIt().parse(code_block(text))
    assert block.type == "fence"


def test_control_and_format_characters_are_visible() -> None:
    assert code_block("a\rb\u202ec\x1b[0m\td") == "```\na\\rb\\u202ec\\x1b[0m\td\n```"


def test_a_folded_block_ends_where_it_should() -> None:
    text = folded("<b>@x", code_block("</details>"))
    types = [token.type for token in MarkdownIt("commonmark").parse(text)]
    assert types == ["html_block", "fence", "html_block"]
    assert "<code>&lt;b&gt;@x</code>" in text
