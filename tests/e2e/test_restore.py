"""Restore and undo on a real server: all or nothing, counted, and there and back."""
import os
import re
import shutil
import subprocess
import harness
from harness import check, equal

FURNITURE = """
CREATE ROLE "the app" LOGIN PASSWORD 'x'; CREATE ROLE reader; GRANT "the app" TO postgres;
"""
SHOP = """
ALTER TABLE work_orders OWNER TO "the app"; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO reader;
CREATE TABLE secrets (a int); INSERT INTO secrets SELECT generate_series(1, 40);
ALTER TABLE secrets ENABLE ROW LEVEL SECURITY; ALTER TABLE secrets FORCE ROW LEVEL SECURITY;
CREATE POLICY mine ON secrets USING (false);
CREATE TABLE due (d date CHECK (d >= current_date)); INSERT INTO due VALUES (current_date + 2); -- as Tokyo is ahead
CREATE MATERIALIZED VIEW totals AS SELECT count(*) FROM work_orders;
CREATE FUNCTION noted() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER noted ON ddl_command_end EXECUTE FUNCTION noted();
SELECT lo_from_bytea(4711, 'a picture');
"""


def target(program, server, name):
    """A database of its own, like one that is in use."""
    if not server.psql("SELECT 1 FROM pg_roles WHERE rolname = 'the app'"):
        server.psql(FURNITURE)
    harness.sample(server, "shop")
    if not server.psql("SELECT 1 FROM pg_class WHERE relname = 'secrets'", "shop"):
        server.psql(SHOP, "shop")
    server.psql('CREATE DATABASE "%s" TEMPLATE shop' % name)
    server.psql("""COMMENT ON DATABASE "%(n)s" IS 'of the plant''s'; ALTER DATABASE "%(n)s" CONNECTION LIMIT 77;
        ALTER DATABASE "%(n)s" SET search_path = public, "$user"; ALTER DATABASE "%(n)s" SET timezone = 'Asia/Tokyo';
        ALTER ROLE reader IN DATABASE "%(n)s" SET work_mem = '5MB'; GRANT CREATE ON DATABASE "%(n)s" TO reader;
        REVOKE CONNECT ON DATABASE "%(n)s" FROM PUBLIC; GRANT CONNECT ON DATABASE "%(n)s" TO reader""" % {"n": name})
    return name


def furniture(server, name):
    """What a database is beside its contents."""
    return server.psql(
        "SELECT pg_get_userbyid(datdba), datconnlimit, datallowconn, pg_encoding_to_char(encoding), datcollate,"
        " datctype, shobj_description(d.oid, 'pg_database'), (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM"
        " unnest(coalesce(datacl, acldefault('d', datdba))) a), (SELECT"
        " string_agg(coalesce(r.rolname, '') || ' ' || c, ' ' ORDER BY s.setrole, c) FROM pg_db_role_setting s LEFT"
        " JOIN pg_roles r ON r.oid = s.setrole CROSS JOIN unnest(s.setconfig) c WHERE s.setdatabase = d.oid)"
        " FROM pg_database d WHERE datname = '%s'" % name)


def definitions(server, name):
    """As pg_dump sees them, owners and rights as well."""
    done = subprocess.run([harness.PG_BIN + "/pg_dump", "--schema-only", "-d", name], capture_output=True,
                          env={**harness.clean_env(), **server.env()})
    equal(done.returncode, 0, "pg_dump: " + done.stderr.decode())
    return re.sub(r"(?m)^(--.*|\\(un)?restrict .*)$\n?", "", done.stdout.decode())


def run(program, server, name, verb, *arguments, folder=None, **more):
    folder = ["--folder", program.path(folder)] if folder else []
    if verb == "restore":
        arguments = ("--no-safety-proof",) + arguments # it has a test of its own
    return program.run([verb, "--json", "--yes", *folder, "-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres",
                        "-d", name, *arguments], env={"PGPASSWORD": harness.PASSWORD}, **more)


def databases(server, name):
    return server.psql("SELECT datname FROM pg_database WHERE datname LIKE '%s%%' ORDER BY 1" % name).split()


def restored(done):
    equal(done.code, 0, "exit code: %s %s" % (done.out, done.err))
    return done.json()


def test_there_and_back(program):
    server, folder = harness.shared_server(), harness.temp_dir("r")
    name = target(program, server, "there")
    report = program.good_backup(server, name, folder)
    before = (server.checksums(name), furniture(server, name), definitions(server, name))
    server.psql("DELETE FROM work_orders; DROP TABLE secrets; CREATE TABLE newer (a int); INSERT INTO newer VALUES (1)",
                name)
    changed = (server.checksums(name), furniture(server, name), definitions(server, name))

    told = restored(run(program, server, name, "restore", program.path(report["unix_path"]), folder=folder))
    kept = told["kept"]
    check(re.fullmatch(name + r"_before_\d{8}_\d{6}", kept), "the name of the old one: " + kept)
    equal(told["database"], name, "the database")
    equal(databases(server, name), [name, kept], "databases")
    harness.same_sums(server.checksums(name), before[0], "what was restored")
    equal(furniture(server, name), before[1], "what the database is beside its contents")
    equal(definitions(server, name), before[2], "definitions, owners and rights")
    harness.same_sums(server.checksums(kept), changed[0], "what is kept")
    equal(told["rows"], sum(t["rows"] for t in report["tables"]), "rows")
    safety = told["safety_backup"].replace("\\", "/").split("/")[-1]
    check(safety in harness.backups_in(folder), "the safety backup")
    entry = harness.log_entries(folder)[-1]
    equal((entry["operation"], entry["status"], entry["backup_file"]),
          ("restore", "success", os.path.basename(report["unix_path"])), "the log")

    listed = restored(run(program, server, name, "undo", "--list"))
    equal([(k["name"], k["replaced_by"]) for k in listed["kept"]], [(kept, os.path.basename(report["unix_path"]))],
          "what is kept")
    for expected in (changed, before, changed): # there and back as often as wanted
        told = restored(run(program, server, name, "undo", folder=folder))
        harness.same_sums(server.checksums(name), expected[0], "after an undo")
        equal((furniture(server, name), definitions(server, name)), expected[1:], "after an undo")
        equal(len(databases(server, name)), 2, "databases")
        equal(harness.log_entries(folder)[-1]["operation"], "undo", "the log")
    harness.no_secret(folder)
    harness.no_locks_left(server)


def test_beside_it(program):
    """Into a new database: nothing that is there is touched."""
    server, folder = harness.shared_server(), harness.temp_dir("r")
    name = target(program, server, "beside")
    report = program.good_backup(server, name, folder)
    before = server.checksums(name)
    server.psql("DELETE FROM work_orders", name)
    changed = server.checksums(name)
    told = restored(run(program, server, name, "restore", "--to", "beside_copy", program.path(report["unix_path"])))
    equal((told["database"], told["kept"], told["safety_backup"]), ("beside_copy", None, None), "what it says")
    harness.same_sums(server.checksums("beside_copy"), before, "the copy")
    harness.same_sums(server.checksums(name), changed, "the live one")
    done = run(program, server, name, "restore", "--to", "beside_copy", program.path(report["unix_path"]))
    equal((done.code, done.json()["error"]["message"]), (3, "there is a database beside_copy already"), "a second time")


def test_the_database_is_gone(program):
    server, folder = harness.shared_server(), harness.temp_dir("r")
    name = target(program, server, "gone")
    report = program.good_backup(server, name, folder)
    before = (server.checksums(name), furniture(server, name), definitions(server, name))
    server.psql('DROP DATABASE "%s" WITH (FORCE)' % name)
    told = restored(run(program, server, name, "restore", program.path(report["unix_path"]), folder=folder))
    equal((told["kept"], told["safety_backup"]), (None, None), "nothing was there")
    check("it is made anew" in str(told["warnings"]), "it is said: %s" % told["warnings"])
    harness.same_sums(server.checksums(name), before[0], "what was restored")
    equal((furniture(server, name), definitions(server, name)), before[1:], "what the backup says of the database")


def test_nothing_is_touched(program):
    """What cannot be restored is refused beforehand, or leaves everything as it was."""
    server, folder = harness.shared_server(), harness.temp_dir("r")
    name = target(program, server, "untouched")
    report = program.good_backup(server, name, folder)
    path = report["unix_path"]
    before = (server.checksums(name), furniture(server, name))
    server.psql("CREATE ROLE nobody LOGIN PASSWORD '%s'" % harness.PASSWORD.replace("'", "''"))
    damaged = os.path.join(folder, "cmms_backup_20200101_000000.backup")
    shutil.copy(path + ".manifest.json", damaged + ".manifest.json")
    with open(path, "rb") as f:
        content = bytearray(f.read())
    content[len(content) // 2] ^= 1
    with open(damaged, "wb") as f:
        f.write(content)
    for word, arguments, code, sentence in (
            ("a flipped bit", [program.path(damaged)], 7, "damaged"),
            ("no such file", [program.path(path + "x")], 10, "could not"),
            ("without the right to create", ["-U", "nobody", program.path(path)], 6,
             "the user nobody may not create databases")):
        done = run(program, server, name, "restore", *arguments, folder=folder)
        equal(done.code, code, "%s: exit code: %s" % (word, done.out))
        check(sentence in done.json()["error"]["message"], "%s: %s" % (word, done.out))
        equal((server.checksums(name), furniture(server, name)), before, word)
        equal(databases(server, name), [name], word)
    server.psql("ALTER ROLE nobody CREATEDB")
    done = run(program, server, name, "restore", "-U", "nobody", program.path(path), folder=folder)
    equal((done.code, done.json()["error"]["message"]),
          (6, "the database untouched belongs to postgres, so nobody may not replace it"), "who does not own it")
    # What is put aside would be its owner's, and what takes its place not: nobody would find it for an undo.
    server.psql("CREATE ROLE of_plant; GRANT of_plant TO nobody WITH INHERIT TRUE, SET FALSE;"
                "ALTER DATABASE untouched OWNER TO of_plant")
    done = run(program, server, name, "restore", "-U", "nobody", program.path(path), folder=folder)
    equal((done.code, done.json()["error"]["message"]),
          (6, "the database untouched belongs to of_plant, so nobody may not replace it"), "who may not give it away")
    done = program.run(["restore", "--json", "-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres", "-d", name,
                        "--folder", program.path(folder), program.path(path)], env={"PGPASSWORD": harness.PASSWORD})
    equal(done.code, 2, "nobody was asked: " + done.out)
    equal(databases(server, name), [name], "databases")


WRITER = """
import subprocess, sys
while True:
    subprocess.run([%r, "-X", "-q", "-d", %r, "-c", "INSERT INTO newer SELECT max(a) + 1 FROM newer; "
                    "SELECT pg_sleep(0.01) FROM generate_series(1, 20)"], stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
"""


def test_clients_that_come_again(program):
    """An application that connects again as soon as its session is ended, and a transaction that stays open."""
    server, folder = harness.shared_server(), harness.temp_dir("r")
    name = target(program, server, "busy")
    report = program.good_backup(server, name, folder)
    before = server.checksums(name)
    server.psql("CREATE TABLE newer (a int); INSERT INTO newer VALUES (1)", name)
    clients = [subprocess.Popen(["python3", "-c", WRITER % (harness.PG_BIN + "/psql", name)],
                                env={**harness.clean_env(), **server.env()}) for _ in range(3)]
    idle = subprocess.Popen([harness.PG_BIN + "/psql", "-X", "-q", "-d", name], stdin=subprocess.PIPE,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                            env={**harness.clean_env(), **server.env()})
    try:
        idle.stdin.write(b"BEGIN; DELETE FROM newer; \n")
        idle.stdin.flush()
        restored(run(program, server, name, "restore", program.path(report["unix_path"]), folder=folder))
    finally:
        for client in clients + [idle]:
            client.kill()
            client.wait()
    harness.same_sums(server.checksums(name), before, "what was restored")


harness.main(__name__, wine=("test_there_and_back", "test_beside_it"))
