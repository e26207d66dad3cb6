"""The roles on a real PostgreSQL 15: what the bootstrap makes, and what a rotation does to it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from k8s.database_bootstrap import OWNER_ROLE
from tests.k8s.database.conftest import ADMIN, APPLICATION, BootstrapError
from tests.k8s.database.migrations import FIRST, migrate
from tests.k8s.database.rotation import ApplicationSecret, Login
from tests.k8s.database.server import DATABASE, Connection, Server, refused

Bootstrap = Callable[..., str]
Connect = Callable[[], Connection]

SECOND = ('ALTER TABLE "User" ADD COLUMN email TEXT', 'CREATE INDEX ON "User"(email)')
THIRD = (
    'CREATE TABLE "Event" (id BIGSERIAL PRIMARY KEY, "userId" INTEGER REFERENCES "User"(id))',
    "ALTER TYPE \"Role\" ADD VALUE 'OWNER'",
)


def use(connection: Connection, name: str) -> None:
    """Run the application's queries: it writes, reads, changes and deletes rows."""
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


def state(server: Server) -> list[tuple[object, ...]]:
    """Return every role, membership and privilege, save the passwords' salts."""
    with server.superuser(DATABASE) as connection:
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
    """Connects as the application does that has read its secret now."""
    return lambda: secret.server.connect(secret.current.username, secret.current.password)


@pytest.fixture
def ready(secret: ApplicationSecret, bootstrap: Bootstrap) -> ApplicationSecret:
    """A database after the first deployment: bootstrapped and migrated."""
    bootstrap(secret.current)
    migrate(secret.server, ADMIN, *FIRST)
    return secret


# Bootstrap


def test_the_application_works_after_bootstrap_and_migration(
    ready: ApplicationSecret, application: Connect
) -> None:
    use(application(), "first")


def test_the_twin_has_no_password_before_the_first_rotation(ready: ApplicationSecret) -> None:
    assert not ready.server.accepts("spywatcher_clone", "any")


def test_a_second_run_changes_nothing(ready: ApplicationSecret, bootstrap: Bootstrap) -> None:
    before = state(ready.server)
    bootstrap(ready.current)
    assert state(ready.server) == before
    assert ready.server.accepts(APPLICATION.username, APPLICATION.password)


def test_a_run_does_not_disturb_a_session_of_the_application(
    ready: ApplicationSecret, application: Connect, bootstrap: Bootstrap
) -> None:
    with application() as session:
        session.execute('SELECT * FROM "User"')
        bootstrap(ready.current)
        session.execute("INSERT INTO \"User\" (name) VALUES ('open')")


def test_what_migrations_make_belongs_to_the_owner(ready: ApplicationSecret) -> None:
    with ready.server.superuser(DATABASE) as connection:
        owners = connection.execute(
            "SELECT DISTINCT relowner::regrole::text FROM pg_class "
            "WHERE relnamespace = 'public'::regnamespace"
        ).fetchall()
    assert owners == [(OWNER_ROLE,)]


def test_a_later_migration_works_and_its_tables_are_the_applications_too(
    ready: ApplicationSecret, application: Connect
) -> None:
    migrate(ready.server, ADMIN, *SECOND)
    migrate(ready.server, ADMIN, *THIRD)
    with application() as connection:
        connection.execute('INSERT INTO "Event" DEFAULT VALUES')
        assert connection.execute('SELECT count(*) FROM "Event"').fetchone() == (1,)


def test_what_the_administrator_made_by_hand_is_handed_over(
    ready: ApplicationSecret, application: Connect, bootstrap: Bootstrap
) -> None:
    with ready.server.connect(ADMIN.username, ADMIN.password) as connection:
        connection.execute("SET ROLE spywatcher_owner")
        connection.execute('GRANT CREATE ON SCHEMA public TO "spywatcher_admin"')
        connection.execute("RESET ROLE")
        connection.execute("CREATE TYPE mood AS ENUM ('good')")
        connection.execute("CREATE TABLE by_hand (id SERIAL PRIMARY KEY, mood mood)")
    with refused("by_hand"), application() as connection:
        connection.execute("SELECT * FROM by_hand")
    bootstrap(ready.current)
    with application() as connection:
        connection.execute("INSERT INTO by_hand (mood) VALUES ('good')")
    migrate(
        ready.server,
        ADMIN,
        "ALTER TABLE by_hand ADD COLUMN note TEXT",
        "ALTER TYPE mood ADD VALUE 'x'",
    )


def test_a_right_that_somebody_gave_the_application_is_taken_back(
    ready: ApplicationSecret, bootstrap: Bootstrap
) -> None:
    before = state(ready.server)
    with ready.server.superuser(DATABASE) as connection:
        connection.execute("ALTER ROLE spywatcher CREATEROLE CREATEDB")
        connection.execute("ALTER ROLE spywatcher_owner LOGIN CREATEDB")
        connection.execute("ALTER ROLE spywatcher_application LOGIN CREATEROLE")
        connection.execute("GRANT spywatcher_owner TO spywatcher_clone")
        connection.execute("GRANT CREATE ON SCHEMA public TO spywatcher_application")
        connection.execute("GRANT ALL ON DATABASE spywatcher TO PUBLIC")
    bootstrap(ready.current)
    assert state(ready.server) == before


def test_a_failing_run_changes_nothing_at_all(
    secret: ApplicationSecret, bootstrap: Bootstrap
) -> None:
    with secret.server.superuser(DATABASE) as connection:
        connection.execute("ALTER SCHEMA public OWNER TO postgres")
    before = state(secret.server)
    with pytest.raises(BootstrapError, match="must be owner of schema public"):
        bootstrap(secret.current)
    assert state(secret.server) == before


def test_a_run_waits_for_secrets_that_name_the_active_instance(
    ready: ApplicationSecret, bootstrap: Bootstrap
) -> None:
    with pytest.raises(BootstrapError, match=r"The secrets name old\.rds\.test, not"):
        bootstrap(ready.current, host="old.rds.test")


def test_of_two_runs_at_once_one_waits_for_the_other(
    ready: ApplicationSecret, bootstrap: Bootstrap
) -> None:
    lock = "SELECT pg_advisory_xact_lock(hashtext('spywatcher database bootstrap'))"
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with ThreadPoolExecutor() as pool, ready.server.superuser(DATABASE) as observer:
        with ready.server.connect(ADMIN.username, ADMIN.password) as first:
            first.execute(lock)
            second = pool.submit(bootstrap, ready.current)
            while observer.execute(waiting).fetchone() != (1,):
                assert not second.done(), "it did not wait"
        assert second.result()


def test_no_password_is_shown(secret: ApplicationSecret, bootstrap: Bootstrap) -> None:
    shown = bootstrap(secret.current)
    assert "logs in as spywatcher" in shown
    assert APPLICATION.password not in shown and ADMIN.password not in shown


# Rotation


def test_the_application_works_before_between_and_after_a_rotation(
    ready: ApplicationSecret, application: Connect
) -> None:
    old = application()
    use(old, "before")
    ready.create_secret()
    use(application(), "created")
    ready.set_secret()
    use(application(), "set")
    ready.test_secret()
    ready.finish_secret()
    assert ready.current.username == "spywatcher_clone"
    use(application(), "after")
    with ready.server.connect(APPLICATION.username, APPLICATION.password) as pod_with_old_secret:
        use(pod_with_old_secret, "still")


def test_the_second_rotation_switches_back(ready: ApplicationSecret, application: Connect) -> None:
    ready.rotate()
    ready.rotate()
    assert ready.current.username == "spywatcher"
    use(application(), "back")


def test_the_old_password_is_valid_until_the_next_turn(ready: ApplicationSecret) -> None:
    ready.rotate()
    first = APPLICATION
    assert ready.server.accepts(first.username, first.password)
    ready.rotate()
    assert not ready.server.accepts(first.username, first.password)
    assert ready.previous is not None
    assert ready.server.accepts(ready.previous.username, ready.previous.password)


@pytest.mark.parametrize("turns", [1, 2])
def test_migrations_and_bootstrap_work_after_a_rotation(
    ready: ApplicationSecret, application: Connect, bootstrap: Bootstrap, turns: int
) -> None:
    before = state(ready.server)
    for _ in range(turns):
        ready.rotate()
    bootstrap(ready.current)
    assert state(ready.server) == before
    migrate(ready.server, ADMIN, *SECOND, *THIRD)
    use(application(), "after")
    assert ready.previous is not None
    assert ready.server.accepts(ready.previous.username, ready.previous.password)


def test_a_bootstrap_that_read_the_secret_before_the_rotation_does_no_harm(
    ready: ApplicationSecret, application: Connect, bootstrap: Bootstrap
) -> None:
    ready.rotate()
    bootstrap(APPLICATION)
    use(application(), "new")
    assert ready.server.accepts(APPLICATION.username, APPLICATION.password)


def test_an_interrupted_rotation_is_taken_up_again(
    ready: ApplicationSecret, application: Connect
) -> None:
    ready.create_secret()
    ready.set_secret()
    ready.set_secret()
    ready.test_secret()
    ready.finish_secret()
    use(application(), "taken up")


def test_a_clone_that_the_rotation_made_itself_is_brought_into_line(
    ready: ApplicationSecret, application: Connect, bootstrap: Bootstrap
) -> None:
    before = state(ready.server)
    with ready.server.superuser(DATABASE) as connection:
        connection.execute("DROP ROLE spywatcher_clone")
    ready.rotate()
    use(application(), "made by the rotation")
    bootstrap(ready.current)
    use(application(), "in line")
    assert state(ready.server) == before


def test_the_bootstrap_gives_a_restored_database_the_passwords_of_today(
    ready: ApplicationSecret, application: Connect, bootstrap: Bootstrap
) -> None:
    """Its roles have those of the time that was restored."""
    ready.rotate()
    today = ready.current
    with ready.server.superuser() as connection:
        connection.execute("ALTER ROLE spywatcher_clone PASSWORD 'of last week'")
    assert not ready.server.accepts(today.username, today.password)
    bootstrap(today)
    use(application(), "restored")


def test_the_administrators_rotation_leaves_the_application_alone(
    ready: ApplicationSecret, application: Connect, bootstrap: Bootstrap
) -> None:
    """The hosted single-user function logs in as the administrator, and sets its password."""
    with ready.server.connect(ADMIN.username, ADMIN.password) as connection:
        connection.execute("ALTER USER spywatcher_admin WITH PASSWORD 'new'")
    use(application(), "before")
    bootstrap(ready.current, admin=Login(ADMIN.username, "new"))
    use(application(), "after")
