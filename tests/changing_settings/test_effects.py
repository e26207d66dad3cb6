"""What a deployment does when a setting changes, in both directions."""

import pytest

from settings import load_stage, stage_names
from settings.model import StageSettings
from tests.changing_settings.changes import WITHOUT_CHANGE, apply, changes_of_stage
from tests.changing_settings.effects import effects
from tests.changing_settings.fields import setting_fields
from tests.changing_settings.groups import ELSEWHERE, groups_of_changes
from tests.changing_settings.records import read_effects, write_effects
from tests.synthesis import synthesize, synthesize_account

MOST_SYNTHESES_KEPT = 40
KEYS = [
    field.key
    for field in setting_fields()
    if field.key not in WITHOUT_CHANGE and field.key not in ELSEWHERE
]


HIDDEN = {
    "AWS::AccessAnalyzer::Analyzer is replaced": "account_wide.access_analyzer removes it",
    "AWS::CertificateManager::Certificate is replaced": "domain.certificate_arn removes it",
    "ends the connections through a NAT gateway": "the subnets replace the gateways",
    "is refused for AWS::ElastiCache::ReplicationGroup of data; an order of deployments helps": (
        "cache.automatic_failover is false"
    ),
    "moves the website to another name": "domain.hosted_zone_id replaces the record",
    "sets the number of nodes to `desired_nodes`": "cluster.nodes.instance_type replaces the nodes",
}
"""The effects that another change of the same group hides, with that change."""


def both_directions(before: StageSettings, after: StageSettings) -> frozenset[str]:
    return effects(before, after) | effects(after, before)


@pytest.mark.parametrize("stage", stage_names())
def test_all_settings_at_once_have_the_recorded_effects(stage: str) -> None:
    """The record names the setting of each effect, which the test of each setting alone writes."""
    recorded = read_effects(stage)
    for group in groups_of_changes(load_stage(stage)):
        expected = {effect for key in group.keys for effect in recorded.get(key, ())}
        found = both_directions(group.before, group.after)
        assert found <= expected
        assert expected - found <= HIDDEN.keys()


@pytest.mark.nightly
@pytest.mark.parametrize("stage", stage_names())
@pytest.mark.parametrize("key", KEYS)
def test_each_setting_alone_has_the_recorded_effects(
    stage: str, key: str, pytestconfig: pytest.Config
) -> None:
    settings = load_stage(stage)
    found: frozenset[str] = frozenset()
    for change in changes_of_stage(settings)[key]:
        before = apply(settings, change.before)
        found |= both_directions(before, apply(settings, change.before, change.after))
    if synthesize.cache_info().currsize > MOST_SYNTHESES_KEPT:
        synthesize.cache_clear()
        synthesize_account.cache_clear()
    if pytestconfig.getoption("update_snapshots"):
        write_effects(stage, key, found)
    assert sorted(found) == read_effects(stage).get(key, [])
