"""A Debian mirror of the test's own on loopback, with a few tiny packages, that can be told to misbehave; and the
words in which the tests of set-up speak: test functions are found by their names, as in tests/e2e/harness.py."""
import hashlib
import http.server
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEV = os.path.join(TOP, ".dev")
PAGE = b"<!DOCTYPE html>\n<html><body>Please sign in to this network.</body></html>\n"


def check(condition, why):
    if not condition:
        raise AssertionError(why)


def equal(got, wanted, what):
    check(got == wanted, "%s: %r instead of %r" % (what, got, wanted))


def has(text, *words):
    for word in words:
        check(word in text, "%r is not in: %s" % (word, text[-1500:]))


def lacks(text, *words):
    for word in words:
        check(word not in text, "%r is in: %s" % (word, text[-1500:]))


class Mirror:
    """Serves `files` (path -> bytes); `faults` (path -> word) spoil an answer; `asked` has every path asked for."""

    def __init__(self):
        self.files, self.faults, self.asked = {}, {}, []
        self.reached = threading.Event()  # a "stuck" answer has begun
        mirror = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_HEAD(self):
                self.answer(False)

            def do_GET(self):
                self.answer(True)

            def answer(self, body):
                path = urllib.parse.unquote(self.path)
                mirror.asked.append(path)
                fault = mirror.faults.get(path, mirror.faults.get("*"))
                data = mirror.files.get(path)
                if fault == "403" or (data is None and fault != "html") or fault == "gone":
                    self.send_error(403 if fault == "403" else 404)
                    return
                if fault == "html":
                    data = PAGE
                elif fault == "half":
                    data = data[:len(data) // 2]
                elif fault == "wrong":
                    data = data[:-1] + bytes([data[-1] ^ 1])
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if not body:
                    return
                if fault in ("breaks", "stuck"):
                    self.wfile.write(data[:len(data) // 2])
                    self.wfile.flush()
                    mirror.reached.set()
                    if fault == "stuck":
                        mirror.over.wait(60)
                    self.close_connection = True
                    return
                self.wfile.write(data)

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # a client that breaks off is part of the tests

        self.over = threading.Event()
        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d/debian" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()

    def put(self, path, data, archive="debian"):
        self.files["/%s/%s" % (archive, path)] = data

    def source(self, package, version, data=None, suite="trixie", there=True, folder=None, archive="debian"):
        """Adds a source package to a suite's list and, if `there`, its file to the pool; returns its line of a lock."""
        upstream = version.split(":")[-1].rsplit("-", 1)[0]
        name = "%s_%s.orig.tar.gz" % (package, upstream)
        data = data if data is not None else ("%s %s\n" % (package, version)).encode() * 400
        folder = folder or "pool/main/%s/%s" % (package[0], package)
        sha = hashlib.sha256(data).hexdigest()
        if suite:
            self.lists.setdefault((archive, suite, "source/Sources"), []).append(
                "Package: %s\nBinary: %s\nVersion: %s\nFormat: 3.0 (quilt)\nDirectory: %s\nFiles:\n %s %d %s\n"
                "Checksums-Sha256:\n %s %d %s\n %s 10 %s.asc\n" % (
                    package, package, version, folder, hashlib.md5(data).hexdigest(), len(data), name, sha, len(data),
                    name, "0" * 64, name))
        if there:
            self.put(folder + "/" + name, data, archive)
        return "%s %s trixie %s %d %s needed" % (package, version, name, len(data), sha)

    def binary(self, name, version, suite="trixie", there=True, depends="", source="", archive="debian"):
        """Adds a .deb; returns its path on the mirror."""
        with tempfile.TemporaryDirectory() as folder:
            os.makedirs(folder + "/p/DEBIAN")
            os.chmod(folder + "/p", 0o755)
            fields = "Package: %s\nVersion: %s\nArchitecture: all\n" % (name, version)
            fields += "Maintainer: nobody <n@example.org>\n"
            fields += "Source: %s\n" % source if source else ""
            fields += "Depends: %s\n" % depends if depends else ""
            fields += "Description: tiny\n"
            with open(folder + "/p/DEBIAN/control", "w") as f:
                f.write(fields)
            subprocess.run(["dpkg-deb", "--root-owner-group", "-b", folder + "/p", folder + "/x.deb"], check=True,
                           stdout=subprocess.DEVNULL)
            with open(folder + "/x.deb", "rb") as f:
                data = f.read()
        path = "pool/main/%s/%s/%s_%s_all.deb" % (name[0], source or name, name, version)
        self.lists.setdefault((archive, suite, "binary-%s/Packages" % arch()), []).append(
            fields + "Filename: %s\nSize: %d\nSHA256: %s\n" % (path, len(data), hashlib.sha256(data).hexdigest()))
        if there:
            self.put(path, data, archive)
        return "/%s/%s" % (archive, path)

    lists = None

    def publish(self, expires=None, signer=None):
        """Writes the lists of all suites, signed if there is a Signer."""
        for archive, suite in sorted({(a, s) for a, s, _ in self.lists}):
            release = "Origin: Debian\nLabel: Debian\nSuite: %s\nCodename: %s\n" % (suite, suite)
            release += "Date: Thu, 01 Jan 2026 00:00:00 UTC\n"
            release += "Valid-Until: %s\n" % expires if expires else ""
            release += "Architectures: %s all\nComponents: main\nSHA256:\n" % arch()
            for kind in ("source/Sources", "binary-%s/Packages" % arch()):
                data = "\n".join(self.lists.get((archive, suite, kind), [])).encode()
                self.put("dists/%s/main/%s" % (suite, kind), data, archive)
                release += " %s %d main/%s\n" % (hashlib.sha256(data).hexdigest(), len(data), kind)
            self.put("dists/%s/Release" % suite, release.encode(), archive)
            if signer:
                self.put("dists/%s/Release.gpg" % suite, signer.detached(release.encode()), archive)


def arch():
    return subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()


def new_mirror():
    mirror = Mirror()
    mirror.lists = {}
    return mirror


def run(argv, limit=120, **more):
    """Returns (exit code, both outputs)."""
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=limit, **more)
    return done.returncode, done.stdout


def for_user(output):
    """The lines of a script that the user sees."""
    return [line for line in output.splitlines() if line.startswith(("NOTE: ", "FAIL: "))]


def main(module):
    failed = 0
    only = sys.argv[1:]
    for name, function in list(vars(module).items()):
        if not name.startswith("test_") or (only and name not in only):
            continue
        start = time.monotonic()
        folder = tempfile.mkdtemp(prefix="setup-")
        try:
            function(folder)
            print("ok %s (%.1f s)" % (name, time.monotonic() - start))
        except Exception as error:
            failed += 1
            if not isinstance(error, AssertionError):
                traceback.print_exc(file=sys.stdout)
            line = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == module.__file__][-1].lineno
            print("not ok %s: %s (line %d)" % (name, str(error).replace("\n", " ")[:2000], line))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        sys.stdout.flush()
    sys.exit(1 if failed else 0)
