"""Reusable L3 constructs: things that would serve another product too."""
