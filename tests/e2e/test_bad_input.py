"""Whatever is wrong: one clear sentence with a remedy, a non-zero exit, a log entry, no *.backup, no secret."""
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
import harness
from harness import check, equal, finish, PASSWORD
from promises import left_over
from test_kill import tools_of


NOT_WHOLE = "no backup was made, because what pg_dump wrote is not whole"
AGAIN = "Try again. If it fails again, show this to your IT administrator."


def refused(program, done, folder, code, words, logged=True):
    equal(done.code, code, "exit code (%s)" % (done.out + done.err)[:600])
    error = done.json()["error"]
    equal(error["exit_code"], code, "exit_code")
    for word in words:
        check(word in error["message"] + " " + (error["detail"] or "") + " " + (error["hint"] or ""),
              "%r is in %s" % (word, error))
    check("\n" not in error["message"] and len(error["message"]) < 250, "one sentence: " + error["message"])
    check(error["hint"], "a remedy: %s" % error)
    if folder and os.path.isdir(folder):
        equal(harness.backups_in(folder), [], "backups")
        equal(harness.partials_in(folder), [], "partial files")
        harness.no_secret(folder, done.out, done.err)
        if logged:
            entries = harness.log_entries(folder)
            equal((entries[-1]["operation"], entries[-1]["status"]), ("backup", "failed"), "the log's last entry")
            check(error["message"] in entries[-1]["message"], "the log says why: %s" % entries[-1])
    # For people, the same sentence on stderr.


def run(program, folder, arguments=(), env=None):
    return program.run(["backup", "--json", "--folder", program.path(folder)] + list(arguments), env=env)


def test_no_tool(program):
    server = harness.shared_server()
    folder, empty = harness.temp_dir("b"), harness.temp_dir("none")
    done = run(program, folder, env={**server.env(), "CMMS_BACKUP_TOOLS": program.path(empty)})
    refused(program, done, folder, 4, ["no pg_dump was found"])


def test_tool_that_will_not_start(program):
    server = harness.shared_server()
    folder, tools = harness.temp_dir("b"), harness.temp_dir("tools")
    if program.kind == "wine":
        # The real tools without one of their DLLs.
        for name in os.listdir(os.path.join(harness.PRODUCT, "tools/18")):
            if name.lower() != "libpq.dll":
                shutil.copy(os.path.join(harness.PRODUCT, "tools/18", name), tools)
        words = ["pg_dump", "LIBPQ.dll"]
    else:
        for name in ("pg_dump", "pg_restore"):
            with open(os.path.join(tools, name), "w") as f:
                f.write("#!/nonexistent/interpreter\n")
            os.chmod(os.path.join(tools, name), 0o755)
        words = ["pg_dump"]
    done = run(program, folder, env={**server.env(), "CMMS_BACKUP_TOOLS": program.path(tools)})
    refused(program, done, folder, 4, words)


def test_wrong_password(program):
    server = harness.shared_server()
    folder = harness.temp_dir("b")
    done = run(program, folder, env={**server.env(), "PGPASSWORD": "wrong pass'word"})
    refused(program, done, folder, 6, ["refused the password", "postgres"])
    check("wrong pass" not in done.out + done.err, "the wrong password is a secret too")


def test_unknown_user(program):
    server = harness.shared_server()
    folder = harness.temp_dir("b")
    done = run(program, folder, env={**server.env(), "PGUSER": "nobody's"})
    refused(program, done, folder, 6, ["nobody's"])


def test_nothing_configured(program):
    """Not "nothing answers at localhost", and no talk of variables: what to enter."""
    folder = harness.temp_dir("b")
    done = run(program, folder)
    refused(program, done, folder, 3, ["no database is configured yet", "postgresql://user:password@host/database"])
    check("PGHOST" not in done.out, done.out)


def test_unknown_host(program):
    folder = harness.temp_dir("b")
    done = run(program, folder, ["-h", "no-such-host.invalid", "-U", "x", "-d", "x", "-w"],
               env={"PGCONNECT_TIMEOUT": "3"})
    refused(program, done, folder, 5, ["no-such-host.invalid"])


def test_password_in_the_wrong_place(program):
    """A connection string where a host, a port or nothing should stand: no word of it is told or logged. (P7)"""
    string = "postgresql://ann:hunter2@127.0.0.1:1/cmms"
    for arguments, env, code in ((["-h", string], {}, 3), ([], {"PGHOST": string}, 3),
                                 (["-h", "ann:hunter2@db"], {}, 3), (["-h", "127.0.0.1", "-p", "ann:hunter2"], {}, 3),
                                 (["-d", string + "?hunter2"], {}, 2), (["-d", "host=h password=x hunter2"], {}, 2),
                                 (["-h", "h;username=u;password=hunter2;database=d"], {}, 3),
                                 (["-d", "host=h;username=u;password=x;hunter2;database=d"], {}, 2),
                                 (["-d", "user=u;password=x;hunter2;host=h"], {}, 2),
                                 (["-U", string], {}, 3), ([], {"PGDATABASE": string}, 3),
                                 ([], {"PGUSER": "user=u password=hunter2"}, 3), ([string], {}, 2),
                                 (["psql", string], {}, 2), (["--" + string], {}, 2), (["--compress", string], {}, 2),
                                 (["-d", "mysql -h h -u u -phunter2"], {}, 2)):
        folder = harness.temp_dir("b")
        for verb in ("backup", "doctor"):
            done = program.run([verb, "--json", "--folder", program.path(folder)] + arguments, env=env)
            equal(done.code, code, "exit code of %s %s: %s" % (verb, arguments, done.out))
            check("hunter2" not in done.out + done.err, "%s tells it: %s%s" % (verb, done.out, done.err))
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), "rb") as f:
                check(b"hunter2" not in f.read(), "%s holds it (%s)" % (name, arguments))


def test_pasted_strings(program):
    """Each leads to the server that it names, and there to its refusal of the wrong password."""
    server, folder = harness.shared_server(), harness.temp_dir("b")
    where = {"h": "127.0.0.1", "p": server.port}
    for form in ("host=%(h)s;port=%(p)d;username=postgres;password=hunter2;database=cmms",
                 "Server=%(h)s;Port=%(p)d;User Id=postgres;Password=hunter2;Database=cmms;SSL Mode=Prefer",
                 "PGPASSWORD=hunter2 psql -h %(h)s -p %(p)d -U postgres -d cmms",
                 "PGHOST='%(h)s'\nPGPORT=%(p)d\nPGUSER='postgres'\nPGPASSWORD='hunter2'\nPGDATABASE='cmms'",
                 "postgresql://postgres:hunter2@%(h)s:%(p)d/cmms?schema=public&amp;pgbouncer=true&amp;supa=x"):
        done = program.run(["backup", "--json", "--folder", program.path(folder), "-d", form % where])
        equal(done.code, 6, "exit code of %s: %s" % (form, done.out))
        check('refused the password of user \\"postgres\\"' in done.out, "the words: %s" % done.out)
        check("hunter2" not in done.out + done.err, "it tells it: %s%s" % (done.out, done.err))


def test_password_in_the_arguments(program):
    """It is taken with a warning, and once it was read nobody finds it in the list of processes."""
    folder = harness.temp_dir("b")
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(60 * harness.SCALE)
    form = "postgresql://ann:hunter2@127.0.0.1:%d/cmms" % listener.getsockname()[1]
    process = subprocess.Popen(program.argv + ["backup", "--folder", program.path(folder), "-d", form],
                               env=program.env(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    try:
        peer, _ = listener.accept()  # it has read its arguments, and connects
        if program.kind == "native":
            with open("/proc/%d/cmdline" % process.pid, "rb") as f:
                check(b"hunter2" not in f.read(), "the arguments")
        peer.close()
        listener.close()
    finally:
        out, err = process.communicate(timeout=120 * harness.SCALE)
    text = (out + err).decode("utf-8", "replace")
    equal(process.returncode, 5, "exit code: %s" % text)
    equal(text.count("A password on the command line can be seen by others"), 1, "the warning: %s" % text)
    check("hunter2" not in text, "it tells it: %s" % text)


def test_closed_port(program):
    folder = harness.temp_dir("b")
    with harness.closed_port() as port:
        done = run(program, folder, ["-h", "127.0.0.1", "-p", str(port), "-U", "x", "-d", "x", "-w"])
    refused(program, done, folder, 5, [str(port)])


def test_not_postgresql(program):
    """Something that accepts the connection and talks nonsense."""
    folder = harness.temp_dir("b")
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def serve():
        listener.settimeout(0.2)
        while not stop.is_set():
            try:
                peer, _ = listener.accept()
            except OSError:
                continue
            with peer:
                peer.recv(1024)
                peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    thread = threading.Thread(target=serve)
    thread.start()
    try:
        port = str(listener.getsockname()[1])
        done = run(program, folder, ["-h", "127.0.0.1", "-p", port, "-U", "x", "-d", "x", "-w"])
    finally:
        stop.set()
        thread.join()
        listener.close()
    refused(program, done, folder, 5, ["127.0.0.1"])


def test_unknown_database(program):
    server = harness.shared_server()
    folder = harness.temp_dir("b")
    done = run(program, folder, env=server.env("no such db"))
    refused(program, done, folder, 6, ["no such db"])


def test_server_newer_than_every_tool(program):
    server = harness.shared_server()
    folder, tools = harness.temp_dir("b"), harness.temp_dir("tools")
    if program.kind == "wine":
        # A real Windows program that answers like an old pg_dump.
        fake = os.path.join(harness.TOP, "build/mingw/fakes/fake_tool.exe")
        shutil.copy(fake, os.path.join(tools, "pg_dump.exe"))
        shutil.copy(fake, os.path.join(tools, "pg_restore.exe"))
    else:
        fake = os.path.join(harness.NATIVE, "fakes/fake_tool")
        shutil.copy(fake, os.path.join(tools, "pg_dump"))
        shutil.copy(fake, os.path.join(tools, "pg_restore"))
    done = run(program, folder, env={**server.env(), "CMMS_BACKUP_TOOLS": program.path(tools),
                                     "FAKE_TOOL_VERSION": "12.1"})
    refused(program, done, folder, 4, ["17", "12.1"])


def test_lying_tools(program):
    """Tools that exit with 0 and wrote too little, flood, write bad bytes, or fail: never a backup. (P1, P3)"""
    server = harness.shared_server()
    database = harness.sample(server)
    modes = {"empty": 7, "garbage": 7, "fail": 4, "flood-fail": 4, "bad-bytes-fail": 4, "short": 7}
    for mode, code in modes.items():
        folder, tools = harness.temp_dir("b"), harness.temp_dir("tools")
        source = os.path.join(harness.NATIVE if program.kind == "native" else
                              os.path.join(harness.TOP, "build/mingw"), "fakes", "fake_tool")
        end = ".exe" if program.kind == "wine" else ""
        for tool in ("pg_dump", "pg_restore"):
            shutil.copy(source + end, os.path.join(tools, tool + end))
        env = {**server.env(database), "CMMS_BACKUP_TOOLS": program.path(tools), "FAKE_TOOL_VERSION": "17.5",
               "FAKE_TOOL_MODE": mode, "FAKE_TOOL_FLOOD": "64" if program.kind == "native" else "4"}
        if mode == "short":
            # A whole archive, cut: what a tool that lies about success would leave.
            good = program.good_backup(server, database, harness.temp_dir("g"))
            with open(good["unix_path"], "rb") as f:
                content = f.read()
            cut = os.path.join(tools, "cut")
            with open(cut, "wb") as f:
                f.write(content[:len(content) * 2 // 3])
            env["FAKE_TOOL_FILE"] = program.path(cut)
        done = run(program, folder, env=env)
        refused(program, done, folder, code, [NOT_WHOLE, AGAIN] if code == 7 else [])


def lying_dump(program, archive):
    """A pg_dump that writes this archive whatever it is asked for, beside the real pg_restore."""
    tools = harness.temp_dir("tools")
    if program.kind == "native":
        shutil.copy(os.path.join(harness.PG_BIN, "pg_restore"), tools)
        shutil.copy(os.path.join(harness.NATIVE, "fakes/fake_tool"), os.path.join(tools, "pg_dump"))
    else:
        real = os.path.join(harness.PRODUCT, "tools/18")
        for name in os.listdir(real):
            shutil.copy(os.path.join(real, name), tools)
        shutil.copy(os.path.join(harness.TOP, "build/mingw/fakes/fake_tool.exe"), os.path.join(tools, "pg_dump.exe"))
    os.chmod(tools, 0o755)
    return {"CMMS_BACKUP_TOOLS": program.path(tools), "FAKE_TOOL_VERSION": "17.5", "FAKE_TOOL_MODE": "short",
            "FAKE_TOOL_FILE": program.path(archive)}


def test_archive_of_another_moment(program):
    """A whole archive, good in itself, that does not hold the rows that the database holds now: no backup. (P1)"""
    server = harness.shared_server()
    server.psql("CREATE DATABASE moved")
    server.psql("CREATE TABLE t (i int); INSERT INTO t VALUES (1), (2); CREATE TABLE late (i int)", "moved")
    good = program.good_backup(server, "moved", harness.temp_dir("g"))
    server.psql("INSERT INTO t VALUES (3)", "moved")
    folder = harness.temp_dir("b")
    env = {**server.env("moved"), **lying_dump(program, good["unix_path"])}
    done = run(program, folder, env=env)
    refused(program, done, folder, 7, [NOT_WHOLE, "2 rows of t", "held 3", AGAIN])


def test_archive_cut_in_its_data(program):
    """A table of contents that pg_restore lists happily, and data that stops: only the full decode finds it. (P1)"""
    server = harness.shared_server()
    database = harness.sample(server)
    good = program.good_backup(server, database, harness.temp_dir("g"))
    with open(good["unix_path"], "rb") as f:
        content = f.read()
    cut = os.path.join(harness.temp_dir("cut"), "cut")
    with open(cut, "wb") as f:
        f.write(content[:len(content) * 2 // 3])
    folder = harness.temp_dir("b")
    done = run(program, folder, env={**server.env(database), **lying_dump(program, cut)})
    refused(program, done, folder, 7, [NOT_WHOLE + ": cmms_backup_", "is damaged: ", AGAIN])


def test_tool_that_hangs(program):
    server = harness.shared_server()
    folder, tools = harness.temp_dir("b"), harness.temp_dir("tools")
    source = os.path.join(harness.NATIVE if program.kind == "native" else
                          os.path.join(harness.TOP, "build/mingw"), "fakes", "fake_tool")
    end = ".exe" if program.kind == "wine" else ""
    for tool in ("pg_dump", "pg_restore"):
        shutil.copy(source + end, os.path.join(tools, tool + end))
    done = run(program, folder, env={**server.env(harness.sample(server)), "CMMS_BACKUP_TOOLS": program.path(tools),
                                     "FAKE_TOOL_VERSION": "17.5", "FAKE_TOOL_MODE": "hang", "CMMS_STALL_SECONDS": "3"})
    refused(program, done, folder, 5, ["moved"])


def test_hanging_tool_is_stopped(program):
    """Ctrl+C while pg_dump stands still: nobody waits for it."""
    if program.kind == "wine":
        raise harness.Skip("no console event can be sent to a Wine process from outside; the window's Cancel is tested")
    server = harness.shared_server()
    folder, tools = harness.temp_dir("b"), harness.temp_dir("tools")
    for tool in ("pg_dump", "pg_restore"):
        shutil.copy(os.path.join(harness.NATIVE, "fakes/fake_tool"), os.path.join(tools, tool))
    process = program.start(["backup", "--json", "--folder", folder], env={
        **server.env(harness.sample(server)), "CMMS_BACKUP_TOOLS": tools, "FAKE_TOOL_VERSION": "17.5",
        "FAKE_TOOL_MODE": "hang", "CMMS_TEST_MARK": folder})
    harness.wait_for(lambda: harness.partials_in(folder) and tools_of(folder), 60, "the dump's start")
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    done = finish(process)
    # Two seconds, and no more when a machine is busy.
    check(time.monotonic() - began < 4 * harness.SCALE, "it took long to stop")
    equal((done.code, harness.backups_in(folder), left_over(folder)), (130, [], []), "exit code, and what is left")
    harness.wait_for(lambda: not tools_of(folder), 5, "the end of pg_dump")


def test_read_only_folder(program):
    server = harness.shared_server()
    folder = harness.temp_dir("ro")
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        done = run(program, folder, env=server.env())
        equal(done.code, 3, "exit code: " + done.out)
        error = done.json()["error"]
        check("cannot be written" in error["message"] and error["hint"], "the sentence: %s" % error)
        equal(os.listdir(folder), [], "what is in the folder")
    finally:
        subprocess.run(["umount", folder], check=True)


def test_full_disk(program):
    server = harness.shared_server()
    if not server.psql("SELECT 1 FROM pg_database WHERE datname = 'noise'"):
        server.psql("CREATE DATABASE noise")
        # 14 MB that do not compress: the dump is larger than the free space that the preflight asks for.
        server.psql("CREATE TABLE noise (b bytea); ALTER TABLE noise ALTER b SET STORAGE EXTERNAL; INSERT INTO noise "
                    "SELECT string_agg(decode(md5(random()::text), 'hex'), '') FROM generate_series(1, 900000) i "
                    "GROUP BY i % 100", "noise")
    for size, words in (("400k", ["MB free", "too little"]), ("10m", ["full"])):
        folder = harness.temp_dir("full")
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", folder], check=True)
        try:
            done = run(program, folder, env=server.env("noise"))
            refused(program, done, folder, 8, words)
            # Room again: the next run needs no repair.
            subprocess.run(["mount", "-o", "remount,size=200m", folder], check=True)
            done = run(program, folder, env=server.env("noise"))
            equal(done.code, 0, "the next run: " + done.out)
        finally:
            subprocess.run(["umount", folder], check=True)


def test_room_by_the_last_backup(program):
    """What a database has on its server says little about its backup: the last one does. (M16)"""
    server = harness.shared_server()
    server.psql("DROP DATABASE IF EXISTS even")
    server.psql("CREATE DATABASE even")
    server.psql("CREATE TABLE even (t text); ALTER TABLE even ALTER t SET STORAGE EXTERNAL; "
                "INSERT INTO even SELECT repeat('x', 100000) FROM generate_series(1, 400)", "even")
    folder = harness.temp_dir("room")

    def space():
        done = program.run(["doctor", "--json", "--folder", program.path(folder)], env=server.env("even"))
        return next((c["state"], c["message"].partition("; ")[2]) for c in done.json()["checks"]
                    if c["name"] == "free space")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=10m", "tmpfs", folder], check=True)
    try:
        state, words = space()
        check(state == "warning" and words.startswith("the database has "), "the doctor, before: %s" % words)
        report = run(program, folder, env=server.env("even"))
        equal(report.code, 0, "there is room: " + report.out)
        warnings = harness.warnings_of(report.json())
        check(len(warnings) == 1 and " MB free; the database has " in warnings[0], "it is not known: %s" % warnings)
        report = run(program, folder, env=server.env("even"))
        equal((report.code, harness.warnings_of(report.json())), (0, []), "by the last one there is enough")
        equal(space(), ("good", "the last backup took " + harness.size_text(report.json()["bytes"])),
              "the doctor, then")
        # Rows that do not compress: the next backup would be as large as one that does not fit.
        server.psql("INSERT INTO even SELECT (SELECT string_agg(md5(random()::text || i || j), '') "
                    "FROM generate_series(1, 3000) j) FROM generate_series(1, 100) i", "even")
        report = run(program, folder, env=server.env("even"))
        equal((report.code, harness.warnings_of(report.json())), (0, []), "more than the last one took")
        left = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
        with open(os.path.join(folder, "filler"), "wb") as f:
            f.write(bytes(left - 2 * 1024 ** 2))
        report = run(program, folder, env=server.env("even"))
        error = report.json()["error"]
        check(report.code == 8 and " MB free, too little: the last backup took " in error["message"], report.out)
    finally:
        subprocess.run(["umount", folder], check=True)


def test_damaged_settings(program):
    server = harness.shared_server()
    folder = harness.temp_dir("b")
    with open(os.path.join(folder, "backup_config.json"), "w") as f:
        f.write('{"enabled": true, "retention_days": 9')
    done = run(program, folder, env=server.env(harness.sample(server)))
    equal(done.code, 0, "a damaged settings file does not stop a backup: " + done.out)
    kept = [n for n in os.listdir(folder) if n.startswith("backup_config.damaged-")]
    equal(len(kept), 1, "the damaged file is kept aside: %s" % os.listdir(folder))
    with open(os.path.join(folder, kept[0])) as f:
        equal(f.read(), '{"enabled": true, "retention_days": 9', "what was kept")
    check(any("backup_config.json" in w for w in done.json()["warnings"]), "it is told: %s" % done.json()["warnings"])


def test_text_output_of_an_error(program):
    folder = harness.temp_dir("b")
    with harness.closed_port() as port:
        done = program.run(["backup", "--folder", program.path(folder), "-h", "127.0.0.1", "-p", str(port), "-U", "x",
                            "-d", "x", "-w"])
    equal(done.code, 5, "exit code")
    lines = done.err.strip().splitlines()
    check(any(l.startswith("cmms-backup-cli: ") for l in lines) and any(l.startswith("Hint: ") for l in lines),
          "the error for people: %r" % done.err)


def test_doctor(program):
    server = harness.shared_server()
    folder = harness.temp_dir("b")
    done = program.run(["doctor", "--json", "--folder", program.path(folder)], env=server.env(harness.sample(server)))
    equal(done.code, 0, "exit code: " + done.out)
    checks = {c["name"]: c for c in done.json()["checks"]}
    for name in ("folder", "connection"):
        equal(checks[name]["state"], "good", name + ": %s" % checks[name])
    equal(checks["rights"]["message"], "The user may read all tables, sequences and large objects, and create "
          "databases", "the rights")
    settings = checks["settings"]  # which task there is may be another test's: of one, Wine tells only the description
    more = " are set, but " if settings["state"] == "warning" else ": a task starts it"
    check("task" in settings["message"] and settings["message"].startswith(
        "Backups are kept for 30 days; daily backups at 02:00" + more), settings)
    check(settings["state"] == "warning" or program.kind == "wine", settings)
    # Good or not, by what the mirror has made of Debian's server and the lock of ours: test_minor has the words.
    for name, words in (("tools", "lacks the security repairs of "), ("server version", " is older than the server, ")):
        equal(checks[name]["state"], "warning" if words in checks[name]["message"] else "good",
              name + ": %s" % checks[name])
    check("read by pg_restore 17 or newer, with zstd" in checks["server version"]["message"],
          "what reads a backup without us: %s" % checks["server version"])
    done = program.run(["doctor", "--json", "--folder", program.path(folder)],
                       env={**server.env(), "PGPASSWORD": "wrong"})
    equal(done.code, 6, "exit code with a wrong password: " + done.out)
    bad = [c for c in done.json()["checks"] if c["state"] == "bad"]
    check(bad and bad[0]["hint"], "what is wrong and what to do: %s" % bad)


# What Windows words by itself (programs and names that are not there, a network that refuses), what comes through its
# pipes, what it does to a tool that hangs, its disk, its console.
harness.main(__name__, wine=("test_no_tool", "test_tool_that_will_not_start", "test_unknown_host", "test_closed_port",
                             "test_lying_tools", "test_tool_that_hangs", "test_full_disk",
                             "test_text_output_of_an_error", "test_doctor"))
