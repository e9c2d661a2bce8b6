"""Databases that are not UTF-8, with names beyond ASCII: backed up, listed, verified, proven and restored."""
import json
import os
import subprocess
import harness
from harness import check, equal, PASSWORD
from test_prove import Prover, switches

# Everything that has a name, and a table that is counted by each of them.
NAMES = """
CREATE SCHEMA "{0}";
CREATE TABLE "{0}"."{0}" ("{0}" text CONSTRAINT "{0}" CHECK ("{0}" <> ';'), n serial PRIMARY KEY);
INSERT INTO "{0}"."{0}" ("{0}") VALUES ('{0}'), ('x'), (NULL);
CREATE TABLE public."{0}" (a int, CONSTRAINT "{0} unchecked" CHECK (a > 0) NOT VALID) PARTITION BY HASH (a);
CREATE TABLE public."{0} 1" PARTITION OF public."{0}" FOR VALUES WITH (MODULUS 1, REMAINDER 0);
INSERT INTO public."{0}" VALUES (1), (2);
CREATE TYPE public."{0} type" AS ENUM ('{0}', 'b');
CREATE TABLE public."{0} by" (e public."{0} type") PARTITION BY HASH (e);
CREATE TABLE public."{0} by 1" PARTITION OF public."{0} by" FOR VALUES WITH (MODULUS 1, REMAINDER 0);
INSERT INTO public."{0} by" VALUES ('{0}'), ('b'), ('b');
CREATE INDEX "{0} index" ON "{0}"."{0}" ("{0}");
CREATE MATERIALIZED VIEW "{0}"."{0} view" AS SELECT "{0}" FROM "{0}"."{0}";
CREATE SEQUENCE "{0}"."{0} sequence";
SELECT nextval('"{0}"."{0} sequence"');
"""

def psql(server, sql, database, encoding):
    """Bytes to the server as they are."""
    done = subprocess.run([harness.PG_BIN + "/psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-"],
                          input=sql, env={**harness.clean_env(), **server.env(database), "PGCLIENTENCODING": encoding},
                          capture_output=True)
    check(done.returncode == 0, "psql: %r" % done.stderr)
    return done.stdout


def empty(server, name, encoding):
    server.psql('DROP DATABASE IF EXISTS "%s"' % name)
    server.psql("CREATE DATABASE \"%s\" TEMPLATE template0 ENCODING '%s' LC_COLLATE 'C' LC_CTYPE 'C'" %
                (name, encoding))


def make(server, name, encoding, word):
    empty(server, name, encoding)
    psql(server, NAMES.encode().replace(b"{0}", word), name, "SQL_ASCII")


def sums(server, database):
    """harness.checksums, for bytes of any kind."""
    tables = psql(server, b"SELECT format('%s FROM ONLY %I.%I', CASE relkind WHEN 'S' THEN 'last_value' ELSE '*' END, "
                  b"n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE relkind "
                  b"IN ('r', 'S', 'm') AND nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema' ORDER BY 1",
                  database, "SQL_ASCII").splitlines()
    return {t: psql(server, b"SELECT count(*), md5(string_agg(x::text, ',' ORDER BY x::text)) FROM (SELECT " + t +
                    b") AS x", database, "SQL_ASCII") for t in tables}


def is_utf8(piece):
    try:
        return len(piece.decode()) == 1
    except UnicodeDecodeError:
        return False


def shown(word):
    """What the program makes of a name that may be in any encoding (utf8_shown)."""
    out = ""
    while word:
        size = next((n for n in range(1, 5) if is_utf8(word[:n])), 0)
        out += word[:size].decode() * (2 if word[:size] == b"\xef\xbf\xbd" else 1) if size else "\ufffd%02X" % word[0]
        word = word[size or 1:]
    return out


def all_of_it(program, name, encoding, word, wanted, more=None, elsewhere=False, prove=True):
    """wanted: the name as it is to be told; more: a statement, in bytes; elsewhere: proven on the server itself."""
    server = harness.shared_server()
    folder = harness.temp_dir("b")
    make(server, name, encoding, word)
    if more:
        psql(server, more, name, "SQL_ASCII")
    before = sums(server, name)
    report = program.good_backup(server, name, folder)
    equal((report["level"], harness.warnings_of(report)), ("verified", []), "the backup")
    equal(sorted((t["schema"], t["name"], t["rows"]) for t in report["tables"]),
          sorted([(wanted, wanted, 3), ("public", wanted + " 1", 2), ("public", wanted + " by 1", 3)]), "the tables")
    listed = program.run(["list", "--json", "--folder", program.path(folder)]).json()["backups"]
    equal((listed[0]["level"], listed[0]["rows"]), ("verified", 8), "the list")
    done = program.run(["verify", "--json", "--folder", program.path(folder), "--all"])
    equal(done.code, 0, "verify: %s" % done.out)
    if prove:
        done = Prover(program).run(folder, *((switches(server), {"PGPASSWORD": PASSWORD}) if elsewhere else ()))
        equal((done.code, done.json().get("level"), done.json().get("tables"), done.json().get("rows")),
              (0, "proven", 3, 8), "the proof: %s %s" % (done.out, done.err))
    back = name + " back"
    empty(server, back, encoding)
    done = subprocess.run([harness.PG_BIN + "/pg_restore", "--exit-on-error", "-d", back, report["unix_path"]],
                          env={**harness.clean_env(), **server.env()}, capture_output=True)
    check(done.returncode == 0, "pg_restore: %r" % done.stderr)
    equal(sums(server, back), before, "what came back")
    for database in (name, back):
        server.psql('DROP DATABASE "%s"' % database)


def test_latin1(program):
    all_of_it(program, "latin1", "LATIN1", "Auftr\u00e4ge".encode("latin-1"), "Auftr\u00e4ge")


def test_win1252(program):
    all_of_it(program, "win1252", "WIN1252", "\u20ac Gr\u00f6\u00dfe".encode("cp1252"), "\u20ac Gr\u00f6\u00dfe",
              elsewhere=True)


def test_win1252_with_bytes_that_are_no_character(program):
    """In a name, which our own session meets, and in a row, which pg_dump meets."""
    all_of_it(program, "odd", "WIN1252", b"Gr\xf6\x81e", "Gr\ufffdF6\ufffd81e", elsewhere=True)
    all_of_it(program, "odd", "WIN1252", b"Gr\xf6\xdfe", "Gr\ufffdF6\ufffdDFe",
              b'UPDATE "Gr\xf6\xdfe"."Gr\xf6\xdfe" SET "Gr\xf6\xdfe" = \'\x81\' WHERE n = 2; '
              b'REFRESH MATERIALIZED VIEW "Gr\xf6\xdfe"."Gr\xf6\xdfe view"', prove=False)


def test_euc_jp(program):
    """With a character that has two codes, of which UTF-8 leaves only the other."""
    word = "\u8a2d\u5099".encode("euc_jp") + b"\xad\xf0"
    all_of_it(program, "euc_jp", "EUC_JP", word, shown(word))


def test_sql_ascii(program):
    word = b"Auftr\xe4ge \xef\xbf\xbd"
    all_of_it(program, "ascii", "SQL_ASCII", word, shown(word), elsewhere=True)
    all_of_it(program, "ascii", "SQL_ASCII", "Auftr\u00e4ge \ufffdE4".encode(), "Auftr\u00e4ge \ufffd\ufffdE4",
              prove=False)


def test_archives_of_others(program):
    """pg_dump as the predecessor called it keeps the database's encoding; by hand it may be any."""
    server = harness.shared_server()
    for name, encoding, word, dumped in (("latin1", "LATIN1", "Auftr\u00e4ge".encode("latin-1"), None),
                                         ("euc_jp", "EUC_JP", "\u8a2d\u5099\u8868".encode("euc_jp"), "SJIS")):
        prover = Prover(program)
        folder = harness.temp_dir("b")
        path = os.path.join(folder, "theirs.backup")
        make(server, name, encoding, word)
        more = ["--encoding=" + dumped] if dumped else []
        subprocess.run([harness.PG_BIN + "/pg_dump", "-Fc", "-f", path, name] + more, check=True,
                       env={**harness.clean_env(), **server.env(name)})
        done = program.run(["verify", "--json", "--folder", program.path(folder), "--all"])
        equal(done.code, 0, "%s: verify: %s" % (name, done.out))
        done = prover.run(folder)
        equal((done.code, done.json().get("level"), done.json().get("tables"), done.json().get("rows")),
              (0, "proven", 3, 8), "%s: proof: %s %s" % (name, done.out, done.err))
        with open(path + ".manifest.json", encoding="utf-8") as f:
            check(shown(word.decode("euc_jp").encode("sjis") if dumped else word) in
                  [t["name"] for t in json.load(f)["tables"]], "the manifest")
        server.psql('DROP DATABASE "%s"' % name)


# One that a code page of Windows has, and one that the engine must convert.
harness.main(__name__, wine=("test_win1252", "test_euc_jp"))
