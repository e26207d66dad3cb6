"""The dashboards, and the widgets that they consist of."""
