"""Progress, as --progress-json tells it: never falls, names the tables, ends at 1 only when the backup is there."""
import json
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


harness.main(__name__, wine=("test_names_the_tables", "test_a_failure_never_reaches_the_end"))
