"""Migrations as `prisma migrate deploy` runs them."""

from __future__ import annotations

from urllib.parse import quote

import psycopg

from k8s.database_bootstrap import OWNER_ROLE
from tests.k8s.database.rotation import Login
from tests.k8s.database.server import DATABASE, HOST, Server

FIRST = (
    "CREATE TYPE \"Role\" AS ENUM ('USER', 'ADMIN')",
    'CREATE TABLE "User" (id SERIAL PRIMARY KEY, name TEXT NOT NULL UNIQUE, '
    "role \"Role\" NOT NULL DEFAULT 'USER')",
    'CREATE TABLE "Session" (id TEXT PRIMARY KEY, "userId" INTEGER NOT NULL '
    'REFERENCES "User"(id) ON DELETE CASCADE)',
)


def migrate(server: Server, admin: Login, *statements: str) -> None:
    """Do what Prisma does: take its lock, keep its table, run one migration after the other."""
    url = (
        f"postgresql://{admin.username}:{quote(admin.password, safe='')}@{HOST}:{server.port}/"
        f"{DATABASE}?sslmode=verify-full&sslrootcert={server.certificate}&hostaddr=127.0.0.1"
        f"&options=-c%20role%3D{OWNER_ROLE}"
    )
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(72707369)")
        connection.execute('CREATE SCHEMA IF NOT EXISTS "public"')
        connection.execute(
            'CREATE TABLE IF NOT EXISTS "_prisma_migrations" '
            "(id VARCHAR(36) PRIMARY KEY, migration_name VARCHAR(255) NOT NULL)"
        )
        for statement in statements:
            connection.execute(statement)
            connection.execute(
                'INSERT INTO "_prisma_migrations" VALUES (gen_random_uuid()::text, %s)',
                (statement[:40],),
            )
