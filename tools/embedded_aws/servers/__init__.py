"""Servers of PostgreSQL and Redis on this machine, for the embedded AWS and for tests.

The set-up installs their programs as packages (docs/decisions/0008-local-servers.md). Every server
listens on 127.0.0.1 with TLS, and keeps its files in a folder that is deleted when it stops.
"""
