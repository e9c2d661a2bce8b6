"""Back up a real server, restore with the distribution's own pg_restore, compare all data."""
import json
import os
import re
import harness
from harness import check, equal

# What a CMMS database does not have, but somebody's will.
ODD = r'''
CREATE SCHEMA "Odd ""Schema""";
CREATE TABLE "Odd ""Schema"""."Weird.Name, ünï 中" (id serial PRIMARY KEY, "select" text, v numeric(10,2)
  GENERATED ALWAYS AS (id * 1.5) STORED);
INSERT INTO "Odd ""Schema"""."Weird.Name, ünï 中" ("select")
  SELECT CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN E'tab\there' WHEN 2 THEN E'line\nbreak' WHEN 3 THEN E'\\.' ELSE '' END
  FROM generate_series(1, 500) i;
CREATE TABLE empty_table (a int, b text);
CREATE TABLE no_columns ();
INSERT INTO no_columns DEFAULT VALUES; INSERT INTO no_columns DEFAULT VALUES;
CREATE TABLE measured (at date NOT NULL, value int) PARTITION BY RANGE (at);
CREATE TABLE measured_2024 PARTITION OF measured FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE measured_2025 PARTITION OF measured FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO measured SELECT date '2024-01-01' + i, i FROM generate_series(0, 700) i;
CREATE UNLOGGED TABLE scratch (a int); INSERT INTO scratch SELECT generate_series(1, 10);
CREATE MATERIALIZED VIEW totals AS SELECT count(*) AS n FROM measured;
CREATE SEQUENCE counter START 7; SELECT nextval('counter'), nextval('counter');
SELECT lo_from_bytea(0, decode(repeat('00ff10', 40000), 'hex')), lo_from_bytea(0, ''), lo_from_bytea(0, 'abc');
CREATE TYPE colour AS ENUM ('red', 'green');
CREATE TABLE kinds (c colour, a int[], j jsonb, b bytea, t timestamptz, f float8);
INSERT INTO kinds SELECT 'red', array[i, NULL], '{"a":[1,2]}', decode(md5(i::text), 'hex'),
  timestamptz '2024-03-31 01:59:59+00' + i * interval '1 s', i / 3.0 FROM generate_series(1, 1000) i;
'''


def odd_database(server):
    if not server.psql("SELECT 1 FROM pg_database WHERE datname = 'odd'"):
        server.psql("CREATE DATABASE odd")
        server.psql(ODD, "odd")
    return "odd"


def go_round(program, server, database, target):
    folder = harness.temp_dir("b")
    report = program_report = program.good_backup(server, database, folder)
    path = report["unix_path"]
    equal(harness.sha256_of(path), report["sha256"], "the file's SHA-256")
    equal(os.path.getsize(path), report["bytes"], "bytes")
    equal(report["level"], "verified", "level")
    check(report["server_version"].startswith("17."), "server_version is " + report["server_version"])
    check(report["seconds"] >= 0 and report["tool_version"], "seconds and tool_version are told")
    equal(harness.partials_in(folder), [], "partial files")
    # The counts are the database's own.
    for table in report["tables"]:
        rows = int(server.psql('SELECT count(*) FROM ONLY "%s"."%s"' % (
            table["schema"].replace('"', '""'), table["name"].replace('"', '""')), database))
        equal(table["rows"], rows, "rows of " + table["name"])
    with open(path + ".manifest.json", encoding="utf-8") as f:
        manifest = json.load(f)
    equal(manifest["sha256"], report["sha256"], "the manifest's SHA-256")
    server.restore(path, target)
    equal(server.checksums(target), server.checksums(database), "the restored data")
    return program_report, folder


def test_sample_database(program):
    server = harness.shared_server()
    report, folder = go_round(program, server, harness.sample(server), "sample_back_" + program.kind)
    names = {t["name"] for t in report["tables"]}
    check({"equipment", "work_orders", "users", "audit_log", "mro_stock"} <= names, "the CMMS tables: %s" % names)
    check(sum(t["rows"] for t in report["tables"]) > 1000, "believable data")
    entries = harness.log_entries(folder)
    equal([e["status"] for e in entries], ["success"], "the log's entries")
    equal(entries[0]["backup_file"], os.path.basename(report["unix_path"]), "the log's file")
    equal(entries[0]["file_size"], report["bytes"], "the log's size")
    harness.no_secret(folder)


def test_odd_database(program):
    server = harness.shared_server()
    report, _ = go_round(program, server, odd_database(server), "odd_back_" + program.kind)
    rows = {t["name"]: t["rows"] for t in report["tables"]}
    equal(rows["Weird.Name, ünï 中"], 500, "rows of the oddly named table")
    equal(rows["no_columns"], 2, "rows of the table without columns")
    equal(rows["empty_table"], 0, "rows of the empty table")
    equal(rows["measured_2024"] + rows["measured_2025"], 701, "rows of the partitions")


def test_every_compression(program):
    server = harness.shared_server()
    for method in ("none", "gzip", "lz4", "zstd:1"):
        folder = harness.temp_dir("b")
        report = program.good_backup(server, odd_database(server), folder, ["--compress", method])
        done = program.run(["verify", "--json", "--folder", program.path(folder)])
        check(done.code == 0, "verify of %s: %s" % (method, done.out))
        target = "c_%s_%s" % (method.replace(":", ""), program.kind)
        server.restore(report["unix_path"], target)
        equal(server.checksums(target), server.checksums("odd"), "the data by " + method)


def test_compression_by_the_settings(program):
    """For whom an older pg_restore is to read the files; the switch goes before it."""
    server, folder = harness.shared_server(), harness.temp_dir("b")
    done = program.run(["config", "set", "compress_with=gzip", "--folder", program.path(folder)])
    equal(done.code, 0, "exit code: " + done.err)
    for switches, compress, method in (([], "true", "gzip"), (["--compress", "lz4"], "true", "lz4"),
                                       ([], "false", "none")):
        done = program.run(["config", "set", "compress=" + compress, "--folder", program.path(folder)])
        report = program.good_backup(server, odd_database(server), folder, switches)
        with open(report["unix_path"] + ".manifest.json") as f:
            manifest = json.load(f)
        needs = re.fullmatch(r"pg_restore 1[78] or newer(.*)", manifest["restore_with"])
        equal((manifest["compression"], needs and needs.group(1)), (method, ", with lz4" if method == "lz4" else ""),
              "the manifest with compress=%s and %s" % (compress, switches))


def test_writer_during_the_dump(program):
    """The counts are those of the dump's own snapshot, whatever is written meanwhile."""
    import subprocess
    server = harness.shared_server()
    if not server.psql("SELECT 1 FROM pg_database WHERE datname = 'busy'"):
        server.psql("CREATE DATABASE busy")
    server.psql("DROP TABLE IF EXISTS t; CREATE TABLE t (i int, x text); "
                "INSERT INTO t SELECT g, repeat(md5(g::text), 20) FROM generate_series(1, 60000) g", "busy")
    writer = subprocess.Popen(
        [harness.PG_BIN + "/psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c",
         "DO $$ BEGIN FOR n IN 1..100000 LOOP INSERT INTO t VALUES (-n, 'new'); DELETE FROM t WHERE ctid = "
         "(SELECT ctid FROM t LIMIT 1); COMMIT; END LOOP; END $$"],
        env={**harness.clean_env(), **server.env("busy")}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        harness.wait_for(lambda: int(server.psql("SELECT count(*) FROM t WHERE i < 0", "busy")) > 0, 30, "writing")
        folder = harness.temp_dir("b")
        report = program.good_backup(server, "busy", folder)
    finally:
        writer.kill()
        writer.wait()
    equal(harness.warnings_of(report), [], "warnings")
    with open(report["unix_path"] + ".manifest.json") as f:
        table = json.load(f)["tables"][0]
    equal(table["rows"], table["expected"], "rows in the archive against the snapshot's")


def test_list_and_verify(program):
    server = harness.shared_server()
    folder = harness.temp_dir("b")
    first = program.good_backup(server, odd_database(server), folder)
    second = program.good_backup(server, odd_database(server), folder)
    check(first["path"] != second["path"], "two backups have two names")
    with open(os.path.join(folder, "notes.txt"), "w") as f:
        f.write("not a backup")
    done = program.run(["list", "--json", "--folder", program.path(folder)])
    equal(done.code, 0, "exit code of list")
    listed = done.json()["backups"]
    equal([b["name"] for b in listed], [os.path.basename(second["unix_path"]), os.path.basename(first["unix_path"])],
          "the list, newest first")
    equal([b["level"] for b in listed], ["verified", "verified"], "levels")
    equal([b["age_days"] for b in listed], [0, 0], "ages")
    text = program.run(["list", "--folder", program.path(folder)])
    check("Verified" in text.out and listed[0]["name"] in text.out, "the list for people: " + text.out)
    done = program.run(["verify", "--json", "--all", "--folder", program.path(folder)])
    equal((done.code, [f["ok"] for f in done.json()["files"]]), (0, [True, True]), "verify --all")


def test_wrong_switches(program):
    done = program.run(["frobnicate"])
    equal(done.code, 2, "exit code of an unknown verb")
    done = program.run(["backup", "--no-such-switch"])
    equal(done.code, 2, "exit code of an unknown switch")
    check("--no-such-switch" in done.err and "--help" in done.err, "what is wrong: " + done.err)
    done = program.run(["--help"])
    equal(done.code, 0, "exit code of --help")
    for word in ("backup", "list", "verify", "doctor", "Exit codes"):
        check(word in done.out, word + " is in --help")
    done = program.run(["--version", "--verbose"])
    for word in ("libpq", "curl", "zlib", "zstd", "lz4", "cjson"):
        check(word in done.out.lower(), word + " is in --version --verbose: " + done.out)


def test_pg_environment(program):
    server = harness.shared_server()
    folder = harness.temp_dir("b")
    done = program.run(["backup", "--json", "--folder", program.path(folder)],
                       env=server.env(odd_database(server)))
    equal(done.code, 0, "exit code with PG* alone: " + done.err)
    url = "postgresql://postgres@127.0.0.1:%d/odd" % server.port
    done = program.run(["backup", "--json", "--folder", program.path(folder), "-d", url],
                       env={"PGPASSWORD": harness.PASSWORD})
    equal(done.code, 0, "exit code with a connection string: " + done.err)


def test_tls(program):
    server = harness.shared_server()
    folder = harness.temp_dir("b")
    env = server.env(odd_database(server), PGSSLMODE="verify-full", PGSSLROOTCERT=program.path(server.ca))
    done = program.run(["backup", "--json", "--folder", program.path(folder)], env=env)
    equal(done.code, 0, "exit code with verify-full: %s %s" % (done.out, done.err))
    other = harness.temp_dir("ca")
    wrong = harness.Server.__new__(harness.Server)
    wrong.folder = wrong.data = other
    try:
        wrong.make_certificates()
    except LookupError:
        pass
    env["PGSSLROOTCERT"] = program.path(wrong.ca)
    before = harness.backups_in(folder)
    done = program.run(["backup", "--json", "--folder", program.path(folder)], env=env)
    equal(done.code, 5, "exit code with another CA: " + done.out)
    check("certificate" in done.json()["error"]["message"], "the reason: " + done.out)
    equal(harness.backups_in(folder), before, "backups")



def test_password_file(program):
    """PGPASSFILE serves our own session, and pg_dump as well."""
    server = harness.shared_server()
    database = harness.sample(server)
    folder, file = harness.temp_dir("b"), os.path.join(harness.temp_dir("p"), "pgpass")
    with open(file, "w") as f:
        f.write("127.0.0.1:%d:*:postgres:%s\n" % (server.port, harness.PASSWORD))
    os.chmod(file, 0o600)
    env = {**server.env(database), "PGPASSFILE": program.path(file)}
    del env["PGPASSWORD"]
    done = program.run(["backup", "--json", "--folder", program.path(folder)], env=env)
    equal(done.code, 0, "exit code: " + done.out)
    harness.no_secret(folder, done.out, done.err)



def test_truncate_that_waits_for_the_dump(program):
    """A TRUNCATE queued behind pg_dump's locks must not come before our count of the same table."""
    server = harness.shared_server()
    server.psql("CREATE DATABASE queue")
    server.psql("CREATE TABLE a (i int); INSERT INTO a SELECT generate_series(1, 4000000);"
                "CREATE TABLE z (i int); INSERT INTO z SELECT generate_series(1, 1000)", "queue")
    folder = harness.temp_dir("b")
    process = program.start(["backup", "--json", "--folder", program.path(folder)], env=server.env("queue"))
    counting = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT count(*) FROM ONLY%' AND state = 'active'"
    try:
        harness.wait_for(lambda: process.poll() is not None or server.psql(counting), 60, "the counting")
        check(process.poll() is None, "the backup ended before it was counted")
        server.psql("TRUNCATE z", "queue")
    finally:
        out, err = process.communicate(timeout=120 * harness.SCALE)
    equal(process.returncode, 0, "exit code: " + out.decode(errors="replace"))
    rows = {t["name"]: t["rows"] for t in json.loads(out)["tables"]}
    equal(rows, {"a": 4000000, "z": 1000}, "rows")


# Names beyond a code page, the libraries that the Windows tools compress with, a file of passwords by a Windows path.
harness.main(__name__, wine=("test_sample_database", "test_odd_database", "test_every_compression",
                             "test_wrong_switches", "test_password_file"))
