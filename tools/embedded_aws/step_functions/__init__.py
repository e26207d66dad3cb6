"""Corrections and additions to the Step Functions of the emulator."""
