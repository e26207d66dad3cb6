"""Any stage file is loaded, or refused with messages of one line each."""

import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings

from settings import SettingsError, load_stage
from tests.changing_settings.stage_documents import stage_files

MESSAGE = re.compile(
    r"[\w-]+/\w+\.yaml: "
    r"((?:'.*'|\".*\"|[^:])+: (found .*; allowed: .+|unknown setting; .*allowed: .+|missing; .+"
    r"|.*allowed: .+)|not valid YAML: .+)"
)
"""A message: the file, the key, what was found, and what is allowed."""


def check_is_loaded_or_refused(stage: str, text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / f"{stage}.yaml").write_text(text, encoding="utf-8")
        try:
            load_stage(stage, Path(folder))
        except SettingsError as error:
            for line in str(error).splitlines():
                assert MESSAGE.fullmatch(line), line
                for fragment in ("datetime.", "Traceback", "[A-Z", "\\d", "pydantic"):
                    assert fragment not in line or fragment in text, line


@settings(max_examples=200, derandomize=True, database=None, deadline=None)
@given(stage_files())
def test_any_stage_file_is_loaded_or_refused_with_messages(file: tuple[str, str]) -> None:
    check_is_loaded_or_refused(*file)


@pytest.mark.nightly
@settings(max_examples=10_000, database=None, deadline=None, print_blob=True)
@given(stage_files())
def test_many_more_stage_files_are_loaded_or_refused(file: tuple[str, str]) -> None:
    check_is_loaded_or_refused(*file)
