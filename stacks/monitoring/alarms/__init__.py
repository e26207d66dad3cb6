"""The metric alarms, with one module for each part of the system that they observe."""
