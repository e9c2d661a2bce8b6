"""The preview of a restore on a real server: both sides counted, what is newer named, and nothing touched."""
import calendar
import json
import os
import re
import signal
import subprocess
import time
import harness
from harness import check, equal
from test_prove import Prover

NEWER = """
INSERT INTO work_orders (wo_number, bfm_equipment_no, created_date)
 SELECT 'WO-new-' || i, 'BFM-000001', timestamp '2126-11-30 05:12:44' + i * interval '1 minute'
 FROM generate_series(1, 4) i;
UPDATE users SET notes = 'a secret of the plant' WHERE id = 1; DELETE FROM parts_inventory WHERE id > 60;
CREATE TABLE newer (a int); INSERT INTO newer VALUES (1); DROP TABLE kpi_exports;
SELECT lo_from_bytea(4711, 'a picture');
"""


def database(server, name):
    harness.sample(server, "plant")
    server.psql('CREATE DATABASE "%s" TEMPLATE plant' % name)
    return name


def ask(program, server, name, *arguments, verb="preview", as_json=True, user="postgres", prover=None):
    """With a prover: as a user that may run a PostgreSQL server."""
    if verb == "restore":
        arguments = ("--no-safety-proof",) + arguments
    arguments = [verb, *(["--json"] if as_json else []), "-h", "127.0.0.1", "-p", str(server.port), "-U", user,
                 "-d", name, *arguments]
    if prover is None:
        return program.run(arguments, env={"PGPASSWORD": harness.PASSWORD})
    prover.get_ready()
    return harness.finish(subprocess.Popen(
        prover.argv + arguments, env=program.env({**prover.env, "PGPASSWORD": harness.PASSWORD}),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/"))


def told(done):
    check(done.code == 0, "exit code %d: %s %s" % (done.code, done.err, done.out))
    return done.json()


def table(document, name, schema="public"):
    return [t for t in document["tables"] if (t["schema"], t["name"]) == (schema, name)][0]


def newer_than(server, path, name):
    """Changes a database, in another second than that in which the backup was made."""
    with open(path + ".manifest.json") as f:
        made = calendar.timegm(time.strptime(json.load(f)["server_time"], "%Y-%m-%dT%H:%M:%SZ"))
    harness.wait_for(lambda: int(server.psql("SELECT extract(epoch FROM clock_timestamp())::bigint")) > made + 1, 10,
                     "the second after the next")
    server.psql(NEWER, name)


def test_both_sides(program):
    server, folder = harness.shared_server(), harness.temp_dir("r")
    name = database(server, "both")
    path = program.good_backup(server, name, folder)["unix_path"]
    same = told(ask(program, server, name, program.path(path)))
    equal((same["level"], same["own"], same["foreign"], same["live"], same["possible"], same["safety_backup"]),
          ("verified", "same", False, "there", True, True), "of an unchanged database")
    equal([t["name"] for t in same["tables"] if t["live"] != t["backup"] or t["about"] or t["made_since"] or
           t["changed_since"]], [], "tables that differ")

    equal(table(same, "work_orders")["backup_newest"],
          server.psql("SELECT to_char(max(created_date), 'YYYY-MM-DD HH24:MI:SS') FROM work_orders", name),
          "the newest work order in the backup")

    newer_than(server, path, name)
    before = (server.checksums(name), sorted(os.listdir(folder)), server.psql("SELECT datname FROM pg_database"))
    document = told(ask(program, server, name, program.path(path)))
    orders, users = table(document, "work_orders"), table(document, "users")
    equal((orders["words"], orders["live"], orders["backup"], orders["made_since"]), ("work orders", 804, 800, 4),
          "work orders")
    equal(orders["newest"], [{"id": str(i), "time": "2126-11-30 05:%d:44" % (12 + i - 800)} for i in (804, 803, 802)],
          "the newest work orders")
    equal((users["made_since"], users["changed_since"], len(users["newest"])), (0, 1, 1), "users")
    equal((table(document, "newer")["in_backup"], table(document, "kpi_exports")["in_live"]), (False, False),
          "tables of one side")
    equal((document["live_large_objects"], document["large_objects"]), (1, 0), "large objects")
    equal(document["live_bytes"], int(server.psql("SELECT pg_database_size('both')")), "its size")

    done = ask(program, server, name, os.path.basename(path), "--folder", program.path(folder), as_json=False)
    equal(done.code, 0, done.err)
    for line in ("  ✅ Verified: every byte was read, and it holds as many rows as the database had",
                 "  ✅ It is a backup of this database, both",
                 "What changes (now → then)",
                 "  ⚠  work orders 804 → 800",
                 "     users 17 → 17",
                 "     parts 60 → 66",
                 "     audit log entries 1,000 → 1,000",
                 "     KPI exports: not there now → 26",
                 "  ⚠  newer: 1 → gone, the backup has no such table",
                 "     1 other table with as many rows on both sides",
                 "  ⚠  large objects 1 → 0",
                 "What is newer than the backup, and would be lost",
                 "  ⚠  work orders: 4 made since; the newest: number 804 of 2126-11-30 05:16:44; number 803 of "
                 "2126-11-30 05:15:44; number 802 of 2126-11-30 05:14:44",
                 "     8 tables bear no time that could be asked for: compare their rows above",
                 "What will not come along",
                 "  ✅ Nothing that is known beforehand",
                 "  ✅ A safety backup of both is made first, and proven on this PC"):
        check(line in done.out.splitlines(), "%r is not in\n%s" % (line, done.out))
    check(re.search(r"(?m)^  ⚠  users: 1 changed since; the newest is number 1 of [-0-9]{10} [:0-9]{8}$", done.out),
          done.out)
    check(re.search(r"(?m)^     Its newest rows: .* of [-0-9]{10} [:0-9]{8}", done.out), done.out)
    check("secret of the plant" not in done.out + done.err, "what stands in rows")
    equal((server.checksums(name), sorted(os.listdir(folder)), server.psql("SELECT datname FROM pg_database")), before,
          "what was there")
    declined = told(ask(program, server, name, "--no-safety-backup", program.path(path)))
    equal(declined["safety_backup"], False, "the safety backup")
    aside = told(ask(program, server, name, "--to", "look", program.path(path)))
    equal((aside["live"], aside["to"], aside["possible"], aside["safety_backup"], table(aside, "users")["backup"]),
          ("aside", "look", True, False, 17), "into a new database")
    aside = told(ask(program, server, name, "--to", "both", program.path(path)))
    equal(aside["obstacles"], ["There is a database both already"], "into one that is there")
    harness.no_secret(folder)


def test_gone_and_empty(program):
    server, folder = harness.shared_server(), harness.temp_dir("r")
    name = database(server, "vanishing")
    path = program.good_backup(server, name, folder)["unix_path"]
    server.psql('DROP DATABASE "%s"' % name)
    done = ask(program, server, name, program.path(path), as_json=False)
    for line in ("  ✅ It is a backup of the database vanishing that this server had",
                 "  ⚠  The server has no database vanishing: nothing can be lost, all of it comes from the backup",
                 "     work orders 800", "  ✅ There is no vanishing to make a safety backup of"):
        check(line in done.out.splitlines(), "%r is not in\n%s %s" % (line, done.out, done.err))
    equal(told(ask(program, server, name, program.path(path)))["live"], "gone", "the database")
    server.psql('CREATE DATABASE "%s"' % name)
    empty = told(ask(program, server, name, program.path(path)))
    equal((empty["live"], empty["own"], empty["safety_backup"], empty["possible"]), ("empty", "earlier", True, True),
          "an empty database")


def test_whose_it_is(program):
    server, folder = harness.shared_server(), harness.temp_dir("r")
    name = database(server, "mine")
    path = program.good_backup(server, name, folder)["unix_path"]
    server.psql('CREATE DATABASE "other"')
    other = told(ask(program, server, "other", program.path(path)))
    equal((other["own"], other["source"]), ("database", "mine on 127.0.0.1:%d" % server.port), "another database")
    second = harness.Server(another=True)
    try:
        second.psql('CREATE DATABASE "mine"')
        done = ask(program, second, "mine", program.path(path), as_json=False)
        check("  ⚠  It is a backup of another server's database: mine on 127.0.0.1:%d" % server.port in
              done.out.splitlines(), done.out + done.err)
    finally:
        second.stop()


def test_what_is_in_the_way(program):
    """Rights, and what the server lacks of what the backup names."""
    server, folder = harness.shared_server(), harness.temp_dir("r")
    name = database(server, "barred")
    server.psql("CREATE ROLE worker; CREATE ROLE looker; CREATE ROLE clerk LOGIN PASSWORD '%s'; CREATE ROLE former"
                % harness.PASSWORD.replace("'", "''"))
    server.psql("ALTER TABLE equipment OWNER TO worker; GRANT SELECT ON users TO looker;"
                "ALTER TABLE users OWNER TO former; GRANT CONNECT ON DATABASE barred TO PUBLIC;"
                "CREATE FUNCTION noted() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';"
                "CREATE EVENT TRIGGER noted ON ddl_command_end EXECUTE FUNCTION noted();"
                "CREATE POLICY mine ON work_orders TO looker USING (true)", name)
    path = program.good_backup(server, name, folder)["unix_path"]
    all_of_it = told(ask(program, server, name, program.path(path)))
    equal((all_of_it["left_out"], all_of_it["obstacles"]), ([], []), "while all is there")
    document = told(ask(program, server, name, program.path(path), user="clerk"))
    equal((document["obstacles"][0], len(document["obstacles"])), ("The user clerk may not create databases", 2),
          "what is in the way of clerk: %s" % document["obstacles"])
    check(re.fullmatch(r"The event trigger noted belongs to postgres \(and so it is with \d+ more\), so clerk may not"
                       r" replace what is in the database", document["obstacles"][1]),
          "and of a restore in place: " + document["obstacles"][1])
    equal((document["possible"], document["may_in_place"]), (False, False), "whether it is possible")
    server.psql("REVOKE CONNECT ON DATABASE barred FROM PUBLIC")
    document = told(ask(program, server, name, program.path(path), user="clerk"))
    equal((document["live"], document["may_in_place"], document["obstacles"][1:]),
          ("closed", False, ['The database barred refuses us: user "clerk" may not connect to the database "barred"']),
          "one that clerk may not connect to")
    server.psql("GRANT CONNECT ON DATABASE barred TO PUBLIC")
    document = told(ask(program, server, name, program.path(path), user="clerk"))
    equal(sorted(document["left_out"]),
          ["The event trigger noted may not come along: it can take a superuser to make one",
           "What belongs to former will belong to clerk: the user may not act for that role",
           "What belongs to postgres will belong to clerk: the user may not act for that role",
           "What belongs to worker will belong to clerk: the user may not act for that role"], "what stays behind")
    equal((table(document, "users")["about"], table(document, "users")["live"]), (True, 17), "what clerk may not read")
    done = ask(program, server, name, program.path(path), user="clerk", as_json=False)
    for line in ("  ❌ The user clerk may not create databases", "  ❌ So it cannot be restored as it stands",
                 "     users about 17 → 17"):
        check(line in done.out.splitlines(), "%r is not in\n%s" % (line, done.out))

    server.psql('DROP DATABASE "%s"' % name)
    server.psql("DROP ROLE worker; DROP ROLE looker; DROP ROLE former")
    document = told(ask(program, server, name, program.path(path)))
    equal(sorted(document["left_out"]),
          ["The rights of looker will not come along: this server has no such role",
           "The server here lacks the role looker: the restore stops where that is needed",
           "What belongs to former will belong to postgres: this server has no such role",
           "What belongs to worker will belong to postgres: this server has no such role"],
          "when the roles are gone")
    server.psql("CREATE DATABASE barred IS_TEMPLATE true")
    document = told(ask(program, server, name, program.path(path)))
    equal(document["obstacles"], ["barred is a template of the server, not a database of an application"], "a template")
    server.psql("ALTER DATABASE barred IS_TEMPLATE false; DROP ROLE clerk")


def test_what_cannot_be_counted(program):
    """A table that somebody has locked is not waited for; and whoever says stop is heard."""
    server, folder = harness.shared_server(), harness.temp_dir("r")
    name = database(server, "locked")
    server.psql("ANALYZE", name)
    path = program.good_backup(server, name, folder)["unix_path"]
    holder = subprocess.Popen([harness.PG_BIN + "/psql", "-X", "-q", "-d", name], stdin=subprocess.PIPE,
                              env={**harness.clean_env(), **server.env()})
    try:
        holder.stdin.write(b"BEGIN; LOCK TABLE work_orders;\n")
        holder.stdin.flush()
        harness.wait_for(lambda: server.psql("SELECT 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND"
                                             " relation IS NOT NULL"), 20, "the lock")
        orders = table(told(ask(program, server, name, program.path(path))), "work_orders")
        equal((orders["about"], orders["live"], orders["made_since"]), (True, 800, None), "the locked table")
        if program.kind == "native":
            running = program.start(["preview", "-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres", "-d", name,
                                     path], env={"PGPASSWORD": harness.PASSWORD})
            harness.wait_for(lambda: server.psql("SELECT 1 FROM pg_stat_activity WHERE datname = 'locked' AND"
                                                 " wait_event_type = 'Lock'"), 20, "the wait")
            running.send_signal(signal.SIGINT)
            done = harness.finish(running)
            equal((done.code, done.out), (130, ""), "the exit code: " + done.err)
    finally:
        holder.stdin.close()
        holder.wait()
    equal(table(told(ask(program, server, name, program.path(path))), "work_orders")["about"], False, "afterwards")


def test_a_file_of_others(program):
    """What an archive without a manifest holds that acts is listed, and every byte of it is read."""
    server, folder, prover = harness.shared_server(), harness.temp_dir("r"), Prover(program)
    prover.own(folder)
    name = database(server, "foreign")
    server.psql("CREATE FUNCTION noted() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';"
                "CREATE EVENT TRIGGER noted ON ddl_command_end EXECUTE FUNCTION noted();"
                "CREATE RULE nothing AS ON UPDATE TO kpi_exports DO INSTEAD NOTHING;"
                "GRANT SELECT ON users TO PUBLIC", name)
    path = os.path.join(folder, "from elsewhere.dump")
    subprocess.run([harness.PG_BIN + "/pg_dump", "-Fc", "-f", path, "-d", name], check=True,
                   env={**harness.clean_env(), **server.env()})
    document = told(ask(program, server, name, program.path(path), prover=prover))
    equal((document["foreign"], document["proven_first"], document["level"], document["own"], document["source"],
           table(document, "users")["backup"]), (True, True, "proven", "unknown", name, 17), "what is known of it")
    equal((document["possible"], document["sha256"]), (True, harness.sha256_of(path)), "whether it may be restored")
    equal(document["acts"], ["2 functions: noted(), touch_updated_date()",
                             "2 triggers: equipment equipment_updated, users users_updated",
                             "1 rule: kpi_exports nothing", "1 event trigger: noted",
                             "what is in it belongs to postgres", "it gives rights to PUBLIC"], "what acts")
    done = ask(program, server, name, program.path(path), as_json=False, prover=prover)
    for line in ("  ⚠  Whose backup it is, is not known for sure; it calls its database foreign",
                 "What in the file acts by itself",
                 "  ⚠  It has no manifest, so others may have made it: look whether you know what is in it",
                 "  ✅ It was first restored on this PC, where it can do no harm, and counted",
                 "  ⚠  1 event trigger: noted"):
        check(line in done.out.splitlines(), "%r is not in\n%s %s" % (line, done.out, done.err))
    with open(path, "rb") as f:
        content = bytearray(f.read())
    content[len(content) // 2] ^= 1
    with open(path, "wb") as f:
        f.write(content)
    done = ask(program, server, name, program.path(path), prover=prover)
    equal(done.code, 7, "a damaged one: " + done.out)
    with open(path, "w") as f:
        f.write("--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\n")
    done = ask(program, server, name, program.path(path), prover=prover)
    equal((done.code, done.json()["error"]["message"]),
          (11, "from elsewhere.dump is no backup of this kind: the file is a plain SQL script, not an archive"),
          "a script")
    done = ask(program, server, name, program.path(path + "x"), prover=prover)
    equal(done.code, 10, "no file: " + done.out)


def test_not_before_it_is_proven(program):
    """A file of others touches the live server only when it was restored where it can do no harm."""
    server, folder, prover = harness.shared_server(), harness.temp_dir("r"), Prover(program)
    prover.own(folder)
    name = database(server, "careful")
    path = os.path.join(folder, "from elsewhere.dump")
    where = ["--yes", "--folder", program.path(folder), program.path(path)]

    def dump():
        subprocess.run([harness.PG_BIN + "/pg_dump", "-Fc", "-f", path, "-d", name], check=True,
                       env={**harness.clean_env(), **server.env()})
        prover.own(folder)
    dump()
    told(ask(program, server, name, *where, verb="restore", prover=prover))
    server.psql("CREATE FUNCTION len(text) RETURNS int LANGUAGE internal IMMUTABLE STRICT AS 'textlen'", name)
    dump()
    before = (server.checksums(name), server.psql("SELECT datname FROM pg_database"), sorted(os.listdir(folder)))
    document = told(ask(program, server, name, program.path(path), prover=prover))
    why = "It cannot be proven on this PC first: the FUNCTION public.len(text) takes rights that a proof does not " \
          "give a backup"
    equal((document["proven_first"], document["level"], document["obstacles"]), (False, "read", [why]), "a file in C")
    done = ask(program, server, name, *where, verb="restore", prover=prover)
    equal((done.code, done.json()["error"]["message"]),
          (6, "from elsewhere.dump was not made by this program, or has lost its manifest"), "its restore")
    harness.wait_for(lambda: harness.log_entries(folder)[-1]["status"] == "failed", 5, "the log")
    equal((server.checksums(name), server.psql("SELECT datname FROM pg_database"), sorted(os.listdir(folder))), before,
          "what was there")
    done = ask(program, server, name, "--foreign", program.path(path), as_json=False, prover=prover)
    check("  ⚠  It was not restored on this PC first: that was declined" in done.out.splitlines(), done.out + done.err)
    prover.nothing_left()
    told(ask(program, server, name, "--foreign", *where, verb="restore", prover=prover))
    equal(server.psql("SELECT len('four')", name), "4", "what was restored")


def test_restore_shows_it(program):
    server, folder = harness.shared_server(), harness.temp_dir("r")
    name = database(server, "shown")
    path = program.good_backup(server, name, folder)["unix_path"]
    newer_than(server, path, name)
    before = server.checksums(name)
    where = ["--folder", program.path(folder), program.path(path)]
    done = ask(program, server, name, *where, verb="restore", as_json=False)
    equal(done.code, 2, "nobody is there to be asked: " + done.err)
    check("  ⚠  work orders 804 → 800" in done.out.splitlines(), done.out)
    equal(server.checksums(name), before, "what was there")

    server.psql('CREATE DATABASE film; CREATE ROLE keeper LOGIN PASSWORD \'%s\'' % harness.PASSWORD.replace("'", "''"))
    server.psql("CREATE TABLE film (a int)", "film")
    film = program.good_backup(server, "film", folder)["unix_path"]
    why = os.path.basename(film) + " holds none of the tables of the database shown: it is a backup of another one"
    equal(told(ask(program, server, name, program.path(film)))["obstacles"], [why], "another application's")
    done = ask(program, server, name, "--yes", "--folder", program.path(folder), program.path(film), verb="restore")
    equal((done.code, done.json()["error"]["message"]), (3, why), "another application's")
    done = ask(program, server, name, *where, verb="restore", user="keeper")
    equal((done.code, done.json()["error"]["message"], done.json()["error"]["hint"]),
          (6, "it cannot be restored as it stands", "The user keeper may not create databases."), "without the right")
    equal(server.checksums(name), before, "what was there")
    server.psql("DROP ROLE keeper")

    done = ask(program, server, name, "--yes", *where, verb="restore", as_json=False)
    equal(done.code, 0, done.out + done.err)
    shown = done.out.splitlines()
    check(shown.index("  ⚠  work orders 804 → 800") <
          next(i for i, line in enumerate(shown)
               if line.endswith("Starting database restore: " + os.path.basename(path))),
          done.out)
    document = told(ask(program, server, name, "--yes", *where, verb="restore"))
    equal((document["preview"]["own"], table(document["preview"], "work_orders")["live"]), ("earlier", 800),
          "the second time")


if __name__ == "__main__":
    harness.main(__name__, wine=("test_both_sides", "test_gone_and_empty"))
