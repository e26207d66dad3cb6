"""Measures how long the commands take, as ratios to an empty CDK app (docs/performance.md)."""
