"""The alarms, one module for each part of the system that they observe."""
