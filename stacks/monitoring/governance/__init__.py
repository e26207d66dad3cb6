"""Planned maintenance, the quarterly access review and the budget."""
