"""Runs an SQL script as psql does: `python -m tools.embedded_aws.servers.psql --file FILE`.

No package has psql with TLS for Linux and macOS. This program supports the part of psql that
k8s/database/bootstrap.sql uses, and refuses every other option and command. psql's own variables
(PGHOST, PGPASSWORD, PGSSLMODE, ...) name the server.
"""

import argparse
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.pq import Escaping

EXIT_CONNECTION, EXIT_SCRIPT = 2, 3
"""The exit codes of psql after a failed connection, and after an error with ON_ERROR_STOP."""

_TOKEN = re.compile(
    r"""
    (?P<quoted>    --[^\n]* | '(?:[^']|'')*' | "(?:[^"]|"")*" )
  | (?P<cast>      :: )
  | (?P<variable>  :'\w+' | :"\w+" | :[A-Za-z_]\w* )
  | (?P<end>       ; )
  | (?P<command>   \\[^\n]* )
  | (?P<text>      [^'":;\\-]+ | . )
    """,
    re.VERBOSE | re.DOTALL,
)


class ScriptError(Exception):
    """The script cannot be run, or a statement of it failed."""


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    line: int


class Script:
    """The execution of a script."""

    def __init__(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        """Take a connection in autocommit mode, as psql has."""
        self._connection = connection
        self._escaping = Escaping(connection.pgconn)
        self._variables: dict[str, str] = {}

    def run(self, text: str) -> None:
        """Run the script up to its first error.

        Raises:
            ScriptError: A command is not supported, or a statement failed. Begins with the line.
        """
        statement = ""
        for token in _tokens(text):
            try:
                match token.kind:
                    case "end":
                        self._execute(statement)
                        statement = ""
                    case "command":
                        self._run_command(token.text, statement)
                        statement = ""
                    case "variable":
                        statement += self._value(token.text)
                    case _:
                        statement += token.text
            except (psycopg.Error, ScriptError) as error:
                raise ScriptError(f"{token.line}: ERROR:  {_first_line(error)}") from None
        if re.sub(r"--[^\n]*", "", statement).strip():
            raise ScriptError("the last statement has no semicolon")

    def _execute(self, statement: str) -> list[tuple[object, ...]]:
        if self._variables.get("ON_ERROR_STOP") != "on":
            raise ScriptError(r"only scripts with `\set ON_ERROR_STOP on` are supported")
        cursor = self._connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []

    def _run_command(self, text: str, statement: str) -> None:
        name, *arguments = text.split()
        match name, arguments:
            case r"\set", [variable, value]:
                self._variables[variable] = value
            case r"\getenv", [variable, source]:
                if source in os.environ:
                    self._variables[variable] = os.environ[source]
            case r"\gset", []:
                self._set_from_query(statement)
            case r"\gexec", []:
                for row in self._execute(statement):
                    for generated in row:
                        self._execute(str(generated))
            case r"\echo", _:
                print(" ".join(self._value(a) if a.startswith(":") else a for a in arguments))
            case _:
                raise ScriptError(f"{text.strip()} is not supported")

    def _set_from_query(self, statement: str) -> None:
        cursor = self._connection.execute(statement.encode())
        (row,) = cursor.fetchall()
        for column, value in zip(cursor.description or (), row, strict=True):
            self._variables[column.name] = "" if value is None else str(value)

    def _value(self, reference: str) -> str:
        """Return the value of `:name`; quoted as a literal (`:'name'`) or an identifier."""
        name = reference[1:].strip("'\"")
        if name not in self._variables:
            raise ScriptError(f"the variable {name} is not set")
        value = self._variables[name].encode()
        if reference[1] == "'":
            return self._escaping.escape_literal(value).decode()
        return (self._escaping.escape_identifier(value) if reference[1] == '"' else value).decode()


def _tokens(text: str) -> Iterator[_Token]:
    line = 1
    for match in _TOKEN.finditer(text):
        yield _Token(str(match.lastgroup), match.group(), line)
        line += match.group().count("\n")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def main() -> int:
    """Run the script of the command line; return psql's exit code."""
    parser = argparse.ArgumentParser(prog="psql", description=__doc__, allow_abbrev=False)
    parser.add_argument("--no-psqlrc", action="store_true", help="accepted: none is read")
    parser.add_argument("--quiet", action="store_true", help="accepted: only \\echo prints")
    parser.add_argument("--file", type=Path, required=True)
    options = parser.parse_args()
    try:
        connection = psycopg.connect("", autocommit=True)
    except psycopg.OperationalError as error:
        print(f"psql: error: {error}", file=sys.stderr)
        return EXIT_CONNECTION
    with connection:
        try:
            Script(connection).run(options.file.read_text(encoding="utf-8"))
        except ScriptError as error:
            print(f"psql:{options.file}:{error}", file=sys.stderr)
            return EXIT_SCRIPT
    return 0


if __name__ == "__main__":
    sys.exit(main())
