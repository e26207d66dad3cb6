"""The marker `nightly` of long tests, and the option `--nightly` that selects them."""

import pytest

MARKER = "nightly"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option `--nightly`."""
    parser.addoption(
        "--nightly",
        action="store_true",
        help="run the tests with the marker nightly, and no other tests",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Select the long tests with `--nightly`, and the other tests without it."""
    is_nightly = config.getoption("--nightly")
    deselected = [
        item for item in items if (item.get_closest_marker(MARKER) is not None) != is_nightly
    ]
    if deselected:
        config.hook.pytest_deselected(items=deselected)
        items[:] = [item for item in items if item not in deselected]
