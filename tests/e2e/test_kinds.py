"""Every kind of relation, and who may read it: what pg_dump saves is counted, and what it leaves out is named."""
import json
import os
import shutil
import subprocess
import harness
from harness import check, equal

EXTENSION = {
    "cmms_parts.control": "default_version = '1.0'\ncomment = 'test'\nrelocatable = false\nschema = cmms_parts\n",
    "cmms_parts--1.0.sql": """
CREATE TABLE of_the_extension (a int); INSERT INTO of_the_extension SELECT generate_series(1, 7);
CREATE TABLE settings (name text PRIMARY KEY, standard boolean NOT NULL);
INSERT INTO settings VALUES ('built in', true);
SELECT pg_catalog.pg_extension_config_dump('settings', 'WHERE NOT standard');
CREATE TABLE whole (a int);
SELECT pg_catalog.pg_extension_config_dump('whole', '');
CREATE SEQUENCE numbers; SELECT pg_catalog.pg_extension_config_dump('numbers', '');
"""}

KINDS = r'''
CREATE EXTENSION cmms_parts;
INSERT INTO cmms_parts.settings SELECT 'mine ' || i, false FROM generate_series(1, 5) i;
INSERT INTO cmms_parts.whole SELECT generate_series(1, 4);
CREATE TABLE cmms_parts.beside (a int); INSERT INTO cmms_parts.beside VALUES (1), (2);

CREATE TABLE parent (a int); CREATE TABLE child (b int) INHERITS (parent); CREATE TABLE grandchild () INHERITS (child);
INSERT INTO parent VALUES (1); INSERT INTO child SELECT i, i FROM generate_series(1, 2) i;
INSERT INTO grandchild SELECT i, i FROM generate_series(1, 3) i;

CREATE TABLE orders (at date, region text, n int) PARTITION BY RANGE (at);
CREATE TABLE orders_24 PARTITION OF orders FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (region);
CREATE TABLE orders_24_n PARTITION OF orders_24 FOR VALUES IN ('n');
CREATE TABLE orders_24_rest PARTITION OF orders_24 DEFAULT;
CREATE UNLOGGED TABLE orders_25 PARTITION OF orders FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO orders SELECT '2024-01-01'::date + i, CASE i % 3 WHEN 0 THEN 'n' ELSE 's' END, i
  FROM generate_series(0, 600) i;

CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE elsewhere (line text) SERVER files OPTIONS (filename '/etc/hostname', format 'text');
CREATE TABLE sensors (at int, v int) PARTITION BY RANGE (at);
CREATE TABLE sensors_here PARTITION OF sensors FOR VALUES FROM (0) TO (10);
CREATE FOREIGN TABLE sensors_there PARTITION OF sensors FOR VALUES FROM (10) TO (20) SERVER files
  OPTIONS (filename '/dev/null', format 'csv');
INSERT INTO sensors VALUES (1, 1), (2, 2);

CREATE UNLOGGED TABLE scratch (a int); INSERT INTO scratch SELECT generate_series(1, 10);
CREATE MATERIALIZED VIEW filled AS SELECT count(*) AS n FROM parent;
CREATE MATERIALIZED VIEW unfilled AS SELECT count(*) AS n FROM parent WITH NO DATA;
CREATE VIEW plain AS SELECT * FROM parent;

CREATE TABLE generated (a int, twice int GENERATED ALWAYS AS (a * 2) STORED, id int GENERATED ALWAYS AS IDENTITY);
INSERT INTO generated (a) SELECT generate_series(1, 8);
CREATE TABLE only_generated (one int GENERATED ALWAYS AS (1) STORED);
INSERT INTO only_generated DEFAULT VALUES; INSERT INTO only_generated DEFAULT VALUES;
CREATE TABLE no_columns (); INSERT INTO no_columns DEFAULT VALUES;

CREATE SCHEMA "a.b"; CREATE SCHEMA a; CREATE SCHEMA "Ünï ""中"" \ '"; CREATE SCHEMA "select";
CREATE TABLE "a.b".c (i int); INSERT INTO "a.b".c SELECT generate_series(1, 2);
CREATE TABLE a."b.c" (i int); INSERT INTO a."b.c" SELECT generate_series(1, 3);
CREATE TABLE "Ünï ""中"" \ '"."T "" \ '" (i int); INSERT INTO "Ünï ""中"" \ '"."T "" \ '" SELECT generate_series(1, 4);
CREATE TABLE "select"."from" ("where" int); INSERT INTO "select"."from" VALUES (1);

CREATE TABLE secured (who text); INSERT INTO secured VALUES ('postgres'), ('ann'), ('bob');
ALTER TABLE secured ENABLE ROW LEVEL SECURITY; ALTER TABLE secured FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON secured USING (who = current_user);
SELECT lo_from_bytea(0, 'large');
'''

ROWS = {"cmms_parts.settings": 5, "cmms_parts.whole": 4, "cmms_parts.beside": 2, "public.parent": 1, "public.child": 2,
        "public.grandchild": 3, "public.orders_24_n": 122, "public.orders_24_rest": 244, "public.orders_25": 235,
        "public.sensors_here": 2, "public.scratch": 10, "public.generated": 8, "public.only_generated": 2,
        "public.no_columns": 1, "a.b.c": 5, "Ünï \"中\" \\ '.T \" \\ '": 4, "select.from": 1, "public.secured": 3}

_servers = []


class Server(harness.Server):
    """One whose extensions' folder has ours in it, in a mount namespace of its own."""

    def start(self):
        theirs = "/usr/share/postgresql/17/extension"
        ours = os.path.join(self.folder, "extension")
        if not os.path.isdir(ours):
            shutil.copytree(theirs, ours)
            for name, text in EXTENSION.items():
                with open(os.path.join(ours, name), "w") as f:
                    f.write(text)
            subprocess.run(["chmod", "-R", "a+rX", ours], check=True)
        subprocess.run(["unshare", "-m", "sh", "-c", 'mount --bind "$0" "$1" && shift && exec "$@"', ours, theirs,
                        "setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups",
                        harness.PG_BIN + "/pg_ctl", "-D", self.data, "-l", os.path.join(self.folder, "log"), "-w",
                        "start"], cwd="/tmp", check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def server_with_kinds():
    if not _servers:
        _servers.append(Server())
        harness._servers.extend(_servers)
        _servers[0].psql("CREATE DATABASE kinds")
        _servers[0].psql(KINDS, "kinds")
        _servers[0].psql("ANALYZE", "kinds")
    return _servers[0]


def test_every_kind(program):
    server = server_with_kinds()
    folder = harness.temp_dir("b")
    report = program.good_backup(server, "kinds", folder)
    equal(report["level"], "verified", "level")
    equal(harness.warnings_of(report), ["The rows of foreign tables are on another server and not in this backup: "
                                        "public.elsewhere, public.sensors_there"], "warnings")
    with open(report["unix_path"] + ".manifest.json", encoding="utf-8") as f:
        manifest = json.load(f)
    rows = {}
    for table in manifest["tables"]:
        equal(table["rows"], table["expected"], "rows in the backup, and expected, of %s" % table)
        name = table["schema"] + "." + table["name"]
        rows[name] = rows.get(name, 0) + table["rows"]  # "a.b".c and a."b.c" look alike
    equal(rows, ROWS, "the tables and their rows")
    target = "kinds_" + program.kind
    server.restore(report["unix_path"], target)
    equal(server.checksums(target), server.checksums("kinds"), "the restored data")
    server.psql('DROP DATABASE "%s"' % target)


def test_materialized_views_are_told(program):
    server = server_with_kinds()
    done = program.run(["backup", "--folder", program.path(harness.temp_dir("b"))], env=server.env("kinds"))
    equal(done.code, 0, "exit code: %s" % done.err)
    check("2 materialized view(s) are not in the backup: a restore computes them anew" in done.out, done.out)


def refused(program, user, words, hint):
    server = server_with_kinds()
    folder = harness.temp_dir("b")
    server.psql("DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '%s') THEN CREATE ROLE %s LOGIN "
                "PASSWORD '%s'; END IF; END $$" % (user, user, harness.PASSWORD.replace("'", "''")))
    if user == "reader":
        server.psql("GRANT pg_read_all_data TO reader")
    done = program.run(["backup", "--json", "--folder", program.path(folder)],
                       env={**server.env("kinds"), "PGUSER": user})
    equal(done.code, 6, "exit code: %s %s" % (done.out, done.err))
    error = done.json()["error"]
    check(words in error["message"] and user in error["message"], "the message: %s" % error)
    check(hint in error["hint"], "the remedy: %s" % error)
    equal((harness.backups_in(folder), harness.partials_in(folder)), ([], []), "files")
    doctor = program.run(["doctor", "--json", "--folder", program.path(folder)],
                         env={**server.env("kinds"), "PGUSER": user})
    rights = [c for c in doctor.json()["checks"] if c["name"] == "rights"]
    equal([c["state"] for c in rights], ["bad"], "what the doctor says of it: %s" % rights)
    return error


def test_role_that_may_not_read(program):
    error = refused(program, "stranger", "may not read everything", "pg_read_all_data")
    check("permission denied for" in error["detail"], "what it may not: %s" % error)


def test_each_right_that_is_missing(program):
    """One right is missing, of each kind in turn: the doctor says so beforehand, and both name what it is."""
    server = harness.shared_server()
    name = "rights_" + program.kind
    server.psql('DROP DATABASE IF EXISTS "%s"' % name)
    server.psql("DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'clerk') THEN CREATE ROLE clerk "
                "LOGIN PASSWORD '%s'; END IF; END $$" % harness.PASSWORD.replace("'", "''"))
    server.psql('CREATE DATABASE "%s"' % name)
    server.psql("CREATE TABLE bolts (a int); CREATE SEQUENCE numbers; SELECT lo_create(7777)", name)
    rights = (("TABLE bolts", "1 of the tables (public.bolts)", "bolts"),
              ("SEQUENCE numbers", "1 of the sequences (public.numbers)", "numbers"),
              ("LARGE OBJECT 7777", "1 of the large objects (7777)", "large object 7777"))
    folder = harness.temp_dir("b")
    env = {**server.env(name), "PGUSER": "clerk"}

    def doctor():
        done = program.run(["doctor", "--json", "--folder", program.path(folder)], env=env)
        return [c for c in done.json()["checks"] if c["name"] == "rights"][0]

    for missing, words, told in rights:
        for right, _, _ in rights:
            server.psql("REVOKE ALL ON %s FROM clerk" % right if right == missing else
                        "GRANT SELECT ON %s TO clerk" % right, name)
        found = doctor()
        equal((found["state"], found["message"]), ("bad", "The user may not read " + words), "the doctor: %s" % found)
        done = program.run(["backup", "--json", "--folder", program.path(folder)], env=env)
        equal(done.code, 6, "exit code: %s %s" % (done.out, done.err))
        error = done.json()["error"]
        check("may not read everything" in error["message"] and told in error["message"] + error["detail"], error)
    server.psql("GRANT SELECT ON LARGE OBJECT 7777 TO clerk", name)
    found = doctor()
    equal((found["state"], found["message"]), ("warning", "The user may read all tables, sequences and large objects, "
                                               "but may not create databases: a restore has no Undo"), "all rights")
    done = program.run(["backup", "--json", "--folder", program.path(folder)], env=env)
    equal(done.code, 0, "exit code: %s %s" % (done.out, done.err))
    server.psql('DROP DATABASE "%s"' % name)


def test_roles_are_noted(program):
    """No dump of a database holds the roles, so the manifest has what makes them: those that own, are granted or are
    named by a policy, their members, and what they are members of. No others, and no password."""
    server = harness.shared_server()
    name = "roles_" + program.kind
    folder = harness.temp_dir("b")
    server.psql('''DROP DATABASE IF EXISTS "{0}";
        CREATE ROLE {0}_owner LOGIN CREATEDB NOINHERIT; CREATE ROLE {0}_group;
        CREATE ROLE {0}_ann LOGIN CONNECTION LIMIT 3 PASSWORD 'told to nobody';
        CREATE ROLE "{0} ü ""q" BYPASSRLS; CREATE ROLE {0}_stranger LOGIN; CREATE ROLE {0}_above;
        GRANT {0}_group TO {0}_ann WITH ADMIN OPTION; GRANT {0}_above TO {0}_owner WITH INHERIT FALSE;
        GRANT {0}_above TO {0}_stranger; GRANT pg_read_all_data TO {0}_ann;
        CREATE DATABASE "{0}" OWNER {0}_owner'''.format(name))
    try:
        server.psql('''CREATE TABLE t (a int); GRANT SELECT ON t TO {0}_group;
            CREATE POLICY p ON t TO "{0} ü ""q"'''.format(name), name)
        report = program.good_backup(server, name, folder)
        with open(report["unix_path"] + ".manifest.json", encoding="utf-8") as f:
            text = f.read()
        roles = json.loads(text)["roles"]
        equal(sorted(roles), sorted(line.format(name) for line in (
            "CREATE ROLE {0}_owner LOGIN CREATEDB NOINHERIT;", "CREATE ROLE {0}_group;", "CREATE ROLE {0}_above;",
            "CREATE ROLE {0}_ann LOGIN CONNECTION LIMIT 3;", 'CREATE ROLE "{0} ü ""q" BYPASSRLS;',
            "GRANT {0}_group TO {0}_ann WITH ADMIN OPTION;", "GRANT {0}_above TO {0}_owner WITH INHERIT FALSE;",
            "GRANT pg_read_all_data TO {0}_ann;")), "the roles")
        check("told to nobody" not in text and "SCRAM" not in text, "no password is in the manifest")
        members = ("SELECT count(*), count(*) FILTER (WHERE admin_option), count(*) FILTER (WHERE NOT inherit_option)"
                   " FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member"
                   " WHERE r.rolname IN ('new_%s_ann', 'new_%s_owner');" % (name, name))
        again = "\n".join(line.replace(name, "new_" + name) for line in roles)
        equal(server.psql("BEGIN;" + again + members + "ROLLBACK;"), "3|1|1", "made anew by those statements, in order")
    finally:
        server.psql('DROP DATABASE "%s"' % name)
        for role in ("_owner", "_group", "_ann", ' ü ""q', "_stranger", "_above"):
            server.psql('DROP ROLE "%s%s"' % (name, role))


def test_row_security(program):
    """It may read every table, but not every row of one."""
    error = refused(program, "reader", "row security keeps", "BYPASSRLS")
    check("secured" in error["detail"], "which table: %s" % error)


def test_few_locks(program):
    """The server has room for few locks: a count leaves none behind on its table's indexes."""
    server = harness.Server(settings=("max_locks_per_transaction = 16", "max_connections = 20"))
    try:
        server.psql("DO $$ BEGIN FOR n IN 1..300 LOOP EXECUTE format('CREATE TABLE t%s (a int UNIQUE, b int UNIQUE, "
                    "c int UNIQUE); INSERT INTO t%s VALUES (1, 2, 3)', n, n); COMMIT; END LOOP; END $$")
        folder = harness.temp_dir("folder")
        done = program.run(["backup", "--json", "--folder", program.path(folder)], env=server.env())
        equal(done.code, 0, "exit code: %s" % done.out[-1000:])
        uncounted = [w for w in done.json()["warnings"] if "counted" in w]
        equal((uncounted, done.json()["level"]), ([], "verified"), "what could not be counted, and the level")
    finally:
        server.stop()


harness.main(__name__, wine=("test_every_kind", "test_role_that_may_not_read"))
