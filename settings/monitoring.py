"""Monitoring settings: when an alarm goes off, and who hears of it."""

from pydantic import Field

from settings.base import Settings


class ThresholdSettings(Settings):
    """Where an alarm starts. Percentages are of what the resource has."""

    server_error_percent: float = Field(5, gt=0, le=100)
    """Answers with a 5xx status, of all answers of the load balancer."""
    response_time_p95_seconds: float = Field(1, gt=0)
    database_cpu_percent: float = Field(80, gt=0, le=100)
    database_free_storage_percent: float = Field(20, gt=0, lt=100)
    cache_cpu_percent: float = Field(80, gt=0, le=100)
    cache_memory_percent: float = Field(80, gt=0, le=100)


class MonitoringSettings(Settings):
    """Alarms and their audience."""

    thresholds: ThresholdSettings = ThresholdSettings()
