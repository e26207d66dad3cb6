"""docs/conformance.md: each line of the design has a file and a proof, or a recorded deviation."""

import ast
from collections.abc import Iterator

import pytest

from tests.conformance import (
    CONFORMANCE,
    DESIGN,
    DEVIATIONS,
    Entry,
    Line,
    cells_of,
    design_lines,
    entries,
)
from tests.synthesis import ROOT

ENTRIES = list(entries(CONFORMANCE.read_text()))
RECORDED = {
    cells_of(line)[0] for line in DEVIATIONS.read_text().splitlines() if line.startswith("| ")
} - {"the design says"}


def errors(entry: Entry) -> Iterator[str]:
    """Yield what is wrong with an entry."""
    if not entry.files:
        yield "names no file"
    if not entry.tests and not entry.deviations:
        yield "names neither a test nor an entry of decision 0003"
    for file in entry.files:
        if not (ROOT / file).is_file():
            yield f"{file}: no such file"
    for deviation in entry.deviations:
        if deviation not in RECORDED:
            yield f"{deviation}: no such entry of decision 0003"
    for path, name in entry.tests:
        if not (ROOT / path).is_file():
            yield f"{path}: no such file"
        elif problem := problem_of_test((ROOT / path).read_text(), name):
            yield f"{path}: {name}: {problem}"


def problem_of_test(text: str, name: str) -> str:
    """Return why a test proves nothing: it does not exist, or it is skipped."""
    tree = ast.parse(text)
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
    if not found:
        return "no such test"
    marks = [ast.unparse(mark) for mark in found[0].decorator_list]
    marks += [
        ast.unparse(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark"
    ]
    return "is skipped" if any("mark.skip" in mark or "xfail" in mark for mark in marks) else ""


def test_each_line_of_the_design_has_an_entry_in_its_order() -> None:
    lines = list(design_lines(DESIGN.read_text()))
    assert len(lines) > 150
    assert [entry.line for entry in ENTRIES] == lines


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.line.text)
def test_an_entry_names_files_and_tests_that_exist_or_a_recorded_deviation(entry: Entry) -> None:
    assert not list(errors(entry))


def test_each_deviation_is_the_entry_of_a_line() -> None:
    used = {deviation for entry in ENTRIES for deviation in entry.deviations}
    assert used == RECORDED


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (Entry(Line("a", "b"), (), (), ("administrators",)), "names no file"),
        (Entry(Line("a", "b"), ("app.py",), (), ()), "names neither a test nor an entry"),
        (Entry(Line("a", "b"), ("application.py",), (), ("administrators",)), "no such file"),
        (Entry(Line("a", "b"), ("app.py",), (), ("less",)), "less: no such entry"),
        (
            Entry(Line("a", "b"), ("app.py",), (("tests/test_app.py", "test_x"),), ()),
            "no such test",
        ),
    ],
)
def test_a_wrong_entry_is_found(entry: Entry, expected: str) -> None:
    assert expected in "\n".join(errors(entry))


@pytest.mark.parametrize(
    "text",
    [
        "@pytest.mark.skip\ndef test_a(): ...",
        "@pytest.mark.skipif(True, reason='x')\ndef test_a(): ...",
        "@pytest.mark.xfail\ndef test_a(): ...",
        "pytestmark = [pytest.mark.skip]\ndef test_a(): ...",
    ],
)
def test_a_skipped_test_proves_nothing(text: str) -> None:
    assert problem_of_test(text, "test_a") == "is skipped"
    assert problem_of_test("def test_a(): ...", "test_a") == ""
