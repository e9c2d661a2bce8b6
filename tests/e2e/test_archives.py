"""Archives of pg_dump in several files, a folder (-Fd) or a tar (-Ft), as others make them: restored like one of the
custom format, shown first, taken back; and each kind of damage named before anything is touched."""
import gzip
import os
import shutil
import subprocess
import harness
from harness import check, equal
from test_preview import ask, table, told
from test_prove import Prover
from test_restore import definitions

SHOP = """
CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL);
INSERT INTO users (name) SELECT 'user ' || i FROM generate_series(1, 17) i;
CREATE TABLE work_orders (id int PRIMARY KEY, what text, asker int REFERENCES users);
INSERT INTO work_orders SELECT i, CASE WHEN i % 7 = 0 THEN NULL ELSE E'pump\\t\\\\ line\\n' || i END, 1 + i % 17
  FROM generate_series(1, 3000) i;
CREATE TABLE empty (a int); CREATE VIEW late AS SELECT * FROM work_orders WHERE id > 100;
CREATE FUNCTION half(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 / 2';
CREATE INDEX halves ON work_orders (half(id));
SELECT lo_from_bytea(4711, 'a picture'); SELECT lo_from_bytea(4294967294, decode(repeat('00ff', 5000), 'hex'));
SELECT lo_create(4712); COMMENT ON LARGE OBJECT 4711 IS 'of the plant';
"""
FORMS = {"plain": ["-Fd", "-Z0"], "gzip": ["-Fd", "-Z", "gzip:6"], "lz4": ["-Fd", "-Z", "lz4"],
         "zstd": ["-Fd", "-Z", "zstd:3"], "parallel": ["-Fd", "-j2", "-Z", "zstd"], "inserts": ["-Fd", "--inserts"],
         "tar": ["-Ft"]}
TAR = "%s is no backup of this kind: it holds %s: \"%s\""


def shop(server, name):
    if not server.psql("SELECT 1 FROM pg_database WHERE datname = 'mall'"):
        server.psql("CREATE DATABASE mall")
        server.psql(SHOP, "mall")
    server.psql('CREATE DATABASE "%s" TEMPLATE mall' % name)
    return name


def dump(server, name, path, form):
    subprocess.run([harness.PG_BIN + "/pg_dump", *FORMS[form], "-f", path, "-d", name], check=True,
                   env={**harness.clean_env(), **server.env()})
    return path


def run(program, server, name, verb, *arguments, folder=None, data=None):
    """data: where the program makes its scratch folders."""
    folder = ["--folder", program.path(folder)] if folder else []
    data = {"CMMS_BACKUP_DATA": program.path(data)} if data else {}
    if verb == "restore":
        arguments = ("--no-safety-proof",) + arguments
    consent = ["--yes"] if verb in ("restore", "undo") else []
    return program.run([verb, "--json", *consent, *folder, "-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres",
                        "-d", name, *arguments], env={"PGPASSWORD": harness.PASSWORD, **data})


def scratch(data):
    return [n for n in os.listdir(data) if n.startswith("prove-")]


def databases(server, name):
    return server.psql("SELECT datname FROM pg_database WHERE datname LIKE '%s%%' ORDER BY 1" % name).split()


def test_into_another_database(program):
    """Each way to write them gives back what pg_dump took."""
    server, folder, data = harness.shared_server(), harness.temp_dir("r"), harness.temp_dir("d")
    name = shop(server, "forms")
    before = (server.checksums(name), definitions(server, name))
    forms = FORMS if program.kind == "native" or harness.THOROUGH else ("zstd", "tar")
    for form in forms:
        path = dump(server, name, os.path.join(folder, form), form)
        equal(program.run(["verify", "--json", program.path(path)], env={"CMMS_BACKUP_DATA": program.path(data)}).code,
              0, "verified: " + form)
        document = told(run(program, server, name, "restore", "--foreign", "--to", "forms_" + form, program.path(path),
                            folder=folder, data=data))
        equal((document["database"], document["large_objects"]), ("forms_" + form, 3), "what came back: " + form)
        harness.same_sums(server.checksums("forms_" + form), before[0], form)
        equal(definitions(server, "forms_" + form), before[1], "definitions: " + form)
        equal(scratch(data), [], "scratch folders")
        server.psql("DROP DATABASE forms_" + form)
    equal(databases(server, name), [name], "databases")


def test_there_and_back(program):
    """In the place of the live one, by the folder's table of contents or the folder itself, and undone."""
    server, folder = harness.shared_server(), harness.temp_dir("r")
    name = shop(server, "swapped")
    before = server.checksums(name)
    path = dump(server, name, os.path.join(folder, "of last week"), "gzip")
    server.psql("DELETE FROM work_orders WHERE id > 10", name)
    changed = server.checksums(name)
    for named in (os.path.join(path, "toc.dat"), path + "/"):
        document = told(run(program, server, name, "restore", "--foreign", program.path(named), folder=folder))
        harness.same_sums(server.checksums(name), before, "what was restored")
        entry = harness.log_entries(folder)[-1]
        equal((entry["operation"], entry["status"], entry["backup_file"]), ("restore", "success", "of last week"),
              "the log")
        check(document["safety_backup"], "a safety backup")
        told(run(program, server, name, "undo", folder=folder))
        harness.same_sums(server.checksums(name), changed, "what was undone")
    names = sorted(n for n in os.listdir(folder) if n.startswith("of last week"))
    equal(names, ["of last week"], "nothing is written beside it")


def test_shown_and_proven_first(program):
    """Without a word of trust: restored on this PC first, shown, and only then on the server."""
    server, folder, prover = harness.shared_server(), harness.temp_dir("r"), Prover(program)
    name = shop(server, "trusted")
    before = server.checksums(name)
    # Each is proven: under Wine that takes its time.
    forms = ("parallel", "tar") if program.kind == "native" or harness.THOROUGH else ("tar",)
    for form in forms:
        path = dump(server, name, os.path.join(folder, form), form)
        prover.own(folder)
        server.psql("DELETE FROM work_orders WHERE id > 2990", name)
        document = told(ask(program, server, name, program.path(path), prover=prover))
        equal((document["file"], document["foreign"], document["proven_first"], document["level"]),
              (form, True, True, "proven"), "what is known of it")
        orders = table(document, "work_orders")
        equal((orders["live"], orders["backup"]), (2990, 3000), "both sides")
        check("1 function: half(integer)" in document["acts"], "what acts: %r" % document["acts"])
        told(ask(program, server, name, "--yes", "--folder", program.path(folder), program.path(path), verb="restore",
                 prover=prover))
        harness.same_sums(server.checksums(name), before, form)
        prover.nothing_left()


def test_selected_tables(program):
    server, folder = harness.shared_server(), harness.temp_dir("r")
    name = shop(server, "looked")
    before = server.checksums(name)
    path = dump(server, name, os.path.join(folder, "dump.tar"), "tar")
    document = told(run(program, server, name, "restore", "--foreign", "--tables", "work_orders", "--to-schema",
                        "last_week", program.path(path), folder=folder))
    equal((document["schema"], document["rows"]), ("last_week", 3000), "what came back")
    equal(server.psql("SELECT count(*) FROM last_week.work_orders", name), "3000", "rows")
    server.psql("DROP SCHEMA last_week CASCADE", name)
    harness.same_sums(server.checksums(name), before, "what was there")


# --- damage ------------------------------------------------------------------------------------------------------


def file_of(path, size):
    """The data file with the most bytes ("most"), or the one of a large object ("blob_")."""
    names = [n for n in os.listdir(path) if n != "toc.dat"]
    if size != "most":
        return [n for n in names if n.startswith(size)][0]
    return max((n for n in names if n[0].isdigit()), key=lambda n: os.path.getsize(os.path.join(path, n)))


def change(path, function):
    with open(path, "rb") as f:
        content = bytearray(f.read())
    with open(path, "wb") as f:
        f.write(function(content) or content)


def flip(content):
    content[len(content) // 2] ^= 0x10


def members(content):
    """Where each member of a tar begins, by its name."""
    found, at = {}, 0
    while content[at]:
        found[bytes(content[at:at + 100]).rstrip(b"\0").decode()] = at
        size = int(bytes(content[at + 124:at + 135]), 8)
        at += 512 + (size + 511) // 512 * 512
    return found


def set_head(content, at, field, value):
    content[at + field:at + field + len(value)] = value
    content[at + 148:at + 156] = b" " * 8
    content[at + 148:at + 156] = b"%06o\0 " % sum(content[at:at + 512])


def head_of(name, field, value):
    return lambda content: set_head(content, members(content)[name], field, value)


def without(name):
    def take_out(content):
        at = members(content)[name]
        size = int(bytes(content[at + 124:at + 135]), 8)
        return content[:at] + content[at + 512 + (size + 511) // 512 * 512:]
    return take_out


def refused(program, server, name, path, data, code, words):
    """Refused by all that would touch something, in one sentence, and nothing was."""
    before = (server.checksums(name), databases(server, name))
    for verb, more in (("restore", ["--foreign", "--folder", program.path(data)]), ("preview", ["--foreign"])):
        done = run(program, server, name, verb, *more, program.path(path), data=data)
        message = done.json()["error"]["message"]
        check(done.code == code and (message == words or words.endswith("*") and message.startswith(words[:-1])),
              "%s of %s: %d %s\nwanted %d %s" % (verb, path, done.code, message, code, words))
        check("\n" not in message, "one line: " + message)
    equal((server.checksums(name), databases(server, name)), before, "what was there")
    equal(scratch(data), [], "scratch folders")


def test_damaged_folder(program):
    server, folder, data = harness.shared_server(), harness.temp_dir("r"), harness.temp_dir("d")
    name = shop(server, "broken")
    for form in ("gzip", "zstd"):
        good = dump(server, name, os.path.join(folder, form), form)
        path = os.path.join(folder, "dump")
        most, blob = file_of(good, "most"), file_of(good, "blob_4711.dat")
        lists = file_of(good, "blobs_")
        table_name = "the data of table public.work_orders"
        plain = lambda n: n.rsplit(".", 1)[0]
        in_dump = lambda n: os.path.join(path, n)
        cases = [
            (lambda: os.unlink(in_dump(most)), 7, "dump is damaged: the file %s is missing (%s)" % (plain(most),
                                                                                                    table_name)),
            (lambda: os.unlink(in_dump(blob)), 7,
             "dump is damaged: the file blob_4711.dat is missing (a large object)"),
            (lambda: os.unlink(in_dump(lists)), 7,
             "dump is damaged: the file %s is missing (the list of the large objects)" % lists),
            (lambda: change(in_dump(most), lambda c: c[:-40]), 7,
             "dump is damaged: the compressed data are cut off, in the file %s (%s)" % (most, table_name)),
            (lambda: change(in_dump(most), lambda c: c + b"x"), 7,
             "dump is damaged: something follows the end of the compressed data, in the file %s (%s)"
             % (most, table_name)),
            (lambda: change(in_dump("toc.dat"), lambda c: c[:len(c) // 2]), 7, "dump is damaged: toc.dat: *"),
            (lambda: change(in_dump("toc.dat"), lambda c: c[:6] + b"\x63" + c[7:]), 4,
             "dump could not be checked: toc.dat: the archive's version 1.99 is newer than this program can read "
             "(1.16)"),
            (lambda: change(in_dump(lists), lambda c: b"4711 ../../../../etc/passwd\n"), 7,
             "dump is damaged: line 1 of the file %s (the list of the large objects) is none" % lists),
        ]
        if form == "gzip": # which has a checksum of what is packed
            cases.append((lambda: change(in_dump(most), flip), 7, "dump is damaged: *"))
        if program.kind == "native":
            cases.append((lambda: (os.unlink(in_dump(most)), os.symlink("/etc/passwd", in_dump(most))), 11,
                          "dump is no backup of this kind: it holds a link, which pg_dump never makes: \"%s\"" % most))
        for spoil, code, words in cases:
            shutil.copytree(good, path)
            spoil()
            refused(program, server, name, path, data, code, words)
            shutil.rmtree(path)


def test_damaged_tar(program):
    server, folder, data = harness.shared_server(), harness.temp_dir("r"), harness.temp_dir("d")
    name = shop(server, "torn")
    good = dump(server, name, os.path.join(folder, "good.tar"), "tar")
    with open(good, "rb") as f:
        found = members(f.read())
    path = os.path.join(folder, "any name.backup") # known by its beginning
    rows = max((n for n in found if n[0].isdigit()),
               key=lambda n: min(a for a in [*found.values(), os.path.getsize(good)] if a > found[n]) - found[n])
    shown = os.path.basename(path)
    damaged = shown + " is damaged: "
    for spoil, code, words in (
            (lambda c: c[:len(c) // 2], 7, damaged + "the file ends too early at byte *"),
            (lambda c: c[:-1024], 7, damaged + "the file ends too early at byte *"),
            (lambda c: c + b"x", 7, damaged + "something follows the end at byte *"),
            (without(rows), 7, damaged + "the file %s is missing (the data of table public.work_orders)" % rows),
            (without("blob_4711.dat"), 7, damaged + "the file blob_4711.dat is missing (a large object)"),
            (head_of(rows, 124, b"77777777777 "), 7, damaged + "the file ends too early at byte *"),
            (head_of(rows, 124, b"\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff"), 7,
             damaged + "the file ends too early at byte *"),
            (head_of(rows, 156, b"2"), 11, TAR % (shown, "a link, which pg_dump never makes", rows)),
            (head_of(rows, 0, b"../../x\0\0\0"), 11, TAR % (shown, "a file of a name that pg_dump never gives",
                                                           "../../x")),
            (lambda c: c.__setitem__(found[rows] + 3, c[found[rows] + 3] ^ 1), 7,
             damaged + "there is something that is no head of a file, or whose checksum is wrong at byte *"),
            (lambda c: c.__setitem__(found["toc.dat"] + 512 + 6, 0x63), 4,
             shown + " could not be checked: toc.dat: the archive's version 1.99 is newer than this program can read "
             "(1.16)")):
        shutil.copy(good, path)
        change(path, spoil)
        refused(program, server, name, path, data, code, words)
    # Where nothing is packed, rows that are gone show by the mark that ends them.
    shutil.copy(good, path)
    at = found[rows]

    def shorter(content):
        size = int(bytes(content[at + 124:at + 135]), 8)
        blocks = lambda bytes_: (bytes_ + 511) // 512 * 512
        set_head(content, at, 124, b"%011o " % (size - 5))
        filled = content[at + 512:at + 512 + size - 5] + b"\0" * (blocks(size - 5) - (size - 5))
        return content[:at + 512] + filled + content[at + 512 + blocks(size):]
    change(path, shorter)
    refused(program, server, name, path, data, 7, damaged + "the rows are cut off: the mark that ends them is missing*")


def test_others_are_named(program):
    """What is no archive is called what it is, by the restore as well."""
    server, folder, data = harness.shared_server(), harness.temp_dir("r"), harness.temp_dir("d")
    name = shop(server, "others")
    good = dump(server, name, os.path.join(folder, "good"), "gzip")
    cluster = subprocess.run([harness.PG_BIN + "/pg_dumpall", "--roles-only"], capture_output=True, check=True,
                             env={**harness.clean_env(), **server.env()}).stdout
    script = subprocess.run([harness.PG_BIN + "/pg_dump", "-d", name], capture_output=True, check=True,
                            env={**harness.clean_env(), **server.env()}).stdout
    custom = subprocess.run([harness.PG_BIN + "/pg_dump", "-Fc", "-Z0", "-d", name], capture_output=True, check=True,
                            env={**harness.clean_env(), **server.env()}).stdout
    for at, content, words in (
            ("all.sql", cluster, "the file is a plain SQL script of pg_dumpall, with every database of a server"),
            ("one.sql", script, "the file is a plain SQL script, not an archive"),
            ("wide.sql", ("\ufeff" + script.decode()).encode("utf-16-le"),
             "the file is a plain SQL script in UTF-16, not an archive"),
            ("one.sql.gz", gzip.compress(script), "the file is packed with gzip"),
            ("one.dump.gz", gzip.compress(custom), "the file is packed with gzip"),
            ("shell.dump", ("\ufeff" + custom.decode("latin-1")).encode("utf-16-le"),
             "the file is an archive that was turned into UTF-16 text"),
            ("terminal.dump", custom.replace(b"\n", b"\r\n"),
             "the file is an archive whose line ends were changed on its way"),
            ("all/map.dat", b"16384 plant\n", None), ("all/toc.glo", custom[:100],
                                                      "it is a folder of pg_dumpall, which has every database of a "
                                                      "server"),
            ("packed/toc.dat.gz", gzip.compress(open(os.path.join(good, "toc.dat"), "rb").read()),
             "it is an archive in pg_dump's directory format, whose table of contents is packed"),
            ("nothing/readme.txt", b"x", "it is a folder"),
            ("elsewhere.dat", open(os.path.join(good, "toc.dat"), "rb").read(),
             "the file is the table of contents of an archive in pg_dump's directory format")):
        path = os.path.join(folder, at)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(content)
        named = os.path.join(folder, at.split("/")[0])
        if words:
            refused(program, server, name, named, data, 11,
                    "%s is no backup of this kind: %s" % (os.path.basename(named), words))


def test_killed_while_it_is_read(program):
    """What it had made of the rows does not wait for the next restore: any start of the program takes it away."""
    server, folder, data = harness.shared_server(), harness.temp_dir("r"), harness.temp_dir("d")
    name = shop(server, "killed")
    path = dump(server, name, os.path.join(folder, "dump"), "plain")
    rows = os.path.join(path, file_of(path, "most"))
    with open(rows, "rb") as f: # large enough to be met in the middle
        lines = f.read().split(b"\\.\n")[0]
    with open(rows, "wb") as f:
        for _ in range(150000000 // len(lines)):
            f.write(lines)
        f.write(b"\\.\n\n\n")
    env = {"CMMS_BACKUP_DATA": program.path(data)}
    process = program.start(["verify", program.path(path)], env=env)
    harness.wait_for(lambda: scratch(data), 60, "the scratch folder")
    check(process.poll() is None, "it was met at work")
    program.kill(process)
    check(scratch(data), "something is left")
    harness.wait_for(lambda: program.run(["list", "--folder", program.path(folder)], env=env) and not scratch(data), 60,
                     "the end of what was left")


harness.main(__name__, wine=("test_into_another_database", "test_there_and_back", "test_damaged_tar"))
