"""Matches events against the JSON filter patterns of CloudWatch Logs, as far as the stacks go."""

import re
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<mark>\(|\)|&&|\|\||!=|=)|(?P<path>\$[.\w]+)|\"(?P<text>[^\"]*)\""
    r"|(?P<word>NOT EXISTS))"
)
Token = tuple[str, str]


def matches(pattern: str, event: dict[str, Any]) -> bool:
    """Return whether `{ ... }` matches the event.

    A comparison with a field that the event lacks does not match, `!=` neither: the more careful
    reading, by which a pattern has to name what it wants of a missing field.
    """
    inside = re.fullmatch(r"\{(.*)\}", pattern.strip())
    assert inside, pattern
    tokens = _tokens(inside.group(1).strip())
    result, rest = _any(tokens, event)
    assert not rest, f"left over: {rest}"
    return result


def _tokens(text: str) -> list[Token]:
    found: list[Token] = []
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        assert token and token.lastgroup, f"not understood: {text[at:]}"
        found.append((token.lastgroup, token[token.lastgroup]))
        at = token.end()
    return found


def _any(tokens: list[Token], event: dict[str, Any]) -> tuple[bool, list[Token]]:
    result, tokens = _all(tokens, event)
    while tokens and tokens[0] == ("mark", "||"):
        other, tokens = _all(tokens[1:], event)
        result = result or other
    return result, tokens


def _all(tokens: list[Token], event: dict[str, Any]) -> tuple[bool, list[Token]]:
    result, tokens = _one(tokens, event)
    while tokens and tokens[0] == ("mark", "&&"):
        other, tokens = _one(tokens[1:], event)
        result = result and other
    return result, tokens


def _one(tokens: list[Token], event: dict[str, Any]) -> tuple[bool, list[Token]]:
    if tokens[0] == ("mark", "("):
        result, tokens = _any(tokens[1:], event)
        assert tokens[0] == ("mark", ")"), tokens
        return result, tokens[1:]
    (kind, path), operator = tokens[0], tokens[1]
    assert kind == "path", tokens
    value = _field(event, path.split(".")[1:])
    if operator == ("word", "NOT EXISTS"):
        return value is None, tokens[2:]
    kind, wanted = tokens[2]
    assert kind == "text" and operator[0] == "mark", tokens
    equal = value == wanted
    return value is not None and (equal if operator[1] == "=" else not equal), tokens[3:]


def _field(event: Any, path: list[str]) -> Any:
    for name in path:
        if not isinstance(event, dict) or name not in event:
            return None
        event = event[name]
    return event
