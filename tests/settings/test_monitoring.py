"""The settings of monitoring."""

from pathlib import Path
from typing import Any

import pytest

from settings import load_stage
from settings.monitoring import BusinessHoursSettings
from tests.settings.files import check_refused, write_stage_file

INVALID: dict[str, tuple[dict[str, Any], str]] = {
    "an endpoint that is neither an address nor an HTTPS URL": (
        {"subscriptions": {"critical": ["http://events.example.com"]}},
        "subscriptions.critical.0: found 'http://events.example.com'; allowed: an e-mail address, "
        "or an https:// URL",
    ),
    "business hours that end before they start": (
        {"business_hours": {"start": "17:00", "end": "09:00"}},
        "business_hours.end: found 09:00; allowed: a time after start, 17:00, of the same day",
    ),
    "an unknown time zone": (
        {"business_hours": {"time_zone": "Europe/Bonn"}},
        "business_hours.time_zone: found 'Europe/Bonn'; allowed: a time zone of the IANA database, "
        "such as Europe/Berlin or UTC",
    ),
    "a time that is no multiple of five minutes": (
        {"business_hours": {"start": "09:03"}},
        "business_hours.start: found '09:03'; allowed: a quoted time of day in steps of five "
        "minutes, such as '09:00'",
    ),
    "a misspelt day": (
        {"business_hours": {"days": ["monday"]}},
        "business_hours.days: found ['monday']; allowed: one or more of mon, tue",
    ),
    "a percentage over 100": (
        {"thresholds": {"database_cpu_percent": 120}},
        "thresholds.database_cpu_percent: found 120; allowed: less than 100",
    ),
    "days in which ACM has not renewed the certificate yet": (
        {"thresholds": {"certificate_days": 60}},
        "thresholds.certificate_days: found 60; allowed: less than or equal to 44",
    ),
    "a value of a dimension with a space": (
        {"business": {"tiers": ["FREE TRIAL"]}},
        "business.tiers: found ['FREE TRIAL']; allowed: at most 24 letters, digits, - and _ in "
        "each",
    ),
    "a value of a dimension twice": (
        {"business": {"tiers": ["FREE", "FREE"]}},
        "business.tiers: found ['FREE', 'FREE']; allowed: each value once",
    ),
}


@pytest.mark.parametrize("changes, expected", INVALID.values(), ids=INVALID)
def test_an_invalid_setting_is_refused_with_one_message(
    tmp_path: Path, changes: dict[str, Any], expected: str
) -> None:
    check_refused(tmp_path, changes, expected, section="monitoring")


def test_email_addresses_and_https_urls_are_subscribed(tmp_path: Path) -> None:
    endpoints = ("ops@example.com", "https://events.pagerduty.com/integration/abc/enqueue")
    write_stage_file(tmp_path, {"monitoring.subscriptions.critical": list(endpoints)})
    settings = load_stage("staging", tmp_path)
    assert settings.monitoring.subscriptions.critical == endpoints


def test_business_hours_may_end_at_midnight() -> None:
    assert BusinessHoursSettings(end="24:00").end == "24:00"
