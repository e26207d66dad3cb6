"""Maintenance, access reviews and the budget."""
