"""Progress, as --progress-json tells it: never falls, names the tables, ends at 1 only when the backup is there."""
import json
import os
import harness
from harness import check, equal


def progress_of(done):
    lines = [json.loads(line) for line in done.err.splitlines() if line.startswith("{")]
    check(lines, "there are lines: %s" % done.err[-500:])
    return lines


def never_falls(lines):
    fractions = [line["fraction"] for line in lines]
    check(all(a <= b for a, b in zip(fractions, fractions[1:])), "it falls: %s" % fractions)
    equal(fractions[-1], 1, "the last")
    equal([line["step"] for line in lines if line["fraction"] >= 1], ["Done"], "what is told at 1")


def test_names_the_tables(program):
    server = harness.shared_server()
    database = harness.sample(server)
    done = program.backup(server, database, harness.temp_dir("b"), ["--progress-json"])
    equal(done.code, 0, "exit code: %s %s" % (done.out, done.err))
    lines = progress_of(done)
    never_falls(lines)
    saved = {line["step"][len("Saving "):] for line in lines if line["step"].startswith("Saving ")}
    tables = set(server.psql("SELECT relname FROM pg_class WHERE relkind = 'r'"
                             " AND relnamespace = 'public'::regnamespace", database).split())
    equal(tables - saved, set(), "tables that were not named")
    equal(json.loads(done.out)["level"], "verified", "the document is still one")


def test_a_failure_never_reaches_the_end(program):
    server = harness.shared_server()
    done = program.backup(server, "no such database", harness.temp_dir("b"), ["--progress-json"])
    equal(done.code, 6, "exit code")
    check(all(line["fraction"] < 1 for line in progress_of(done)), done.err[-500:])


def test_inside_one_table(program):
    """A large table is not one step: the server's own word on its COPY moves the fraction while nothing is finished.
    The file cannot say it: the rows compress to almost nothing."""
    server = harness.shared_server()
    server.psql("CREATE DATABASE wide")
    try:
        server.psql("CREATE TABLE first (a int); INSERT INTO first VALUES (1);"
                    "CREATE TABLE wide (a int, b text) WITH (autovacuum_enabled = off);"
                    "ALTER TABLE wide ALTER b SET STORAGE PLAIN;"
                    "INSERT INTO wide SELECT i, repeat('x', 900) FROM generate_series(1, 250000) i; ANALYZE wide",
                    "wide")
        done = program.backup(server, "wide", harness.temp_dir("b"), ["--progress-json", "--compress", "gzip:9"])
        equal(done.code, 0, "exit code: %s %s" % (done.out, done.err))
        lines = progress_of(done)
        never_falls(lines)
        inside = sorted({line["fraction"] for line in lines if line["step"] == "Saving wide"})
        check(len(inside) >= 3, "it moves: %s" % inside)
        # By the file alone (25 times smaller than the usual ratio says) it would not leave the first tenth.
        check(inside[-1] > 0.3, "it goes by the server's word: %s" % inside)
        equal(harness.warnings_of(json.loads(done.out)), [], "warnings")
    finally:
        server.psql("DROP DATABASE wide")


def test_a_restore(program):
    """Inside a large table and inside an index, by the server's word on them; the words name what is at work."""
    server, folder = harness.shared_server(), harness.temp_dir("b")
    server.psql("CREATE DATABASE long")
    try:
        # An index takes three tenths of a second for each of ten blocks, in the new database alone.
        server.psql("CREATE TABLE wide (a int, b text) WITH (autovacuum_enabled = off);"
                    "ALTER TABLE wide ALTER b SET STORAGE PLAIN;"
                    "INSERT INTO wide SELECT i, repeat('x', 900) FROM generate_series(1, 250000) i;"
                    "CREATE FUNCTION slow(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN "
                    "IF current_database() = 'long_copy' THEN PERFORM pg_catalog.pg_sleep(0.1); END IF; "
                    "RETURN $1; END $$; CREATE TABLE slowly (a int PRIMARY KEY, b text);"
                    "ALTER TABLE slowly ALTER b SET STORAGE PLAIN;"
                    "INSERT INTO slowly SELECT i, repeat('y', 2500) FROM generate_series(1, 30) i;"
                    "CREATE INDEX by_slow ON slowly (slow(a));"
                    "ALTER TABLE slowly ADD CONSTRAINT of_itself FOREIGN KEY (a) REFERENCES slowly", "long")
        path = program.path(program.good_backup(server, "long", folder)["unix_path"])
        for sessions in (1, 2):
            with open(os.path.join(folder, "backup_config.json"), "w") as f:
                json.dump({"restore_sessions": sessions}, f)
            done = program.run(["restore", "--json", "--yes", "--progress-json", "--folder", program.path(folder), "-h",
                                "127.0.0.1", "-p", str(server.port), "-U", "postgres", "-d", "long", "--to",
                                "long_copy", path], {"PGPASSWORD": harness.PASSWORD})
            equal(done.code, 0, "exit code: %s %s" % (done.out, done.err))
            lines = progress_of(done)
            never_falls(lines)
            for step in ("Restoring wide", "Building the index by_slow"):
                inside = sorted({line["fraction"] for line in lines if line["step"] == step})
                check(len(inside) >= 3, "%d sessions: %s moves: %s" % (sessions, step, inside))
            table = [line["fraction"] for line in lines if "wide" in line["step"]]
            check(max(table) - min(table) > 0.2, "%d sessions: by the bytes of the table: %s" % (sessions, table))
            check([line for line in lines if line["step"] == "Restoring wide" and line["bytes_per_second"] > 0],
                  "%d sessions: a rate" % sessions)
            equal([line["step"] for line in lines if 0.99 <= line["fraction"] < 1 and not line["step"]], [], "words")
            check([line for line in lines if line["step"] == "Reading the backup again"], "what it does at the end")
            server.psql("DROP DATABASE long_copy")
    finally:
        server.psql("DROP DATABASE long")


harness.main(__name__, wine=("test_names_the_tables", "test_a_failure_never_reaches_the_end"))
