"""Monitoring: what is watched, who hears of it, and when."""

from stacks.monitoring.stack import MonitoringStack

__all__ = ["MonitoringStack"]
