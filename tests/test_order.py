"""The files of tests that take long begin first."""

from tests.order import LONG_FILES, TESTS, sort_long_files_first


def test_every_long_file_exists() -> None:
    assert [name for name in LONG_FILES if not (TESTS / name).is_file()] == []


def test_long_files_begin_first_and_others_keep_their_order() -> None:
    second, first = (TESTS / name for name in LONG_FILES[1::-1])
    paths = [TESTS / "test_b.py", second, TESTS / "test_a.py", first]
    assert sort_long_files_first(paths) == [3, 1, 0, 2]
