"""Bad input of the monitoring settings: one clear message each."""

from pathlib import Path
from typing import Any

import pytest

from settings import SettingsError, load_stage
from settings.instances import DATABASE_CLASSES
from settings.monitoring import BusinessHoursSettings
from tests.settings.files import write

BAD_INPUT = {
    "neither an address nor an https URL": (
        {"subscriptions": {"critical": ["http://events.example.com"]}},
        "monitoring.subscriptions.critical.0: found 'http://events.example.com'; allowed: an "
        "e-mail address, or an https:// URL",
    ),
    "hours that end before they begin": (
        {"business_hours": {"start": "17:00", "end": "09:00"}},
        "monitoring.business_hours.end: found 09:00; allowed: a time after start, 17:00, of the "
        "same day",
    ),
    "an unknown time zone": (
        {"business_hours": {"time_zone": "Europe/Bonn"}},
        "monitoring.business_hours.time_zone: found 'Europe/Bonn'; allowed: a time zone of the "
        "IANA database, such as Europe/Berlin or UTC",
    ),
    "a time between the steps": (
        {"business_hours": {"start": "09:03"}},
        "monitoring.business_hours.start: found '09:03'; allowed: a quoted time of day in steps of "
        "five minutes, such as '09:00'",
    ),
    "a threshold outside its metric's range": (
        {"thresholds": {"database_cpu_percent": 120}},
        "monitoring.thresholds.database_cpu_percent: found 120",
    ),
    "a certificate's days that ACM has not begun to renew in": (
        {"thresholds": {"certificate_days": 60}},
        "monitoring.thresholds.certificate_days: found 60",
    ),
    "a misspelt day": (
        {"business_hours": {"days": ["monday"]}},
        "monitoring.business_hours.days: found ['monday']; allowed: one or more of mon, tue",
    ),
}


@pytest.mark.parametrize(("monitoring", "message"), BAD_INPUT.values(), ids=BAD_INPUT)
def test_bad_input_is_one_clear_message(
    tmp_path: Path, monitoring: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingsError) as raised:
        load_stage("staging", write(tmp_path, {"monitoring": monitoring}))
    assert message in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


def test_addresses_and_https_urls_subscribe(tmp_path: Path) -> None:
    endpoints = ("ops@example.com", "https://events.pagerduty.com/integration/abc/enqueue")
    settings = load_stage(
        "staging", write(tmp_path, {"monitoring": {"subscriptions": {"critical": list(endpoints)}}})
    )
    assert settings.monitoring.subscriptions.critical == endpoints


def test_hours_may_last_to_midnight() -> None:
    assert BusinessHoursSettings(end="24:00").end == "24:00"


def test_connections_are_what_rds_computes_from_memory() -> None:
    """LEAST({DBInstanceClassMemory/9531392},5000), with the whole memory."""
    assert DATABASE_CLASSES["db.t3.large"].max_connections == 901
    assert DATABASE_CLASSES["db.r6i.xlarge"].max_connections == 3604
