"""Migrations, run in the way of `prisma migrate deploy`."""

from __future__ import annotations

from urllib.parse import quote

import psycopg

from k8s.database_bootstrap import OWNER_ROLE
from tests.constructs.postgres_rotation.secrets import Login
from tests.k8s.database.database import DATABASE, HOST, Database

FIRST = (
    "CREATE TYPE \"Role\" AS ENUM ('USER', 'ADMIN')",
    'CREATE TABLE "User" (id SERIAL PRIMARY KEY, name TEXT NOT NULL UNIQUE, '
    "role \"Role\" NOT NULL DEFAULT 'USER')",
    'CREATE TABLE "Session" (id TEXT PRIMARY KEY, "userId" INTEGER NOT NULL '
    'REFERENCES "User"(id) ON DELETE CASCADE)',
)


def migrate(database: Database, admin: Login, *statements: str) -> None:
    """Take Prisma's lock, create its table, and run the statements, each as a migration."""
    url = (
        f"postgresql://{admin.username}:{quote(admin.password, safe='')}@{HOST}:{database.port}/"
        f"{DATABASE}?sslmode=verify-full&sslrootcert={database.certificate}&hostaddr=127.0.0.1"
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
