"""docs/changing-settings.md, and the ways to change what does not change in place."""

import pytest

from settings import stage_names
from tests.changing_settings.document import document, needs_way
from tests.changing_settings.records import read_effects
from tests.changing_settings.ways import WAYS
from tests.documents import check_document


def all_effects() -> dict[str, set[str]]:
    """Return the recorded effects of all stages."""
    effects: dict[str, set[str]] = {}
    for stage in stage_names():
        for key, recorded in read_effects(stage).items():
            effects.setdefault(key, set()).update(recorded)
    return effects


def test_the_page_of_changing_settings_is_current(pytestconfig: pytest.Config) -> None:
    check_document("changing-settings.md", document(all_effects()), pytestconfig)


def test_every_change_that_is_refused_or_replaces_something_has_a_way() -> None:
    effects = all_effects()
    assert {key for key in effects if needs_way(effects[key])} == set(WAYS)
