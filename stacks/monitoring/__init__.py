"""Monitoring: what is watched, who hears of it, and when."""
