"""The bootstrap and the rotation of the database's roles, on PostgreSQL 15."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from k8s.database_bootstrap import OWNER_ROLE
from tests.constructs.postgres_rotation.secrets import Login
from tests.k8s.database.conftest import ADMIN, APPLICATION, BootstrapError
from tests.k8s.database.database import DATABASE, Connection, Database, permission_denied
from tests.k8s.database.migrations import FIRST, migrate
from tests.k8s.database.rotation import ApplicationSecret
from tests.simulators.secrets_manager_simulator import STEPS

Bootstrap = Callable[..., str]
Connect = Callable[[], Connection]

SECOND = ('ALTER TABLE "User" ADD COLUMN email TEXT', 'CREATE INDEX ON "User"(email)')
THIRD = (
    'CREATE TABLE "Event" (id BIGSERIAL PRIMARY KEY, "userId" INTEGER REFERENCES "User"(id))',
    "ALTER TYPE \"Role\" ADD VALUE 'OWNER'",
)


def run_queries(connection: Connection, name: str) -> None:
    """Insert, select, update and delete rows, as the application does."""
    with connection:
        connection.execute("INSERT INTO \"User\" (name, role) VALUES (%s, 'ADMIN')", (name,))
        connection.execute(
            'INSERT INTO "Session" SELECT %s, id FROM "User" WHERE name = %s', (name, name)
        )
        connection.execute("UPDATE \"User\" SET role = 'USER' WHERE name = %s", (name,))
        found = connection.execute(
            'SELECT role::text FROM "User" JOIN "Session" ON "userId" = "User".id WHERE name = %s',
            (name,),
        ).fetchall()
        assert found == [("USER",)]
        connection.execute('DELETE FROM "Session" WHERE id = %s', (name,))


def read_privileges(database: Database) -> list[tuple[object, ...]]:
    """Return the roles, their memberships and every privilege, without the passwords."""
    with database.superuser(DATABASE) as connection:
        queries = (
            "SELECT rolname, rolcanlogin, rolcreaterole, rolcreatedb, rolinherit, rolsuper "
            "FROM pg_roles ORDER BY 1",
            "SELECT roleid::regrole::text, member::regrole::text FROM pg_auth_members "
            "ORDER BY 1, 2",
            "SELECT datname, datacl::text FROM pg_database ORDER BY 1",
            "SELECT nspname, nspowner::regrole::text, nspacl::text FROM pg_namespace ORDER BY 1",
            "SELECT relname, relowner::regrole::text, relacl::text FROM pg_class "
            "WHERE relnamespace = 'public'::regnamespace ORDER BY 1",
            "SELECT defaclrole::regrole::text, defaclobjtype::text, defaclacl::text "
            "FROM pg_default_acl ORDER BY 1, 2",
        )
        return [row for query in queries for row in connection.execute(query).fetchall()]


@pytest.fixture
def application(secret: ApplicationSecret) -> Connect:
    """A function that connects with the current version of the secret."""
    return lambda: secret.database.connect(secret.current.username, secret.current.password)


@pytest.fixture
def ready(secret: ApplicationSecret, bootstrap: Bootstrap) -> ApplicationSecret:
    """The secret, and the database after the first deployment: bootstrapped and migrated."""
    bootstrap(secret.current)
    migrate(secret.database, ADMIN, *FIRST)
    return secret


# Bootstrap


def test_the_application_works_after_bootstrap_and_migration(
    ready: ApplicationSecret, application: Connect
) -> None:
    run_queries(application(), "first")


def test_the_clone_has_no_password_before_the_first_rotation(ready: ApplicationSecret) -> None:
    assert not ready.database.accepts("spywatcher_clone", "any")


def test_a_second_run_changes_nothing(ready: ApplicationSecret, bootstrap: Bootstrap) -> None:
    before = read_privileges(ready.database)
    bootstrap(ready.current)
    assert read_privileges(ready.database) == before
    assert ready.database.accepts(APPLICATION.username, APPLICATION.password)


def test_a_run_does_not_block_a_session_of_the_application(
    ready: ApplicationSecret, application: Connect, bootstrap: Bootstrap
) -> None:
    with application() as session:
        session.execute('SELECT * FROM "User"')
        bootstrap(ready.current)
        session.execute("INSERT INTO \"User\" (name) VALUES ('open')")


def test_the_owner_role_owns_what_migrations_create(ready: ApplicationSecret) -> None:
    with ready.database.superuser(DATABASE) as connection:
        owners = connection.execute(
            "SELECT DISTINCT relowner::regrole::text FROM pg_class "
            "WHERE relnamespace = 'public'::regnamespace"
        ).fetchall()
    assert owners == [(OWNER_ROLE,)]


def test_the_application_can_use_the_tables_of_a_later_migration(
    ready: ApplicationSecret, application: Connect
) -> None:
    migrate(ready.database, ADMIN, *SECOND)
    migrate(ready.database, ADMIN, *THIRD)
    with application() as connection:
        connection.execute('INSERT INTO "Event" DEFAULT VALUES')
        assert connection.execute('SELECT count(*) FROM "Event"').fetchone() == (1,)


def test_a_table_of_the_administrator_is_given_to_the_owner_role(
    ready: ApplicationSecret, application: Connect, bootstrap: Bootstrap
) -> None:
    with ready.database.connect(ADMIN.username, ADMIN.password) as connection:
        connection.execute("SET ROLE spywatcher_owner")
        connection.execute('GRANT CREATE ON SCHEMA public TO "spywatcher_admin"')
        connection.execute("RESET ROLE")
        connection.execute("CREATE TYPE mood AS ENUM ('good')")
        connection.execute("CREATE TABLE by_hand (id SERIAL PRIMARY KEY, mood mood)")
    with permission_denied("by_hand"), application() as connection:
        connection.execute("SELECT * FROM by_hand")
    bootstrap(ready.current)
    with application() as connection:
        connection.execute("INSERT INTO by_hand (mood) VALUES ('good')")
    migrate(
        ready.database,
        ADMIN,
        "ALTER TABLE by_hand ADD COLUMN note TEXT",
        "ALTER TYPE mood ADD VALUE 'x'",
    )


def test_additional_privileges_are_revoked(ready: ApplicationSecret, bootstrap: Bootstrap) -> None:
    before = read_privileges(ready.database)
    with ready.database.superuser(DATABASE) as connection:
        connection.execute("ALTER ROLE spywatcher CREATEROLE CREATEDB")
        connection.execute("ALTER ROLE spywatcher_owner LOGIN CREATEDB")
        connection.execute("ALTER ROLE spywatcher_application LOGIN CREATEROLE")
        connection.execute("GRANT spywatcher_owner TO spywatcher_clone")
        connection.execute("GRANT CREATE ON SCHEMA public TO spywatcher_application")
        connection.execute("GRANT ALL ON DATABASE spywatcher TO PUBLIC")
    bootstrap(ready.current)
    assert read_privileges(ready.database) == before


def test_a_failed_run_changes_nothing(secret: ApplicationSecret, bootstrap: Bootstrap) -> None:
    with secret.database.superuser(DATABASE) as connection:
        connection.execute("ALTER SCHEMA public OWNER TO postgres")
    before = read_privileges(secret.database)
    with pytest.raises(BootstrapError, match="must be owner of schema public"):
        bootstrap(secret.current)
    assert read_privileges(secret.database) == before


def test_a_run_with_the_secrets_of_another_instance_fails(
    ready: ApplicationSecret, bootstrap: Bootstrap
) -> None:
    with pytest.raises(BootstrapError, match=r"The secrets name old\.rds\.test, not"):
        bootstrap(ready.current, host="old.rds.test")


def test_a_second_run_waits_for_the_first(ready: ApplicationSecret, bootstrap: Bootstrap) -> None:
    lock = "SELECT pg_advisory_xact_lock(hashtext('spywatcher database bootstrap'))"
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with ThreadPoolExecutor() as pool, ready.database.superuser(DATABASE) as observer:
        with ready.database.connect(ADMIN.username, ADMIN.password) as first:
            first.execute(lock)
            second = pool.submit(bootstrap, ready.current)
            while observer.execute(waiting).fetchone() != (1,):
                assert not second.done(), "the second run did not wait"
        assert second.result()


def test_the_output_contains_no_password(secret: ApplicationSecret, bootstrap: Bootstrap) -> None:
    output = bootstrap(secret.current)
    assert "logs in as spywatcher" in output
    assert APPLICATION.password not in output and ADMIN.password not in output


# Rotation


def test_the_application_works_before_between_and_after_a_rotation(
    ready: ApplicationSecret, application: Connect
) -> None:
    old = application()
    run_queries(old, "before")
    ready.begin_rotation()
    for step in STEPS:
        ready.run_step(step)
        run_queries(application(), step)
    assert ready.current.username == "spywatcher_clone"
    run_queries(application(), "after")
    with ready.database.connect(
        APPLICATION.username, APPLICATION.password
    ) as pod_with_previous_secret:
        run_queries(pod_with_previous_secret, "still")


def test_the_second_rotation_returns_to_the_first_user(
    ready: ApplicationSecret, application: Connect
) -> None:
    ready.rotate()
    ready.rotate()
    assert ready.current.username == "spywatcher"
    run_queries(application(), "back")


def test_the_previous_password_is_valid_until_the_next_rotation(ready: ApplicationSecret) -> None:
    ready.rotate()
    first = APPLICATION
    assert ready.database.accepts(first.username, first.password)
    ready.rotate()
    assert not ready.database.accepts(first.username, first.password)
    assert ready.database.accepts(ready.previous.username, ready.previous.password)


@pytest.mark.parametrize("rotations", [1, 2])
def test_migrations_and_bootstrap_work_after_a_rotation(
    ready: ApplicationSecret, application: Connect, bootstrap: Bootstrap, rotations: int
) -> None:
    before = read_privileges(ready.database)
    for _ in range(rotations):
        ready.rotate()
    bootstrap(ready.current)
    assert read_privileges(ready.database) == before
    migrate(ready.database, ADMIN, *SECOND, *THIRD)
    run_queries(application(), "after")
    assert ready.database.accepts(ready.previous.username, ready.previous.password)


def test_a_bootstrap_with_the_secret_of_before_the_rotation_keeps_both_users_valid(
    ready: ApplicationSecret, application: Connect, bootstrap: Bootstrap
) -> None:
    ready.rotate()
    bootstrap(APPLICATION)
    run_queries(application(), "new")
    assert ready.database.accepts(APPLICATION.username, APPLICATION.password)


def test_an_interrupted_rotation_can_continue(
    ready: ApplicationSecret, application: Connect
) -> None:
    ready.begin_rotation()
    for step in ("createSecret", "setSecret", "setSecret", "testSecret", "finishSecret"):
        ready.run_step(step)
    run_queries(application(), "taken up")


def test_a_clone_that_the_rotation_created_gets_the_privileges_of_the_bootstrap(
    ready: ApplicationSecret, application: Connect, bootstrap: Bootstrap
) -> None:
    before = read_privileges(ready.database)
    with ready.database.superuser(DATABASE) as connection:
        connection.execute("DROP ROLE spywatcher_clone")
    ready.rotate()
    run_queries(application(), "made by the rotation")
    bootstrap(ready.current)
    run_queries(application(), "in line")
    assert read_privileges(ready.database) == before


def test_the_bootstrap_gives_a_restored_database_the_current_password(
    ready: ApplicationSecret, application: Connect, bootstrap: Bootstrap
) -> None:
    """The roles of a restored database have the passwords of the time of its backup."""
    ready.rotate()
    today = ready.current
    with ready.database.superuser() as connection:
        connection.execute("ALTER ROLE spywatcher_clone PASSWORD 'of last week'")
    assert not ready.database.accepts(today.username, today.password)
    bootstrap(today)
    run_queries(application(), "restored")


def test_the_rotation_of_the_administrator_does_not_affect_the_application(
    ready: ApplicationSecret, application: Connect, bootstrap: Bootstrap
) -> None:
    """The administrator sets its own password."""
    with ready.database.connect(ADMIN.username, ADMIN.password) as connection:
        connection.execute("ALTER USER spywatcher_admin WITH PASSWORD 'new'")
    run_queries(application(), "before")
    bootstrap(ready.current, admin=Login(ADMIN.username, "new"))
    run_queries(application(), "after")
