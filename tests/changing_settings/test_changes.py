"""Another valid value for every setting."""

import pytest

from settings import load_stage, stage_names
from tests.changing_settings.changes import (
    WITHOUT_CHANGE,
    NoOtherValueError,
    apply,
    changes_of_stage,
)
from tests.changing_settings.fields import setting_fields
from tests.changing_settings.other_values import OTHER_VALUES, SECTIONS, OtherValue

each_stage = pytest.mark.parametrize("stage", stage_names())


@each_stage
def test_every_setting_has_another_valid_value(stage: str) -> None:
    settings = load_stage(stage)
    found = changes_of_stage(settings)
    assert set(found) | set(WITHOUT_CHANGE) == {field.key for field in setting_fields()}
    for each in (change for of_setting in found.values() for change in of_setting):
        before = apply(settings, each.before)
        assert apply(settings, each.before, each.after) != before, str(each)


@pytest.mark.parametrize(
    "key, values",
    {
        "deletion_protection": [False],
        "firewall.rate_window_seconds": [600],
        "cluster.controllers.replicas": [3, 1],
        "account_wide.guardduty_features": [["S3_DATA_EVENTS"]],
        "cache.node_type": ["cache.t4g.small"],
        "database.max_storage_gib": [None, 600],
        "monitoring.thresholds.response_time_p95_seconds": [30.5, 0.5],
        "database.second_region.retention_days": [8, 6],
    }.items(),
)
def test_the_other_values_follow_from_the_annotation(key: str, values: list[object]) -> None:
    found = changes_of_stage(load_stage("production"))[key]
    assert [change.after[key] for change in found] == values


def test_a_setting_without_another_value_names_the_table_to_extend(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(OTHER_VALUES, "domain.name")
    with pytest.raises(NoOtherValueError) as caught:
        changes_of_stage(load_stage("staging"))
    assert str(caught.value) == (
        "domain.name: found no other valid value for staging; add one to OTHER_VALUES in "
        "tests/changing_settings/other_values.py"
    )


def test_an_invalid_entry_of_the_table_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = OtherValue({"domain.name": "spywatcher.example.org"})
    monkeypatch.setitem(OTHER_VALUES, "domain.name", [entry])
    with pytest.raises(NoOtherValueError, match=r"example\.com or a name below it"):
        changes_of_stage(load_stage("staging"))


def test_the_tables_name_only_settings_that_exist() -> None:
    known = {field.key for field in setting_fields()}
    assert {*OTHER_VALUES, *SECTIONS, *WITHOUT_CHANGE} <= known
