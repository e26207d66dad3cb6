"""Corrections and additions to the Elastic Load Balancing of the emulator."""
