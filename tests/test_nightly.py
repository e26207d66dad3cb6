"""The option `--nightly`."""

import pytest

pytest_plugins = ["pytester"]

SUITE = """
import pytest

@pytest.mark.nightly
def test_long() -> None: ...

def test_short() -> None: ...
"""


@pytest.mark.parametrize(
    ("options", "selected"), [((), "test_short"), (("--nightly",), "test_long")]
)
def test_the_option_selects_the_long_tests_and_no_others(
    pytester: pytest.Pytester, options: tuple[str, ...], selected: str
) -> None:
    pytester.makeini("[pytest]\nmarkers = nightly: long\naddopts = -p no:valkey -p no:xdist")
    pytester.makeconftest("from tests.nightly import *")
    pytester.makepyfile(SUITE)
    result = pytester.runpytest_inprocess(*options, "-v")
    result.assert_outcomes(passed=1, deselected=1)
    result.stdout.fnmatch_lines([f"*{selected} PASSED*"])
