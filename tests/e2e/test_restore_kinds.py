"""Restore: databases that are hard to bring back, users with few rights, what is in the way, and what is refused."""
import fcntl
import os
import pty
import subprocess
import termios
import harness
from harness import check, equal, Skip
from test_restore import databases, definitions, furniture, restored

SETTINGS = ("max_prepared_transactions = 5", "wal_level = logical")
NEON = "neon.timeline_id = '0123456789abcdef'"
# Each would stop a plain pg_restore, or come back otherwise.
HARD = """
CREATE TABLE limits (most int); INSERT INTO limits VALUES (100);
CREATE FUNCTION most() RETURNS int LANGUAGE sql STABLE AS 'SELECT most FROM public.limits';
-- refuses while limits is empty
CREATE TABLE a_first (n int CHECK (n <= public.most())); INSERT INTO a_first VALUES (7);
CREATE TABLE due (d date CONSTRAINT not_over CHECK (d >= current_date));
ALTER TABLE due DROP CONSTRAINT not_over; INSERT INTO due VALUES ('2020-02-02');
ALTER TABLE due ADD CONSTRAINT not_over CHECK (d >= current_date) NOT VALID;
UPDATE pg_constraint SET convalidated = true WHERE conname = 'not_over'; -- as if it had been true on that day
CREATE TYPE kind AS ENUM ('pump', 'fan', 'belt'); CREATE TABLE parts (k kind, n int) PARTITION BY HASH (k);
CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO parts SELECT (ARRAY['pump', 'fan', 'belt']::kind[])[1 + i % 3], i FROM generate_series(1, 300) i;
CREATE TABLE secrets (a int); INSERT INTO secrets SELECT generate_series(1, 40);
ALTER TABLE secrets ENABLE ROW LEVEL SECURITY; ALTER TABLE secrets FORCE ROW LEVEL SECURITY;
CREATE POLICY mine ON secrets USING (false);
CREATE FUNCTION total() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT n FROM public.z_last); END';
CREATE TABLE noise (said text); CREATE FUNCTION noisy() RETURNS event_trigger LANGUAGE plpgsql AS
'BEGIN INSERT INTO public.noise VALUES (tg_tag); END';
CREATE MATERIALIZED VIEW z_last AS SELECT count(*) AS n FROM parts;
CREATE MATERIALIZED VIEW b_reads AS SELECT public.total() AS n;
CREATE TABLE times (t text, CHECK (t::timestamptz IS NOT NULL AND t::date IS NOT NULL));
INSERT INTO times VALUES ('13/02/2026 10:00');
CREATE EVENT TRIGGER noisy ON ddl_command_end EXECUTE FUNCTION noisy();
"""
PLAIN = "CREATE TABLE work_orders (id int PRIMARY KEY); INSERT INTO work_orders SELECT generate_series(1, 100);"
_servers = {}


def server_of(*settings):
    if settings not in _servers:
        _servers[settings] = harness.Server(settings=settings)
        harness._servers.append(_servers[settings])
    return _servers[settings]


def run(program, server, name, verb, *arguments, folder=None, user="postgres", **more):
    folder = ["--folder", program.path(folder)] if folder else []
    if verb == "restore":
        arguments = ("--no-safety-proof",) + arguments
    return program.run([verb, "--json", "--yes", *folder, "-h", "127.0.0.1", "-p", str(server.port), "-U", user, "-d",
                        name, *arguments], env={"PGPASSWORD": harness.PASSWORD}, **more)


def role(server, name, rights):
    server.psql("CREATE ROLE %s %s PASSWORD '%s'" % (name, rights, harness.PASSWORD.replace("'", "''")))


def backup_as(server, name, folder, user):
    """By hand, so that it is what that user may have; ours is tested elsewhere."""
    done = harness.Program("native").run(["backup", "--json", "--folder", folder, "-h", "127.0.0.1", "-p",
                                          str(server.port), "-U", user, "-d", name],
                                         env={"PGPASSWORD": harness.PASSWORD})
    equal(done.code, 0, "the backup: " + done.out)
    return os.path.join(folder, os.path.basename(done.json()["path"]))


def test_databases_that_are_hard(program):
    server, folder = server_of(*SETTINGS), harness.temp_dir("r")
    server.psql("CREATE DATABASE hard")
    server.psql("ALTER DATABASE hard SET datestyle = 'ISO, DMY'; ALTER DATABASE hard SET timezone = 'Asia/Tokyo';"
                " ALTER DATABASE hard SET app.\"user\" = 'it''s'; ALTER DATABASE hard SET search_path = ''")
    server.psql("SET search_path = public; " + HARD, "hard")
    path = backup_as(server, "hard", folder, "postgres")
    before = (server.checksums("hard"), furniture(server, "hard"))
    views = "SELECT (SELECT n FROM public.z_last), (SELECT n FROM public.b_reads)"
    told = restored(run(program, server, "hard", "restore", "--no-safety-backup", program.path(path), folder=folder))
    after = server.checksums("hard")
    for sums in (before[0], after):
        # Rows of an enum's hash lie elsewhere: the oid of each value is another one.
        sums.pop("public.parts_0"), sums.pop("public.parts_1")
    harness.same_sums(after, before[0], "what was restored")
    equal(server.psql("SELECT count(*), sum(n) FROM public.parts", "hard"), "300|45150", "the partitions together")
    equal(furniture(server, "hard"), before[1], "settings")
    equal(server.psql(views, "hard"), "300|300", "the views")
    equal(server.psql("SELECT relforcerowsecurity FROM pg_class WHERE relname = 'secrets'", "hard"), "t", "forced")
    check("public.due.not_over" in str(told["notes"]), "the rule that refuses its rows is named: %s" % told["notes"])
    equal(server.psql("SELECT conname FROM pg_constraint WHERE NOT convalidated ORDER BY 1", "hard").split("\n")[-1],
          "not_over", "it is there for rows to come")


def test_mapping_without_its_password(program):
    """A backup by a user who may not read it does not have it: that is said, since nobody sees it."""
    server, folder = server_of(*SETTINGS), harness.temp_dir("r")
    role(server, "mapper", "LOGIN")
    role(server, "mapped", "NOLOGIN")
    server.psql("CREATE DATABASE mapped OWNER mapper")
    server.psql("CREATE FOREIGN DATA WRAPPER far_off; GRANT USAGE ON FOREIGN DATA WRAPPER far_off TO mapper; "
                "SET ROLE mapper; " + PLAIN + "CREATE SERVER far FOREIGN DATA WRAPPER far_off; "
                "CREATE USER MAPPING FOR mapped SERVER far OPTIONS (password 'not ours to keep'); "
                "CREATE USER MAPPING FOR mapper SERVER far OPTIONS (password 'its own')", "mapped")
    path = backup_as(server, "mapped", folder, "mapper")
    told = restored(run(program, server, "mapped", "restore", "--no-safety-backup", program.path(path), folder=folder))
    equal(told["notes"], ["The USER MAPPING mapped SERVER far came without options (a password, perhaps): if it had "
                          "any, whoever made the backup could not read them"], "what is said")
    equal(server.psql("SELECT usename, umoptions IS NULL FROM pg_user_mappings ORDER BY 1", "mapped"),
          "mapped|t\nmapper|f", "what came back")


def test_neon(program):
    """Its roles: an owner that is no superuser, and default privileges of one that is. Names go one at a time there."""
    server, folder = server_of(NEON), harness.temp_dir("r")
    role(server, "cloud_admin", "LOGIN SUPERUSER")
    server.psql("CREATE ROLE neon_superuser NOLOGIN CREATEDB CREATEROLE; GRANT pg_signal_backend, pg_monitor TO"
                " neon_superuser WITH ADMIN OPTION")
    role(server, "neondb_owner", "LOGIN CREATEDB CREATEROLE")
    server.psql("GRANT neon_superuser TO neondb_owner; CREATE DATABASE neondb OWNER neondb_owner")
    server.psql("SET ROLE neondb_owner; CREATE TABLE work_orders (id serial PRIMARY KEY); "
                "INSERT INTO work_orders SELECT generate_series(1, 50); CREATE ROLE reader; CREATE SCHEMA app; "
                "CREATE TABLE app.t (a int); GRANT SELECT ON work_orders TO reader; RESET ROLE; SET ROLE cloud_admin;"
                "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO neon_superuser WITH GRANT OPTION",
                "neondb")
    path = backup_as(server, "neondb", folder, "neondb_owner")
    before = (server.checksums("neondb"), furniture(server, "neondb"))
    server.psql("DELETE FROM work_orders", "neondb")
    told = restored(run(program, server, "neondb", "restore", program.path(path), folder=folder, user="neondb_owner"))
    harness.same_sums(server.checksums("neondb"), before[0], "what was restored")
    equal(furniture(server, "neondb"), before[1], "the database itself")
    equal(server.psql("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname IN ('public', 'app')", "neondb"),
          "neondb_owner", "owner")
    equal(server.psql("SELECT has_table_privilege('reader', 'work_orders', 'SELECT')", "neondb"), "t", "a right")
    check("DEFAULT ACL" in str(told["notes"]), "what could not be given is named: %s" % told["notes"])
    restored(run(program, server, "neondb", "undo", folder=folder, user="neondb_owner"))
    equal(server.psql("SELECT count(*) FROM work_orders", "neondb"), "0", "undone")


def test_owners_of_others(program):
    """Who may act for the owners, and is no superuser, keeps them; who may not is told. No right stays lent."""
    server, folder = server_of(*SETTINGS), harness.temp_dir("r")
    role(server, "app", "NOLOGIN")
    role(server, "boss", "LOGIN CREATEDB")
    server.psql("GRANT app TO boss; CREATE ROLE stranger; CREATE DATABASE owned OWNER boss")
    server.psql("CREATE SCHEMA app AUTHORIZATION app; CREATE TABLE app.mine (a int); ALTER TABLE app.mine OWNER TO app;"
                "CREATE TABLE ours (a serial PRIMARY KEY); ALTER TABLE ours OWNER TO app; CREATE TABLE theirs (a int);"
                "ALTER TABLE theirs OWNER TO stranger; GRANT ALL ON theirs TO boss; CREATE ROLE lost;"
                "CREATE POLICY of_lost ON ours TO lost USING (true); CREATE TABLE work_orders (a int);"
                "ALTER TABLE work_orders OWNER TO boss", "owned")
    path = backup_as(server, "owned", folder, "postgres")
    server.psql("DROP POLICY of_lost ON ours; DROP ROLE lost", "owned")
    rights = ("SELECT nspname, pg_get_userbyid(nspowner), coalesce(nspacl, acldefault('n', nspowner)) FROM pg_namespace"
              " WHERE nspname IN ('app', 'public') ORDER BY 1")
    before = server.psql(rights, "owned")
    told = restored(run(program, server, "owned", "restore", "--no-safety-backup", program.path(path), folder=folder,
                        user="boss"))
    equal(server.psql("SELECT tablename, tableowner FROM pg_tables WHERE schemaname IN ('app', 'public') ORDER BY 1",
                      "owned").split(), ["mine|app", "ours|app", "theirs|boss", "work_orders|boss"], "owners")
    equal(server.psql(rights, "owned"), before, "rights on the schemas")
    for word in ("stranger", "POLICY ours of_lost"):
        check(word in str(told["notes"]), "%s is named: %s" % (word, told["notes"]))


def test_small_things(program):
    """Owners of what has no rows; a database without a schema public; who looks at what was left is not sent away."""
    server, folder = server_of(*SETTINGS), harness.temp_dir("r")
    role(server, "second", "NOLOGIN SUPERUSER")
    role(server, "publisher", "NOLOGIN")
    server.psql("CREATE DATABASE small")
    server.psql("CREATE SCHEMA app; CREATE TABLE app.work_orders AS SELECT generate_series(1, 100) AS id;"
                "DROP SCHEMA public; CREATE PUBLICATION p FOR TABLE app.work_orders;"
                "ALTER PUBLICATION p OWNER TO publisher;"
                "CREATE FUNCTION app.noted() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';"
                "CREATE EVENT TRIGGER noted ON ddl_command_end EXECUTE FUNCTION app.noted();"
                "ALTER EVENT TRIGGER noted OWNER TO second", "small")
    path = backup_as(server, "small", folder, "postgres")
    facts = ("SELECT (SELECT pubowner::regrole FROM pg_publication), (SELECT evtowner::regrole FROM pg_event_trigger),"
             " (SELECT count(*) FROM pg_namespace WHERE nspname = 'public')")
    before = (server.psql(facts, "small"), definitions(server, "small"))
    told = restored(run(program, server, "small", "restore", "--no-safety-backup", program.path(path), folder=folder))
    equal((server.psql(facts, "small"), definitions(server, "small"), told["notes"]), (*before, []), "as it was")
    equal(before[0], "publisher|second|0", "what was to be kept")


def test_in_the_way(program):
    """Refused in words before anything is touched."""
    server, folder = server_of(*SETTINGS), harness.temp_dir("r")
    server.psql("CREATE DATABASE inway")
    server.psql(PLAIN, "inway")
    path = backup_as(server, "inway", folder, "postgres")
    here = "host=127.0.0.1 port=%d user=postgres password=x dbname=postgres" % server.port
    cases = (
        ("BEGIN; INSERT INTO work_orders VALUES (0); PREPARE TRANSACTION 'p'", "ROLLBACK PREPARED 'p'",
         "the database inway has 1 prepared transaction(s)"),
        ("SELECT pg_create_logical_replication_slot('follower', 'pgoutput')",
         "SELECT pg_drop_replication_slot('follower')",
         "the replication slot follower reads from the database inway"),
        ("CREATE SUBSCRIPTION feed CONNECTION '%s' PUBLICATION p WITH (connect = false); ALTER SUBSCRIPTION feed ENABLE"
         % here, "ALTER SUBSCRIPTION feed DISABLE; ALTER SUBSCRIPTION feed SET (slot_name = NONE);"
         "DROP SUBSCRIPTION feed",
         "the subscription feed brings rows into the database inway"))
    for make, unmake, sentence in cases:
        server.psql(make, "inway")
        try:
            done = run(program, server, "inway", "restore", "--no-safety-backup", program.path(path), folder=folder)
            equal((done.code, done.json()["error"]["message"]), (9, sentence), "in the way")
        finally:
            server.psql(unmake, "inway")
        equal(databases(server, "inway"), ["inway"], "databases")
    # A second one at once.
    first = program.start(["restore", "--json", "--yes", "--folder", program.path(folder), "-h", "127.0.0.1", "-p",
                           str(server.port), "-U", "postgres", "-d", "inway", program.path(path)],
                          env={"PGPASSWORD": harness.PASSWORD})
    harness.wait_for(lambda: server.psql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") != "0", 60,
                     "the first one's lock")
    done = run(program, server, "inway", "undo", folder=folder)
    first = harness.finish(first)
    equal(first.code, 0, "the first: " + first.out)
    if done.code != 9:
        raise Skip("the first had ended before the second began")
    equal(done.json()["error"]["message"], "another restore of inway is at work", "the second")


def test_refused(program):
    server, folder = server_of(*SETTINGS), harness.temp_dir("r")
    server.psql("CREATE DATABASE refused; CREATE DATABASE mould IS_TEMPLATE true; CREATE DATABASE crm")
    server.psql(PLAIN, "refused")
    server.psql("CREATE TABLE customers (a int)", "crm")
    path = backup_as(server, "refused", folder, "postgres")
    name = os.path.basename(path)
    before = server.psql("SELECT string_agg(datname, ' ' ORDER BY 1) FROM pg_database")
    long = "x" * 64
    for database, arguments, code, sentence in (
            ("mould", (), 3, "mould is a template of the server, not a database of an application"),
            ("postgres", (), 3, "postgres is the server's maintenance database, and cannot be replaced"),
            ("crm", (), 3, "%s holds none of the tables of the database crm: it is a backup of another one" % name),
            ("refused", ("--to", "crm"), 3, "there is a database crm already"),
            ("refused", ("--to", long), 3, "the name %s is too long for a database: 63 bytes at the most" % long)):
        done = run(program, server, database, "restore", *arguments, program.path(path), folder=folder)
        equal((done.code, done.json()["error"]["message"]), (code, sentence), database)
        equal(server.psql("SELECT string_agg(datname, ' ' ORDER BY 1) FROM pg_database"), before, "databases")
    done = run(program, server, "crm", "undo", folder=folder)
    equal((done.code, done.json()["error"]["message"]),
          (10, "no restore of crm can be undone: no older database is kept"), "nothing to undo")
    done = run(program, server, "crm", "undo", "mould", folder=folder)
    equal((done.code, done.json()["error"]["message"]), (10, "no database mould is kept for crm"), "not kept")


def test_foreign(program):
    """A file without a manifest: nobody knows who made it, and what is in it runs with the user's rights."""
    server, folder = server_of(*SETTINGS), harness.temp_dir("r")
    server.psql("CREATE DATABASE foreigner")
    server.psql(PLAIN, "foreigner")
    # What takes more than a proof gives, or else it is proven first and needs no switch.
    server.psql("CREATE FUNCTION len(text) RETURNS int LANGUAGE internal IMMUTABLE STRICT AS 'textlen'", "foreigner")
    path = os.path.join(folder, "theirs.backup")
    with open(path, "wb") as f:
        subprocess.run([harness.PG_BIN + "/pg_dump", "-Fc", "foreigner"], stdout=f, check=True,
                       env={**harness.clean_env(), **server.env("foreigner")})
    arguments = ("--no-safety-backup", program.path(path))
    done = run(program, server, "foreigner", "restore", *arguments, folder=folder)
    equal((done.code, done.json()["error"]["message"]),
          (6, "theirs.backup was not made by this program, or has lost its manifest"), "refused")
    check("functions 1, procedures 0" in done.json()["error"]["detail"], "what is in it: " + done.out)
    equal(databases(server, "foreigner"), ["foreigner"], "databases")
    told = restored(run(program, server, "foreigner", "restore", "--foreign", *arguments, folder=folder))
    equal((told["tables"], len(databases(server, "foreigner"))), (1, 2), "with the switch")


def test_name_typed(program):
    """Typed wrong: nothing happens. Typed right: it is done."""
    if program.kind == "wine":
        raise Skip("Wine has no terminal that a test could type into; the same code asks natively")
    server, folder = server_of(*SETTINGS), harness.temp_dir("r")
    server.psql("CREATE DATABASE typed")
    server.psql(PLAIN, "typed")
    path = backup_as(server, "typed", folder, "postgres")
    for typed, code, word in (("Typed\n", 130, b"that is not its name; nothing was changed"), ("typed\n", 0, b"")):
        ours, theirs = pty.openpty()
        process = subprocess.Popen(program.argv + ["restore", "--folder", folder, "-h", "127.0.0.1", "-p",
                                                   str(server.port), "-U", "postgres", "-d", "typed", path],
                                   env=program.env({"PGPASSWORD": harness.PASSWORD}), stdin=theirs,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
                                   preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.write(ours, typed.encode())
        out, err = process.communicate(timeout=120 * harness.SCALE)
        os.close(ours)
        os.close(theirs)
        equal(process.returncode, code, "typed %r: %s %s" % (typed, out, err))
        check(word in out + err, "typed %r: %s %s" % (typed, out, err))
        equal(len(databases(server, "typed")), 1 if code else 2, "databases")


harness.main(__name__, wine=("test_databases_that_are_hard", "test_small_things"))
