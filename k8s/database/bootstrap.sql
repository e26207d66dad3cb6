-- Makes the roles of the database, or makes them right again. Run by the administrator before
-- every migration, with psql 14 or later (for \getenv); twice changes nothing.
--
--   <application>_owner        owns the schema and all in it; migrations act as it; cannot log in
--   <application>_application  may read and write rows, nothing else; cannot log in
--   <application>              the application's user: a member of the second
--   <application>_clone        its twin: Secrets Manager's rotation alternates the two, sets the
--                              password of one and leaves that of the other valid
--
-- The application's secret names one of the two and its password. Here it is set: a restored
-- database knows older ones. Setting a password that is valid already changes nothing, so that a
-- secret read a minute before a rotation does no harm.

\set ON_ERROR_STOP on
\getenv login APPLICATION_USERNAME
\getenv password APPLICATION_PASSWORD

BEGIN;
-- Rather fail, and be run again, than queue before the application's own statements.
SET LOCAL lock_timeout = '10s';
-- One run at a time: two that alter the same role would fail each other.
SELECT pg_advisory_xact_lock(hashtext('spywatcher database bootstrap')) AS lock \gset

SELECT
    current_database() AS database,
    regexp_replace(:'login', '_clone$', '') AS application,
    regexp_replace(:'login', '_clone$', '') || '_clone' AS clone,
    regexp_replace(:'login', '_clone$', '') || '_owner' AS owner,
    regexp_replace(:'login', '_clone$', '') || '_application' AS rights
\gset

-- Roles. What exists is altered: somebody may have given it more.
SELECT format('CREATE ROLE %I', name)
FROM unnest(ARRAY[:'owner', :'rights', :'application', :'clone']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec

ALTER ROLE :"owner" NOLOGIN NOCREATEROLE NOCREATEDB;
ALTER ROLE :"rights" NOLOGIN NOCREATEROLE NOCREATEDB;
ALTER ROLE :"application" LOGIN INHERIT NOCREATEROLE NOCREATEDB;
ALTER ROLE :"clone" LOGIN INHERIT NOCREATEROLE NOCREATEDB;
ALTER ROLE :"login" PASSWORD :'password';

-- A clone that the rotation made before the first bootstrap is a member of the other user.
SELECT format('REVOKE %I FROM %I', role.rolname, member.rolname)
FROM pg_auth_members
JOIN pg_roles AS role ON role.oid = roleid
JOIN pg_roles AS member ON member.oid = member
WHERE member.rolname IN (:'application', :'clone', :'rights', :'owner')
    AND NOT (role.rolname = :'rights' AND member.rolname IN (:'application', :'clone'))
\gexec

GRANT :"rights" TO :"application", :"clone";
GRANT :"owner" TO CURRENT_USER;

-- The database. Prisma's migrations say CREATE SCHEMA IF NOT EXISTS, which needs CREATE even where
-- the schema exists; extensions need it too.
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CREATE ON DATABASE :"database" TO :"owner";
GRANT CONNECT ON DATABASE :"database" TO :"rights";

-- The schema, and what the administrator made in it without acting as the owner.
ALTER SCHEMA public OWNER TO :"owner";
SELECT format('ALTER %s %s OWNER TO %I',
    CASE relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
        ELSE 'TABLE' END,
    pg_class.oid::regclass, :'owner')
FROM pg_class
WHERE relnamespace = 'public'::regnamespace
    AND relowner = (SELECT oid FROM pg_roles WHERE rolname = CURRENT_USER)
    AND relkind IN ('r', 'p', 'S', 'v', 'm')
    -- A sequence of a column goes with its table; what an extension made stays with it.
    AND NOT EXISTS (
        SELECT FROM pg_depend
        WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype IN ('a', 'i', 'e')
    )
\gexec
SELECT format('ALTER TYPE %s OWNER TO %I', pg_type.oid::regtype, :'owner')
FROM pg_type
WHERE typnamespace = 'public'::regnamespace
    AND typowner = (SELECT oid FROM pg_roles WHERE rolname = CURRENT_USER)
    AND typtype IN ('e', 'd')
    AND NOT EXISTS (
        SELECT FROM pg_depend
        WHERE classid = 'pg_type'::regclass AND objid = pg_type.oid AND deptype = 'e'
    )
\gexec

-- What the application may do: with what is there, and with what migrations will make.
SET LOCAL ROLE :"owner";
REVOKE ALL ON SCHEMA public FROM PUBLIC, :"rights";
GRANT USAGE ON SCHEMA public TO :"rights";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO :"rights";
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO :"rights";
ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"rights";
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO :"rights";
COMMIT;

\echo The roles of :database are in place; the application logs in as :login
