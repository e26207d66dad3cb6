"""The files of tests that take long begin first."""

from tests.order import LONG_FILES, TESTS, start_rank


def test_every_long_file_exists() -> None:
    assert [name for name in LONG_FILES if not (TESTS / name).is_file()] == []


def test_long_files_begin_first_and_others_keep_their_order() -> None:
    second, first = (TESTS / name for name in LONG_FILES[1::-1])
    b, a = TESTS / "test_b.py", TESTS / "test_a.py"
    assert sorted([b, second, a, first], key=start_rank) == [first, second, b, a]
