"""What the end-to-end tests share: a real PostgreSQL server, the shipped programs, checks, and the runner.

A test file defines functions named test_*, each with one argument, the Program under test, and ends with
`harness.main(__name__)`. It prints one line a test: "ok NAME", "not ok NAME: why" or "skip NAME: reason".
Run `tests/e2e/test_x.py native` for the Linux build of the console program, `wine` for the shipped .exe.
"""
import contextlib
import fcntl
import glob
import hashlib
import itertools
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NATIVE = os.environ.get("CMMS_NATIVE", os.path.join(TOP, "build/native"))
PRODUCT = os.environ.get("CMMS_PRODUCT", os.path.join(TOP, "build/product"))
PREFIX = os.environ.get("WINEPREFIX", os.path.join(TOP, "build/wine"))
PG_BIN = "/usr/lib/postgresql/17/bin"
PASSWORD = "s3cret pass'word"
# The tests' own psql takes TLS only where a server insists: it is started thousands of times.
PLAIN = {"PGSSLMODE": "allow"}
# How much slower than a fast, idle machine this one is; run.py measures it. Every time limit is multiplied by it.
SCALE = float(os.environ.get("CMMS_TEST_SCALE") or 1)
# ./dev test --thorough: every step of what is killed, cut off or refused at each step, and under Wine every test that
# can run there (see main). It takes about three times as long.
THOROUGH = os.environ.get("CMMS_TEST_THOROUGH") == "1"


class Skip(Exception):
    """Raised by a test that cannot run here; the text is the reason."""


def left_out(name):
    """Why set-up has left out something that is optional, in its words; None when it has not."""
    for path in ["/etc/cmms-missing"] + glob.glob("/opt/*/.missing"):
        with contextlib.suppress(OSError), open(path, encoding="utf-8") as f:
            for line in f:
                if line.split(" ", 1)[0] == name:
                    return line.split(" ", 1)[1].strip()
    return None


def needs(name, path):
    """A test needs the file, which comes with NAME: skipped where set-up could not get that, else a failure."""
    if os.path.exists(path):
        return
    why = left_out(name)
    check(why, "%s is not there, and set-up has not left out %s" % (path, name))
    raise Skip(why)


def check(condition, why):
    if not condition:
        raise AssertionError(why)


def equal(got, wanted, what):
    if got != wanted:
        texts = [repr(got), repr(wanted)]
        if min(map(len, texts)) > 1000: # what is long is told from shortly before it differs
            start = max(len(os.path.commonprefix(texts)) - 200, 0)
            texts = ["..." + text[start:start + 600] for text in texts]
        raise AssertionError("%s is %s, not %s" % (what, *texts))


def same_sums(got, wanted, what):
    """As equal, of two answers of checksums(): only what differs is told."""
    differ = {k: (got.get(k), wanted.get(k)) for k in sorted({*got, *wanted}) if got.get(k) != wanted.get(k)}
    check(not differ, "%s differ in %d of %d, as (is, should be): %r" % (what, len(differ), len(wanted), differ))


_reserved = []


def reserved_port():
    """A loopback port that is this process' own until it ends: of those that no system gives out by itself and that no
    other test has locked, so that it is still free when a server takes it."""
    os.makedirs("/tmp/cmms-ports", exist_ok=True)
    for port in random.SystemRandom().sample(range(10240, 15000), 500):
        lock = open("/tmp/cmms-ports/%d" % port, "w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as s:
                s.bind(("127.0.0.1", port))
        except OSError:
            lock.close()
            continue
        _reserved.append(lock)
        return port
    raise AssertionError("no loopback port is free")


@contextlib.contextmanager
def closed_port():
    """A port at which nobody listens, and nobody else can begin to."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        yield s.getsockname()[1]


def temp_dir(name="t"):
    """Until the end of the file: the root's /tmp lies in memory, and what all files leave there does not fit."""
    path = tempfile.mkdtemp(prefix="cmms-%s-" % name)
    os.chmod(path, 0o755)
    _temporary.append(path)
    return path


def as_postgres(argv, **more):
    return subprocess.run(["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] + argv,
                          cwd="/tmp", check=True, capture_output=True, **more)


class Server:
    """A native PostgreSQL server on a loopback port, with TLS (its own CA) and scram passwords."""

    def __init__(self, folder=None, port=None, settings=(), copy_of=None, another=False):
        """copy_of: the folder of such a server that was stopped. another: one that is told from all others by its
        system identifier; else it is a copy of one that was made once."""
        self.folder = folder or temp_dir("pg")
        self.port = port or reserved_port()
        self.data, self.ca = os.path.join(self.folder, "data"), os.path.join(self.folder, "ca.crt")
        if another:
            self.make()
        else:
            subprocess.run(["cp", "-a", (copy_of or template()) + "/.", self.folder], check=True)
        with open(os.path.join(self.data, "postgresql.conf"), "a") as f:
            for line in ("port = %d" % self.port, *settings):
                f.write(line + "\n")
        self.start()

    def make(self):
        """A cluster of its own, which is not started."""
        os.makedirs(self.folder, exist_ok=True)
        shutil.chown(self.folder, "postgres", "postgres")
        password_file = os.path.join(self.folder, "pw")
        with open(password_file, "w") as f:
            f.write(PASSWORD + "\n")
        shutil.chown(password_file, "postgres")
        # Of the 4096 rounds of hashing at each of thousands of connections one is enough.
        as_postgres([PG_BIN + "/initdb", "-D", self.data, "-U", "postgres", "-A", "scram-sha-256", "--no-sync",
                     "--pwfile=" + password_file, "--no-locale", "-E", "UTF8", "--no-instructions",
                     "-c", "scram_iterations=1"])
        os.unlink(password_file)
        self.make_certificates()
        with open(os.path.join(self.data, "postgresql.conf"), "a") as f:
            f.write("\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nfsync = off\n"
                    "ssl = on\nssl_cert_file = 'server.crt'\nssl_key_file = 'server.key'\nmax_connections = 60\n"
                    # Each page of it that a session touches is a page fault, and a new database touches all of them.
                    "shared_buffers = 16MB\nlog_min_messages = warning\n")

    def make_certificates(self):
        ca_key, self.ca = os.path.join(self.folder, "ca.key"), os.path.join(self.folder, "ca.crt")
        key, crt = os.path.join(self.data, "server.key"), os.path.join(self.data, "server.crt")
        csr = os.path.join(self.folder, "server.csr")
        run = lambda *a: subprocess.run(["openssl"] + list(a), check=True, capture_output=True)
        run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
            "-subj", "/CN=Test CA", "-keyout", ca_key, "-out", self.ca)
        run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost",
            "-keyout", key, "-out", csr)
        extensions = os.path.join(self.folder, "san")
        with open(extensions, "w") as f:
            f.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        run("x509", "-req", "-in", csr, "-CA", self.ca, "-CAkey", ca_key, "-CAcreateserial", "-days", "30",
            "-extfile", extensions, "-out", crt)
        for name in (key, crt):
            shutil.chown(name, "postgres", "postgres")
        os.chmod(key, 0o600)

    def start(self):
        as_postgres([PG_BIN + "/pg_ctl", "-D", self.data, "-l", os.path.join(self.folder, "log"), "-w", "start"])

    def stop(self, mode="immediate"):
        with contextlib.suppress(subprocess.CalledProcessError):
            as_postgres([PG_BIN + "/pg_ctl", "-D", self.data, "-m", mode, "-w", "stop"])

    def env(self, database="postgres", **more):
        env = {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": "postgres", "PGPASSWORD": PASSWORD,
               "PGDATABASE": database}
        env.update(more)
        return env

    def psql(self, sql, database="postgres"):
        done = subprocess.run([PG_BIN + "/psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-"],
                              input=sql.encode(), env={**clean_env(), **self.env(database), **PLAIN},
                              capture_output=True, timeout=280 * SCALE)
        if done.returncode:
            raise AssertionError("psql: " + done.stderr.decode(errors="replace"))
        return done.stdout.decode().strip()

    def restore(self, archive, database, owners=False):
        """The distribution's own pg_restore, into a new database."""
        self.psql('CREATE DATABASE "%s"' % database)
        done = subprocess.run([PG_BIN + "/pg_restore", "--exit-on-error", "-d", database, archive] +
                              ([] if owners else ["--no-owner"]),
                              env={**clean_env(), **self.env(), **PLAIN}, capture_output=True)
        check(done.returncode == 0, "pg_restore: " + done.stderr.decode(errors="replace")[-2000:])

    def checksums(self, database):
        return checksums(self.env(database))


# It writes a question for each table and sequence, and asks these: one psql for all of it. Columns by name: a child's
# order may change when it is restored. And with an alias that no column has.
CHECKSUMS = r"""
SET bytea_output = hex; SET timezone = 'UTC'; SET extra_float_digits = 3;
SELECT format('SELECT json_build_array(%L, format(''%%s|%%s'', count(*), md5(coalesce('
              'string_agg(h, '''' ORDER BY h COLLATE "C"), ''''))))'
              ' FROM (SELECT md5(%s) AS h FROM %s%s AS "the row") AS x', name, what, alone, name)
  FROM (SELECT format('%I.%I', n.nspname, c.relname) AS name, CASE c.relkind WHEN 'S' THEN '' ELSE 'ONLY ' END AS alone,
               CASE c.relkind WHEN 'S' THEN 'last_value::text || is_called' ELSE
                 (SELECT format('row(%s)::text', string_agg(format('"the row".%I', attname), ', '
                                                            ORDER BY attname COLLATE "C"))
                    FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) END AS what
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r','S') AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema') AS t
\gexec
SELECT json_build_array('large objects', coalesce((SELECT string_agg(format('%s|%s', oid, md5(lo_get(oid))), ' '
                                                            ORDER BY oid) FROM pg_largeobject_metadata), ''));
"""


def checksums(env):
    """A checksum of every table (rows in any order), sequence and large object: what 'equal data' means."""
    done = subprocess.run([PG_BIN + "/psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-"],
                          input=CHECKSUMS.encode(), env={**clean_env(), **PLAIN, **env}, capture_output=True)
    check(done.returncode == 0, "psql: " + done.stderr.decode(errors="replace"))
    return dict(json.loads(line) for line in done.stdout.decode().split("\n") if line)


def clean_env():
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "CMMS_")) and k != "LD_PRELOAD"}
    env["CMMS_TEST_SCALE"] = str(SCALE)
    env["CMMS_CONDITIONS"] = "mains" # whatever this machine runs on
    env["LC_ALL"] = "C.UTF-8"
    return env


class Done:
    """A finished run of the program."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def json(self):
        try:
            return json.loads(self.out)
        except ValueError:
            raise AssertionError("not one JSON document: %r (stderr %r)" % (self.out[:500], self.err[:500]))


def finish(process, limit=280):
    """Waits for a run that was started; what came of it. CMMS_TEST_LIMIT: for mutants, which may hang."""
    limit = float(os.environ.get("CMMS_TEST_LIMIT", limit * SCALE))
    try:
        out, err = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        process.kill()
        raise AssertionError("%s did not end within %d s" % (" ".join(process.args), limit))
    done = Done(process.returncode, out.decode(errors="replace"), err.decode(errors="replace"))
    check(done.code != 99 and "ERROR: AddressSanitizer" not in done.err and "runtime error:" not in done.err,
          "a sanitizer has something to say: " + done.err[-3000:])
    return done


def end_unborn(pipes):
    """Who holds one of the pipes for writing; ends those that are still Wine's loader and not yet a program."""
    holders = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            files = os.listdir("/proc/%s/fd" % pid)
            if int(pid) == os.getpid() or not any(os.readlink("/proc/%s/fd/%s" % (pid, f)) in pipes for f in files):
                continue
            holders.append(int(pid))
            with open("/proc/%s/cmdline" % pid, "rb") as f:
                loader = os.path.basename(f.read().split(b"\0")[0])
            if loader in (b"wine", b"wine64", b"wine-preloader", b"wine64-preloader"):
                os.kill(int(pid), signal.SIGKILL)
        except OSError:
            continue
    return holders


class Program:
    """The console program under test: `native` or `wine`."""
    runs = itertools.count()

    def __init__(self, kind):
        self.kind = kind
        if kind == "native":
            self.argv = [os.path.join(NATIVE, "cmms-backup-cli")]
        else:
            self.argv = ["wine", os.path.join(PRODUCT, "cmms-backup-cli.exe")]

    def path(self, path):
        """A path of this machine as the program understands it."""
        return path if self.kind == "native" else "Z:" + path.replace("/", "\\")

    def env(self, more=None):
        env = clean_env()
        env["HOME"] = env.get("HOME") or "/root"
        if self.kind == "wine":
            env.update(WINEPREFIX=PREFIX, WINEDEBUG="-all", WINEDLLOVERRIDES="mscoree,mshtml=")
        else:
            # The tools that ship with the product are Windows programs; here the distribution's take their place.
            env["CMMS_BACKUP_TOOLS"] = PG_BIN
            env["CMMS_BACKUP_ENGINE"] = PG_BIN
            # One run in three looks for leaks at its end, which is to read all that it has in memory.
            leaks = THOROUGH or next(self.runs) % 3 == first_step(3)
            env["ASAN_OPTIONS"] = "detect_leaks=%d:abort_on_error=0:exitcode=99" % leaks
        env.update(more or {})
        return env

    def start(self, arguments, env=None, **more):
        return subprocess.Popen(self.argv + arguments, env=self.env(env), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)

    @staticmethod
    def kill(process):
        """Kills a program that start() began, at any moment; returns what it said.

        Where Wine was just making a child for it, that child waits for its maker for ever, with the program's output
        open. Windows has no such thing (a process is made as a whole), so it is ended here."""
        process.kill()
        process.wait()
        pipes = {"pipe:[%d]" % os.fstat(f.fileno()).st_ino for f in (process.stdout, process.stderr)}
        wait_for(lambda: not end_unborn(pipes), 20, "the end of what still holds the killed program's output")
        out, err = process.communicate()
        return out.decode(errors="replace") + err.decode(errors="replace")

    def run(self, arguments, env=None, limit=280, **more):
        return finish(self.start(arguments, env, **more), limit)

    def backup(self, server, database, folder, arguments=(), env=None):
        done = self.run(["backup", "--json", "--folder", self.path(folder), "-h", "127.0.0.1", "-p", str(server.port),
                         "-U", "postgres", "-d", database] + list(arguments),
                        env={"PGPASSWORD": PASSWORD, **(env or {})})
        return done

    def good_backup(self, server, database, folder, arguments=(), env=None):
        done = self.backup(server, database, folder, arguments, env)
        check(done.code == 0, "backup ended with %d: %s %s" % (done.code, done.out[-1500:], done.err[-1500:]))
        report = done.json()
        report["unix_path"] = os.path.join(folder, report["path"].replace("\\", "/").split("/")[-1])
        return report


def numbers(version):
    """(17, 12) of "17.12 (Debian 17.12-0+deb13u1)"."""
    major, _, minor = version.split()[0].partition(".")
    return int(major), int(minor)


def warnings_of(report):
    """A backup's warnings but for the one that the tools here are of an older minor than Debian's server, which must be
    among them exactly then: the mirror moves on."""
    warnings = list(report["warnings"])
    tool, server = numbers(report["tool_version"]), numbers(report["server_version"])
    older = "pg_dump %d.%d is older than the server, PostgreSQL %d.%d: update CMMS Backup" % (tool + server)
    check((older in warnings) == (tool[0] == server[0] and tool < server), "the tool's minor: %s" % report["warnings"])
    return [w for w in warnings if w != older]


def size_text(count):
    """A number of bytes as the programs tell it (base/number.h)."""
    value, units = count / 1024 ** 2, ["MB", "GB", "TB"]
    while value >= 999.5 and len(units) > 1:
        value /= 1024
        units.pop(0)
    return "%.*f %s" % (2 if value < 9.995 else 1 if value < 99.95 else 0, value, units[0])


def backups_in(folder):
    return sorted(n for n in os.listdir(folder) if n.endswith(".backup"))


def partials_in(folder):
    return sorted(n for n in os.listdir(folder) if n.endswith(".partial"))


def sha256_of(path):
    h = hashlib.sha256()
    with open(path, "rb") as f:
        for piece in iter(lambda: f.read(1 << 20), b""):
            h.update(piece)
    return h.hexdigest()


def log_entries(folder):
    with open(os.path.join(folder, "backup_log.json"), encoding="utf-8") as f:
        return json.load(f)


def no_secret(folder, *texts):
    """P7: the password is in no file of the folder and in no output."""
    needles = [PASSWORD.encode(), PASSWORD.replace("'", "\\'").encode()]
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if os.path.isfile(path) and not name.endswith((".backup", ".partial")):
            with open(path, "rb") as f:
                content = f.read()
            for needle in needles:
                check(needle not in content, "the password is in " + name)
    for text in texts:
        for needle in needles:
            check(needle.decode() not in text, "the password is in the output")


_servers = []
_temporary = []


def template():
    """The folder of a stopped server of which Server() is a copy, made once for all the files that are run in this
    root. Most of them want the sample database, so it is there already."""
    folder, fresh = "/tmp/cmms-template", "/tmp/cmms-template.new"
    with open(folder + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(folder):
            shutil.rmtree(fresh, ignore_errors=True)
            made = Server(fresh, another=True)
            try:
                sample(made)
            finally:
                made.stop("fast")
            os.rename(fresh, folder)
    return folder


def shared_server():
    """One server for all tests of a file."""
    if not _servers:
        _servers.append(Server())
    return _servers[0]


def sample(server, database="cmms", megabytes=2):
    """The sample database, made by the program itself, once for all the tests of a file."""
    have = server.psql("SELECT 1 FROM pg_database WHERE datname = '%s'" % database)
    if not have:
        # The native program makes it for both kinds: it is the same data, and quicker.
        done = Program("native").run(["sample", "--size", str(megabytes), "-h", "127.0.0.1", "-p", str(server.port),
                                      "-U", "postgres", "-d", database], env={"PGPASSWORD": PASSWORD})
        check(done.code == 0, "the sample database could not be made: " + done.out + done.err)
    return database


def first_step(stride, row=0):
    """Of a row of steps each run takes one in `stride`, from this one (0, 1, ...) on. The commit decides, so that with
    time all have their turn, and a run that was red takes the same ones again. row: another one for rows within rows,
    or some steps of the inner ones would never be taken with some of the outer ones."""
    commit = os.environ.get("CMMS_COMMIT", "").ljust(40, "0")
    return 0 if THOROUGH else int(commit[8 * row:8 * row + 8], 16) % stride


def a_share(steps, stride=3, row=0):
    """One in `stride` of a row of steps, which may be endless; with --thorough all of them."""
    return steps if THOROUGH else itertools.islice(steps, first_step(stride, row), None, stride)


def no_locks_left(server):
    """The server knows in a moment that a client has gone; then it has none of our advisory locks."""
    wait_for(lambda: server.psql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == "0", 20,
             "the end of the advisory locks")


def wait_for(condition, seconds=60, what="it"):
    """Waits for an event outside, looking often; only for what cannot be waited for otherwise. Half of the time at the
    most it looks, as a look can be a psql that keeps the machine from what is awaited."""
    end = time.monotonic() + seconds * SCALE
    while time.monotonic() < end:
        looked = time.monotonic()
        value = condition()
        if value:
            return value
        time.sleep(max(0.02, time.monotonic() - looked))
    raise AssertionError("%s did not happen within %d s" % (what, seconds * SCALE))


# What the simulator of SharePoint gives out and nobody may keep in the clear or tell: words of its own, addresses of
# sessions and downloads, tokens. AGE-SECRET-KEY is a word of age's, CMMS_SHAREPOINT_SECRET a variable's name.
CLOUD_TOKENS = rb"tempauth=|access\d+|refresh\d+x|device_code=|eySECRET"
CLOUD_SECRETS = re.compile(CLOUD_TOKENS + rb"|(?<!AGE-)(?<!SHAREPOINT_)SECRET")
SWEPT_MAX = 64 << 20


def secrets_left(more=()):
    """P7: where something of it lies in what a file of tests has left, in any folder, log, journal and crash text."""
    found = []
    for folder in _temporary:
        for at, below, names in os.walk(folder):
            if "PG_VERSION" in names:  # a server's own
                below.clear()
                continue
            for name in names:
                path = os.path.join(at, name)
                if os.path.islink(path) or not os.path.isfile(path) or os.path.getsize(path) > SWEPT_MAX:
                    continue
                with contextlib.suppress(OSError), open(path, "rb") as f:
                    content = f.read()
                    hit = CLOUD_SECRETS.search(content)
                    hit = hit.group() if hit else next((m.encode() for m in more if m.encode() in content), None)
                    if hit:
                        found.append("%r in %s" % (hit, path))
    return found


class Watched:
    """Looks at the command lines and environments of what this process starts, many times a second."""

    def __init__(self):
        self.looks, self.found, self.over = 0, set(), threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def watch(self):
        while not self.over.wait(0.02):
            for pid in filter(str.isdigit, os.listdir("/proc")):
                with contextlib.suppress(OSError, IndexError):
                    with open("/proc/%s/stat" % pid) as f:
                        group = f.read().rpartition(")")[2].split()[2]
                    if int(pid) == os.getpid() or int(group) != os.getpgrp():
                        continue
                    for file, secret in (("cmdline", CLOUD_SECRETS), ("environ", re.compile(CLOUD_TOKENS))):
                        with open("/proc/%s/%s" % (pid, file), "rb") as f:
                            hit = secret.search(f.read())
                        if hit:
                            self.found.add("%r in the %s of a child" % (hit.group(), file))
                    self.looks += 1

    def clean(self):
        check(self.looks > 0, "no child was looked at")
        equal(sorted(self.found), [], "secrets of command lines and environments")


def main(name, wine=None):
    """Runs the tests of the file, or those that are named. `wine`: of a file whose core is the same natively, the tests
    with which the Windows programs show that all of it is there; the others they run with --thorough."""
    if name != "__main__":
        return
    module = sys.modules["__main__"]
    kind = sys.argv[1] if len(sys.argv) > 1 else "native"
    only = sys.argv[2:]
    program = Program(kind)
    failed = 0
    try:
        for test, function in sorted(vars(module).items(), key=lambda x: getattr(x[1], "__code__", None) and
                                     x[1].__code__.co_firstlineno or 0):
            if not test.startswith("test_") or (only and test not in only):
                continue
            start = time.monotonic()
            try:
                if kind == "wine" and wine and test not in (*wine, *only) and not THOROUGH:
                    raise Skip("under Wine with --thorough; the same core runs natively")
                function(program)
                print("ok %s (%.1f s)" % (test, time.monotonic() - start))
            except Skip as reason:
                print("skip %s: %s" % (test, reason))
            except Exception as error:
                failed += 1
                where = traceback.extract_tb(error.__traceback__)[-1]
                if not isinstance(error, AssertionError):
                    traceback.print_exc()
                else:
                    for frame in traceback.extract_tb(error.__traceback__):
                        if frame.filename == module.__file__:
                            where = frame
                print("not ok %s: %s (line %d)" % (test, str(error).replace("\n", " ")[:2000], where.lineno))
            sys.stdout.flush()
        if "graph_sim" in sys.modules:
            left = secrets_left(getattr(module, "SECRETS", ()))
            failed += bool(left)
            if left:
                print("not ok no_secret_is_left: %s" % "; ".join(left)[:2000])
            elif not only:
                print("ok no_secret_is_left")
            sys.stdout.flush()
    finally:
        for server in _servers:
            server.stop()
        for path in _temporary:
            shutil.rmtree(path, ignore_errors=True)
    sys.exit(1 if failed else 0)
