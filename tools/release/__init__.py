"""Starts, observes and rolls back releases: the command `python3 dev.py release`.

The state machine of the delivery stack releases an image. These modules read the parameters of the
workloads stack and the executions of the machine, and keep no records of their own.
"""
