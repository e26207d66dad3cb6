"""The settings of what an account has once."""

from pathlib import Path
from typing import Any

import pytest

from settings import load_stage
from tests.settings.files import check_refused, write_stage_file

MONITOR = "arn:aws:ce::123456789012:anomalymonitor/12345678-1234-1234-1234-123456789012"

INVALID: dict[str, tuple[dict[str, Any], str]] = {
    "a word that is neither make, use nor none": (
        {"guardduty": "true"},
        "guardduty: found 'true'; allowed: 'make', 'use' or 'none'",
    ),
    "no OIDC provider, which the deployer role needs": (
        {"github_oidc_provider": "none"},
        "github_oidc_provider: found 'none'; allowed: 'make' or 'use'",
    ),
    "an unknown feature of GuardDuty": (
        {"guardduty_features": ["EKS_LOGS"]},
        "guardduty_features.0: found 'EKS_LOGS'; allowed: 'S3_DATA_EVENTS', 'EKS_AUDIT_LOGS', ",
    ),
    "a feature that stands twice": (
        {"guardduty_features": ["EKS_AUDIT_LOGS", "EKS_AUDIT_LOGS"]},
        "guardduty_features: found ['EKS_AUDIT_LOGS', 'EKS_AUDIT_LOGS']; allowed: each feature ",
    ),
    "features of a detector that is not made": (
        {"guardduty": "use", "guardduty_features": ["EKS_AUDIT_LOGS"]},
        "guardduty_features: found EKS_AUDIT_LOGS; allowed: none, because guardduty is use",
    ),
    "a conformance pack without a recorder": (
        {"config_recorder": "none"},
        "conformance_pack: found True; allowed: false, because config_recorder is none",
    ),
    "an anomaly monitor that is used, without its ARN": (
        {"anomaly_monitor": "use"},
        "anomaly_monitor_arn: found None; allowed: an ARN, because anomaly_monitor is use",
    ),
    "the ARN of an anomaly monitor that is made": (
        {"anomaly_monitor_arn": MONITOR},
        f"anomaly_monitor_arn: found {MONITOR}; allowed: none, because anomaly_monitor is make",
    ),
    "a permissions boundary by its ARN": (
        {"permissions_boundary": "arn:aws:iam::123456789012:policy/boundary"},
        "permissions_boundary: found 'arn:aws:iam::123456789012:policy/boundary'; allowed: ",
    ),
}


@pytest.mark.parametrize("changes, expected", INVALID.values(), ids=INVALID)
def test_an_invalid_setting_is_refused_with_one_message(
    tmp_path: Path, changes: dict[str, Any], expected: str
) -> None:
    check_refused(tmp_path, changes, expected, section="account_wide")


def test_an_account_makes_everything_by_default() -> None:
    for name in ("production", "staging"):
        settings = load_stage(name).account_wide
        assert {
            settings.github_oidc_provider,
            settings.access_analyzer,
            settings.guardduty,
            settings.config_recorder,
            settings.anomaly_monitor,
        } == {"make"}
        assert settings.conformance_pack


def test_no_stage_is_named_account(tmp_path: Path) -> None:
    """`cdk deploy 'account/*'` deploys the account stack."""
    file = write_stage_file(tmp_path, {}) / "staging.yaml"
    file.rename(tmp_path / "account.yaml")
    with pytest.raises(Exception, match=r"account\.yaml: stage: found 'account'; allowed: another"):
        load_stage("account", tmp_path)
