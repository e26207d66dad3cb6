"""The text of a changed property."""

from tools.guard.change import Change


def test_a_long_value_is_truncated_and_an_absent_value_is_called_nothing() -> None:
    text = str(Change("EncryptionConfig", None, ["x" * 500]))
    assert text.startswith('EncryptionConfig changes from nothing to ["xxx')
    assert text.endswith("xxx...")
    assert len(text) < 250


def test_the_value_of_a_secret_is_not_shown() -> None:
    assert str(Change("AuthToken", "old", "new")) == "AuthToken changes; its values are not shown"
