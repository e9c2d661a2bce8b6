"""Older and newer minors on both sides: tools, archives and servers that do not know each other's latest.

The mirror's own versions move, so the skew is played: an option that every server knows is renamed in the table of
contents of an archive, to one of the same length that only newer servers know, or that none does; and tools answer with
versions of the test's own."""
import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import harness
from harness import check, equal, numbers, PASSWORD
from test_prove import Prover, databases, make, manifest_of, switches

# The releases of 2026-11-12, as src/postgres/releases.c has them.
NOVEMBER = {14: 25, 15: 20, 16: 16, 17: 12, 18: 7}


def since_november(version):
    major, minor = numbers(version)
    return minor >= NOVEMBER.get(major, 0)


def archive(server, database, changes, name="by_hand.backup"):
    """What the distribution's pg_dump makes of it, with these texts of its table of contents replaced."""
    path = os.path.join(harness.temp_dir("b"), name)
    subprocess.run([harness.PG_BIN + "/pg_dump", "-Fc", "-Z1", "-f", path, database], check=True,
                   env={**harness.clean_env(), **server.env(database)})
    with open(path, "rb") as f:
        content = f.read()
    for old, new in changes:
        equal(len(old), len(new), "the length of what stands in for %s" % old)
        check(old in content, "%s is not in the archive" % old)
        content = content.replace(old, new)
    with open(path, "wb") as f:
        f.write(content)
    return path


def options_database(server):
    return make(server, "options", """
        CREATE TABLE t (a int PRIMARY KEY, b text DEFAULT 'ALTER TABLE t ALTER COLUMN a SET (n_distinct=7);', c int)
            WITH (fillfactor = 70, autovacuum_enabled = false);
        INSERT INTO t (a) SELECT generate_series(1, 100);
        ALTER TABLE t ALTER COLUMN a SET (n_distinct = 5);
        ALTER TABLE t ALTER COLUMN c SET (n_distinct = 7, n_distinct_inherited = 3);
        CREATE MATERIALIZED VIEW m AS SELECT a FROM t;
        ALTER MATERIALIZED VIEW m ALTER COLUMN a SET (n_distinct = 5);
        SELECT lo_from_bytea(4711, 'x')""")


MARKED = [(b"n_distinct=5", b"pg_attver=55")]
UNKNOWN = [(b"n_distinct=7", b"new_option=7"), (b"fillfactor='70'", b"newfactor1='70'")]


def test_mark_of_a_newer_minor(program):
    """pg_attver, which servers since November keep at each column and older pg_dumps write into the archive."""
    server = harness.shared_server()
    path = archive(server, options_database(server), MARKED)
    prover = Prover(program)
    done = prover.run(os.path.dirname(path), [program.path(path)])
    equal(done.code, 0, "exit code: %s %s" % (done.out, done.err))
    found = done.json()
    knows = since_november(found["server"].split()[1])
    equal((found["level"], found["rows"], found["large_objects"], found["not_provable"]), ("proven", 100, 1, []),
          "the proof")
    equal(found["left_out"], [] if knows else ["column option pg_attver"], "what %s does not know" % found["server"])
    prover.nothing_left()


def test_option_that_no_server_knows(program):
    """A later minor's next such thing: a warning with its name, and a proof; the file is never called damaged."""
    server = harness.shared_server()
    path = archive(server, options_database(server), UNKNOWN)
    with open(path, "rb") as f:
        before = hashlib.sha256(f.read()).hexdigest()
    prover = Prover(program)
    folder = os.path.dirname(path)
    expected = ["table option newfactor1", "column option new_option"]
    done = prover.run(folder, [program.path(path)])
    equal(done.code, 0, "exit code: %s %s" % (done.out, done.err))
    found = done.json()
    equal((found["level"], found["rows"], found["large_objects"], found["left_out"]), ("proven", 100, 1, expected),
          "the proof on the engine")
    # On a server that is named, and in words.
    names = databases(server)
    arguments = ["prove", "--folder", program.path(folder), program.path(path)] + switches(server)
    prover.own(folder)
    done = harness.finish(subprocess.Popen(prover.argv + arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                           env=program.env({**prover.env, "PGPASSWORD": PASSWORD}),
                                           stderr=subprocess.PIPE, cwd="/"))
    equal(done.code, 0, "exit code: %s %s" % (done.out, done.err))
    for kind, name in (("table", "newfactor1"), ("column", "new_option")):
        check("The server here does not know the %s option \"%s\": restored without it; the rows are whole" %
              (kind, name) in done.out, "the warning of %s: %s" % (name, done.out))
    check("is proven" in done.out, done.out)
    equal(databases(server), names, "databases")
    prover.nothing_left()
    with open(path, "rb") as f:
        equal(hashlib.sha256(f.read()).hexdigest(), before, "the file itself")
    equal(manifest_of(path)["level"], "proven", "the manifest's level")
    equal([(e["operation"], e["status"]) for e in harness.log_entries(folder)],
          [("verify", "success"), ("prove", "success"), ("verify", "verified"), ("prove", "success")], "the log")


def test_option_of_an_index(program):
    """Options of indexes are not left out: the backup cannot be proven there, and nothing speaks against it."""
    if program.kind == "wine":
        raise harness.Skip("the same core; test_option_that_no_server_knows has the Windows engine's own words")
    server = harness.shared_server()
    database = make(server, "indexed", "CREATE TABLE t (a int); INSERT INTO t VALUES (1); "
                                       "CREATE INDEX i ON t (a) WITH (fillfactor = 71)")
    path = archive(server, database, [(b"fillfactor='71'", b"newfactor1='71'")])
    prover = Prover(program)
    done = prover.run(os.path.dirname(path), [program.path(path)])
    equal(done.code, 4, "exit code: %s %s" % (done.out, done.err))
    found = done.json()
    equal((found["proven"], found["level"], found["not_provable"]),
          (False, "read", ["the server here does not know the option newfactor1"]), "the outcome")
    prover.nothing_left()


def test_archive_of_a_newer_minor(program):
    """The engine takes what a newer minor of its major writes; that of a newer major it names."""
    server = harness.shared_server()
    version = server.psql("SELECT current_setting('server_version')").encode()
    major, minor = numbers(version.decode())
    prover = Prover(program)
    newer = b"%d.%d" % (major, 99 if minor > 9 else 9)
    path = archive(server, options_database(server), [(b"%d.%d" % (major, minor), newer)])
    done = prover.run(os.path.dirname(path), [program.path(path)])
    equal((done.code, done.json().get("level")), (0, "proven"), "a newer minor: %s" % done.out)
    equal(manifest_of(path)["server_version"].split()[0], newer.decode(), "the manifest")
    newer = b"99" + newer[2:]
    path = archive(server, "options", [(version, newer + version[len(newer):])])
    with open(path, "rb") as f:
        content = f.read()
    # The second of the two is pg_dump's own: that one is as it was, else no pg_restore would do.
    first, second = content.index(newer), content.rindex(newer)
    check(first < second, "server and tool are told")
    with open(path, "wb") as f:
        f.write(content[:second] + version[:2] + content[second + 2:])
    done = prover.run(os.path.dirname(path), [program.path(path)])
    found = done.json()
    equal((done.code, found["level"], found["not_provable"]),
          (4, "read", ["the backup is of PostgreSQL 99, and the server here is %s" % found["server"][11:]]),
          "a newer major")


def fake(program):
    """The file of fake_tool, and how programs end."""
    base = harness.NATIVE if program.kind == "native" else os.path.join(harness.TOP, "build/mingw")
    end = ".exe" if program.kind == "wine" else ""
    return os.path.join(base, "fakes", "fake_tool" + end), end


def fake_tools(program):
    tools = harness.temp_dir("tools")
    source, end = fake(program)
    for name in ("pg_dump", "pg_restore"):
        shutil.copy(source, os.path.join(tools, name + end))
    return tools


def scripts(version):
    """The distribution's tools, which say that they are of another release."""
    tools = harness.temp_dir("tools")
    for name in ("pg_dump", "pg_restore"):
        with open(os.path.join(tools, name), "w") as f:
            f.write("#!/bin/sh\n[ \"$1\" != --version ] || { echo '%s (PostgreSQL) %s'; exit; }\nexec %s/%s \"$@\"\n" %
                    (name, version, harness.PG_BIN, name))
        os.chmod(os.path.join(tools, name), 0o755)
    return tools


def test_tools_of_other_minors(program):
    """At least the server's minor where there is one, of which the first; else it is said, in the manifest too."""
    if program.kind == "wine":
        raise harness.Skip("scripts are no Windows programs")
    server = harness.shared_server()
    database = harness.sample(server)
    major, minor = numbers(server.psql("SELECT current_setting('server_version')"))
    older, same, newer, other = (scripts("%d.%d" % (major, m)) for m in (minor - 1, minor, minor + 1, 0))
    words = "pg_dump %d.%d is older than the server, PostgreSQL %d.%d: update CMMS Backup" % (major, minor - 1, major,
                                                                                             minor)
    for tools, chosen, warnings in (([older], older, [words]), ([other, older], older, [words]),
                                    ([older, same], same, []), ([older, newer, same], newer, [])):
        folder = harness.temp_dir("b")
        done = program.run(["backup", "--folder", folder], env={**server.env(database),
                                                                "CMMS_BACKUP_TOOLS": ":".join(tools)})
        equal(done.code, 0, "exit code: %s %s" % (done.out, done.err))
        check("made for PostgreSQL %d: %s/pg_dump" % (major, chosen) in done.out, "the one chosen: " + done.out)
        path = os.path.join(folder, harness.backups_in(folder)[0])
        equal(manifest_of(path)["warnings"], warnings, "the manifest's warnings")
        check((words in done.out) == bool(warnings), "the log: " + done.out)


def test_refused_before_the_dump(program):
    """A pg_dump whose archives we might not be able to read is not started at all."""
    server = harness.shared_server()
    folder = harness.temp_dir("b")
    done = program.run(["backup", "--json", "--folder", program.path(folder)],
                       env={**server.env(harness.sample(server)), "FAKE_TOOL_VERSION": "19.1",
                            "CMMS_BACKUP_TOOLS": program.path(fake_tools(program))})
    equal((done.code, done.json()["error"]["message"]),
          (4, "pg_dump 19.1 may write archives that are newer than this program can check (PostgreSQL 18's)"),
          "the refusal: %s" % done.out)
    equal((harness.backups_in(folder), harness.partials_in(folder)), ([], []), "what is in the folder")
    equal([e["status"] for e in harness.log_entries(folder)], ["failed"], "the log")


def test_old_tools_are_named(program):
    tools = fake_tools(program)
    _, end = fake(program)
    env = {"CMMS_BACKUP_TOOLS": program.path(tools)}
    for version, what in (("17.11", "lacks the security repairs of November 2026 (17.12)"),
                          ("18.6", "lacks the security repairs of November 2026 (18.7)"),
                          ("12.1", "is of a PostgreSQL that gets no security repairs any more"),
                          ("17.12", None)):
        env["FAKE_TOOL_VERSION"] = version
        lines = ["%s %s%s: %s" % (name, version, " " + what if what else "",
                                  program.path(os.path.join(tools, name + end))) for name in ("pg_dump", "pg_restore")]
        done = program.run(["--version", "--verbose"], env=env)
        shown = [line for line in done.out.splitlines() if line.startswith(("pg_dump ", "pg_restore "))]
        equal((done.code, shown), (0, lines), "--version --verbose")
        done = program.run(["doctor", "--json", "--folder", program.path(harness.temp_dir("b"))],
                           env={**harness.shared_server().env(), **env})
        found = [c for c in done.json()["checks"] if c["name"] == "tools"][0]
        message = "Found pg_dump %s, pg_restore %s" % (version, version)
        message += "; release %s %s: %s" % (version, what, program.path(tools)) if what else ""
        equal((found["state"], found["message"], found["hint"]),
              ("warning", message, "Update CMMS Backup.") if what else ("good", message, None), "the doctor")


@contextlib.contextmanager
def native_standby():
    """A standby that never hears of its primary, of the distribution's server."""
    primary = harness.Server(settings=["wal_level = replica", "hot_standby = on"])
    try:
        primary.psql("CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 10)")
        primary.stop("fast")
        with open(os.path.join(primary.data, "standby.signal"), "w"):
            pass
        primary.start()
        yield primary
    finally:
        primary.stop()


@contextlib.contextmanager
def engine_standby(program):
    from test_engine import WindowsServer
    server = WindowsServer(program, os.path.join(harness.PRODUCT, "engine", "bin"), "standby")
    try:
        server.psql("CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 10)")
        server.stop()
        with open(os.path.join(server.folder, "data", "standby.signal"), "w"):
            pass
        server.wine("pg_ctl.exe", "-D", server.at("data"), "-l", server.at("log"), "-w", "-o",
                    "-h 127.0.0.1 -p %d" % server.port, "start")
        yield server
    finally:
        server.stop()


def test_standby(program):
    """Before November what a standby exports can be wrong: it is not asked, and the backup is not called Verified."""
    with native_standby() if program.kind == "native" else engine_standby(program) as server:
        equal(server.psql("SELECT pg_is_in_recovery()"), "t", "it is a standby")
        version = server.psql("SELECT current_setting('server_version')")
        folder = harness.temp_dir("b")
        report = program.good_backup(server, "postgres", folder)
        major, minor = numbers(version)
        words = ("The rows on the server cannot be counted for comparison: it is a standby of PostgreSQL %d.%d, and "
                 "what it would export to compare with can be wrong before %d.%d" %
                 (major, minor, major, NOVEMBER.get(major, 0)))
        mended = since_november(version)
        equal(harness.warnings_of(report), [] if mended else [words], "warnings")
        equal([t.get("expected") for t in manifest_of(report["unix_path"])["tables"]], [10 if mended else None],
              "what was counted on the server")


# The Windows engine's own words for what it does not know.
harness.main(__name__, wine=("test_option_that_no_server_knows", "test_archive_of_a_newer_minor"))
