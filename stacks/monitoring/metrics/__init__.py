"""The metrics and saved queries that alarms and dashboards share."""
