"""The text of docs/changing-settings.md."""

from collections.abc import Iterable, Iterator

from tests.changing_settings.groups import ELSEWHERE
from tests.changing_settings.ways import WAYS

_INTRODUCTION = """\
# Changing settings

This page is generated: `python3 dev.py test --nightly tests/changing_settings --snapshot-update`
changes each setting alone, in both directions, and compares the templates as the
[guard](runbooks/replacement-guard.md) does. It lists the settings whose change replaces or
interrupts something, is refused, or takes more than one deployment. Every other setting changes in
place: one deployment, and nothing is interrupted.

Before a deployment, `python3 dev.py guard production` (admin) says what the change means for your
stage.

| setting | a change, in one direction or in both | how |
|---|---|---|
"""
_DEFAULT_WAY = "One deployment."
_MOST_TYPES = 3


def document(effects: dict[str, set[str]]) -> str:
    """Return the page.

    Args:
        effects: the recorded effects of each setting of any stage.
    """
    rows = [f"| `{key}` | {text} | A first deployment there. |" for key, text in ELSEWHERE.items()]
    rows += [
        f"| `{key}` | {'; '.join(_summary(effects[key]))} | {WAYS.get(key, _DEFAULT_WAY)} |"
        for key in sorted(effects)
    ]
    return _INTRODUCTION + "\n".join(rows) + "\n"


def needs_way(effects: Iterable[str]) -> bool:
    """Return whether effects are more than interruptions."""
    return any("refused" in text or "would" in text or "is replaced" in text for text in effects)


def _summary(effects: set[str]) -> Iterator[str]:
    """Yield the effects, of which those of the same kind are one."""
    refused = {text.removeprefix("is refused for ") for text in effects if "refused" in text}
    stopped = {text for text in effects if " would " in text}
    replaced = {text.removesuffix(" is replaced") for text in effects if " is replaced" in text}
    if refused:
        yield f"AWS refuses it for {_list(sorted({_code(text) for text in refused}))}"
    if stopped:
        yield f"the guard stops it: {_list(sorted({_code(text) for text in stopped}))}"
    if replaced:
        yield f"replaces {_list(sorted({_code(text) for text in replaced}))}"
    yield from sorted(
        effects
        - stopped
        - {text for text in effects if "refused" in text}
        - {text for text in effects if " is replaced" in text}
    )


def _code(text: str) -> str:
    """Return an effect whose resource type is set as code."""
    words, _, stack = text.partition(";")[0].partition(" of ")
    first, *rest = words.split(" ")
    code = " ".join([f"`{first}`" if "::" in first else first, *rest])
    return f"{code} of the stack {stack}" if stack else code


def _list(items: list[str]) -> str:
    more = len(items) - _MOST_TYPES
    shown = ", ".join(items[:_MOST_TYPES])
    return f"{shown} and {more} more" if more > 0 else shown
