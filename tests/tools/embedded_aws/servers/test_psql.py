"""The part of psql that runs the bootstrap script."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.tools.embedded_aws.servers.conftest import DATABASE
from tools.embedded_aws.servers.postgres import PostgresServer
from tools.embedded_aws.servers.psql import Script, ScriptError

Connection = psycopg.Connection[tuple[object, ...]]


def run(connection: Connection, *lines: str) -> None:
    Script(connection).run("\n".join(["\\set ON_ERROR_STOP on", *lines, ""]))


@pytest.fixture
def connection(shared_postgres: PostgresServer) -> Iterator[Connection]:
    """A connection to the database, without the tables of the test before."""
    with shared_postgres.superuser(DATABASE) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
        yield connection


def test_variables_are_quoted_as_values_literals_and_identifiers(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GIVEN", 'it\'s a "name"')
    run(
        connection,
        "\\getenv name GIVEN",
        'CREATE TABLE :"name" (text TEXT); -- it\'s; a comment',
        "INSERT INTO :\"name\" VALUES (:'name'::text || ':name');",
        'SELECT text AS read FROM :"name" \\gset',
        "\\echo read: :read",
    )
    assert capsys.readouterr().out == 'read: it\'s a "name":name\n'


def test_gexec_runs_each_generated_statement(connection: Connection) -> None:
    tables = "SELECT format('CREATE TABLE %I ()', name) FROM unnest(ARRAY['a', 'b']) AS name"
    run(connection, tables, "\\gexec")
    tables = "SELECT count(*) FROM pg_tables WHERE tablename IN ('a', 'b')"
    assert connection.execute(tables).fetchone() == (2,)


def test_the_first_error_ends_the_script_with_its_line(connection: Connection) -> None:
    with pytest.raises(ScriptError, match=r'^3: ERROR:  column "nothing" does not exist$'):
        run(connection, "CREATE TABLE first ();", "SELECT nothing;", "CREATE TABLE second ();")
    with pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute("SELECT * FROM second")


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("\\copy a FROM b", r"\\copy a FROM b is not supported"),
        ("SELECT :missing;", "the variable missing is not set"),
        ("SELECT 1", "the last statement has no semicolon"),
        ("\\set ON_ERROR_STOP off\nSELECT 1;", "only scripts with"),
    ],
)
def test_what_it_does_not_support_is_an_error(
    connection: Connection, script: str, message: str
) -> None:
    with pytest.raises(ScriptError, match=message):
        run(connection, script)
