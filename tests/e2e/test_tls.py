"""The server's certificate and name are checked, for our own sessions and for the tools; what a failure is called.

The server has a name that is not loopback: the programs run with a hosts file of their own, in which it is 127.0.0.1.
"""
import os
import shutil
import socket
import ssl
import subprocess
import threading
import harness
from harness import check, equal, PASSWORD

NAME = "db.cmms.test"


class Certificates:
    """A folder of them, made once: {name: (certificate, key)}, and two authorities."""

    def __init__(self):
        self.folder = harness.temp_dir("tls")
        self.ca, self.other_ca = self.authority("ca"), self.authority("other")
        self.made = {"good": self.certificate("good", NAME), "wrong name": self.certificate("name", "else.cmms.test"),
                     "expired": self.certificate("expired", NAME, expired=True)}

    def path(self, name):
        return os.path.join(self.folder, name)

    def openssl(self, *arguments):
        subprocess.run(["openssl"] + list(arguments), check=True, capture_output=True)

    def authority(self, name):
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                     "-subj", "/CN=%s" % name, "-keyout", self.path(name + ".key"), "-out", self.path(name + ".crt"))
        return self.path(name + ".crt")

    def certificate(self, file, name, expired=False):
        key, csr, crt, san = (self.path(file + end) for end in (".key", ".csr", ".crt", ".san"))
        with open(san, "w") as f:
            f.write("subjectAltName=DNS:%s\n" % name)
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=" + name,
                     "-keyout", key, "-out", csr)
        dates = ["-not_before", "20200101000000Z", "-not_after", "20200201000000Z"] if expired else ["-days", "30"]
        self.openssl("x509", "-req", "-in", csr, "-CA", self.ca, "-CAkey", self.path("ca.key"), "-CAcreateserial",
                     "-extfile", san, "-out", crt, *dates)
        return crt, key


_world = []


def world():
    """The server, which lets nobody in without TLS, and the certificates."""
    if not _world:
        server = harness.Server(settings=["log_connections = on"])
        harness._servers.append(server)
        harness.sample(server, megabytes=1)
        _world.extend([server, Certificates()])
    return _world


def present(server, certificates, name):
    for source, target in zip(certificates.made[name], ("server.crt", "server.key")):
        path = os.path.join(server.data, target)
        shutil.copy(source, path)
        shutil.chown(path, "postgres", "postgres")
        os.chmod(path, 0o600)
    server.stop("fast")
    server.start()


def connections(server):
    with open(os.path.join(server.folder, "log"), encoding="utf-8", errors="replace") as f:
        return f.read().count("connection received")


def elsewhere(program):
    """The program where NAME is this machine."""
    hosts = os.path.join(harness.temp_dir("etc"), "hosts")
    with open(hosts, "w") as f:
        f.write("127.0.0.1 localhost\n127.0.0.1 %s\n" % NAME)
    other = harness.Program(program.kind)
    other.argv = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', hosts] + other.argv
    return other


def backup(program, server, sslmode="require", ca=None, arguments=(), env=None, **how):
    folder = harness.temp_dir("b")
    text = "postgresql://postgres@%s:%d/cmms?sslmode=%s" % (NAME, server.port, sslmode)
    more = {"PGPASSWORD": PASSWORD, **({"PGSSLROOTCERT": program.path(ca)} if ca else {}), **(env or {})}
    done = elsewhere(program).run(["backup", "--json", "--folder", program.path(folder), "-d", text] + list(arguments),
                                  env=more, **how)
    return done, folder


def refused(done, folder, code, message, hint):
    equal(done.code, code, "exit code: %s %s" % (done.out, done.err))
    error = done.json()["error"]
    check(message in error["message"] and NAME in error["message"], "the message: %s" % error)
    check(hint in error["hint"], "the remedy: %s" % error)
    equal((harness.backups_in(folder), harness.partials_in(folder)), ([], []), "files")
    logged = harness.log_entries(folder)[-1]["message"]
    check(message in logged, "the log: %s" % logged)
    check("SSL error" not in logged and "port %d failed" not in logged, "no raw words in the log: %s" % logged)


def test_right_authority(program):
    """What the string says is raised; both our session and pg_dump come in with TLS."""
    server, certificates = world()
    present(server, certificates, "good")
    done, folder = backup(program, server, ca=certificates.ca)
    equal(done.code, 0, "exit code: %s %s" % (done.out, done.err))
    equal((done.json()["level"], harness.warnings_of(done.json())), ("verified", []), "the backup")


def test_unknown_authority(program):
    server, certificates = world()
    present(server, certificates, "good")
    for sslmode in ("require", "prefer", "allow", "disable"):
        done, folder = backup(program, server, sslmode, ca=certificates.other_ca)
        refused(done, folder, 5, "is not one that this computer trusts", "IT administrator")


def test_the_systems_roots(program):
    """Without a file of ours: the system's, which do not know the test's authority. Windows is shown the certificates,
    on a connection of its own, so that it could fetch the root."""
    server, certificates = world()
    present(server, certificates, "good")
    before = connections(server)
    done, folder = backup(program, server)
    refused(done, folder, 5, "is not one that this computer trusts", "IT administrator")
    met = 1 if program.kind == "wine" else 0
    harness.wait_for(lambda: connections(server) - before >= 1 + met, 20, "the connections in the server's log")
    equal(connections(server) - before, 1 + met, "connections")


def test_openssl_of_another_user(program):
    """\\usr\\local\\ssl of the current drive, with which OpenSSL is built, can be made by every user of a PC: it says
    neither how to connect nor whom to trust."""
    if program.kind == "native":
        raise harness.Skip("on POSIX that folder is the administrator's")
    server, certificates = world()
    present(server, certificates, "good")
    drive = os.path.join(harness.PREFIX, "drive_c")
    planted = os.path.join(drive, "usr/local/ssl")
    os.makedirs(planted)
    try:
        shutil.copy(certificates.ca, os.path.join(planted, "cert.pem"))
        with open(os.path.join(planted, "openssl.cnf"), "w") as f:
            f.write("openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = tls\n"
                    "[tls]\nMaxProtocol = TLSv1.1\n")
        done, folder = backup(program, server, ca=certificates.ca, cwd=drive)
        equal(done.code, 0, "exit code: %s %s" % (done.out, done.err))
        done, folder = backup(program, server, env={"PGSSLROOTCERT": "system"}, cwd=drive)
        refused(done, folder, 5, "is not one that this computer trusts", "IT administrator")
    finally:
        shutil.rmtree(os.path.join(drive, "usr"))


def test_wrong_name(program):
    server, certificates = world()
    present(server, certificates, "wrong name")
    done, folder = backup(program, server, ca=certificates.ca)
    refused(done, folder, 5, "was made for another name", "Check the server's name")


def test_expired(program):
    server, certificates = world()
    present(server, certificates, "expired")
    done, folder = backup(program, server, ca=certificates.ca)
    refused(done, folder, 5, "or it has expired", "Check the date and time of this computer")


def test_no_encryption(program):
    server, certificates = world()
    server.psql("ALTER SYSTEM SET ssl = off")
    server.psql("SELECT pg_reload_conf()")
    harness.wait_for(lambda: server.psql("SHOW ssl") == "off", 20, "ssl = off")
    try:
        done, folder = backup(program, server, "disable", ca=certificates.ca)
        refused(done, folder, 5, "does not offer an encrypted connection", "Check the server's name and the port")
        # Our own setting may say so, and is named.
        done, folder = backup(program, server, arguments=["--sslmode", "disable"])
        equal(done.code, 0, "exit code: %s %s" % (done.out, done.err))
        equal(harness.warnings_of(done.json()), ['sslmode is "disable" (--sslmode): nothing is encrypted'], "warnings")
    finally:
        server.psql("ALTER SYSTEM RESET ssl")
        server.psql("SELECT pg_reload_conf()")
        harness.wait_for(lambda: server.psql("SHOW ssl") == "on", 20, "ssl = on")


def asks_for_the_password(certificate, want_tls=True):
    """Somebody in the middle, who asks for the password itself: (port, what came, stop)."""
    listener, got = socket.create_server(("127.0.0.1", 0)), []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)

    def serve():
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with peer:
                try:
                    peer.settimeout(30 * harness.SCALE)
                    peer.recv(8)  # SSLRequest, or the start of the other
                    if want_tls:
                        peer.sendall(b"S")
                        peer = context.wrap_socket(peer, server_side=True)
                        peer.recv(8192)
                    else:
                        peer.sendall(b"N")
                        peer.recv(8192)
                    peer.sendall(b"R\x00\x00\x00\x08\x00\x00\x00\x03")  # AuthenticationCleartextPassword
                    got.append(peer.recv(8192))
                except OSError:
                    pass
    thread = threading.Thread(target=serve)
    thread.start()

    def stop():
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
    return listener.getsockname()[1], got, stop


def test_the_password_itself(program):
    """Whoever asks for the password in clear does not get it, with or without a certificate that was checked."""
    _, certificates = world()
    for sslmode, tls in (("require", True), ("prefer", False), (None, True)):
        port, got, stop = asks_for_the_password(certificates.made["good"], tls)
        try:
            folder = harness.temp_dir("b")
            done = elsewhere(program).run(
                ["backup", "--json", "--folder", program.path(folder), "-h", NAME, "-p", str(port), "-U", "postgres",
                 "-d", "cmms"] + (["--sslmode", sslmode] if sslmode else []),
                env={"PGPASSWORD": PASSWORD, "PGSSLROOTCERT": program.path(certificates.ca)})
        finally:
            stop()
        refused(done, folder, 6, "asked for the password itself, which was not sent", "scram-sha-256")
        check(got and PASSWORD.encode() not in b"".join(got), "sslmode %s: it got %s" % (sslmode, got))


def test_weaker_by_a_setting(program):
    server, certificates = world()
    present(server, certificates, "wrong name")
    done, folder = backup(program, server, ca=certificates.ca, env={"PGSSLMODE": "verify-ca"})
    equal(done.code, 0, "exit code: %s %s" % (done.out, done.err))
    text = 'sslmode is "verify-ca" (PGSSLMODE): the server\'s name is not checked'
    equal(harness.warnings_of(done.json()), [text], "warnings")
    check(text in harness.log_entries(folder)[-1]["message"], "the log: %s" % harness.log_entries(folder)[-1])


def test_the_doctor_tells(program):
    server, certificates = world()
    present(server, certificates, "good")
    for sslmode, state, words in ((None, "good", "the server's certificate was checked"),
                                  ("require", "warning", 'sslmode is "require" (PGSSLMODE): the server\'s certificate '
                                                         "is not checked; the connection is encrypted")):
        done = elsewhere(program).run(["doctor", "--json", "--folder", program.path(harness.temp_dir("b")), "-h", NAME,
                                       "-p", str(server.port), "-U", "postgres", "-d", "cmms"],
                                      env={"PGPASSWORD": PASSWORD, "PGSSLROOTCERT": program.path(certificates.ca),
                                           **({"PGSSLMODE": sslmode} if sslmode else {})})
        tls = [c for c in done.json()["checks"] if c["name"] == "tls"][0]
        equal(tls["state"], state, "the check: %s" % tls)
        check(words in tls["message"], "the message: %s" % tls)


def test_a_proof_elsewhere(program):
    """prove --on: pg_restore is as careful as our own session."""
    server, certificates = world()
    present(server, certificates, "good")
    done, folder = backup(program, server, ca=certificates.ca)
    equal(done.code, 0, "exit code of backup: %s %s" % (done.out, done.err))
    argv = ["prove", "--json", "--folder", program.path(folder), "--on", "-h", NAME, "-p", str(server.port), "-U",
            "postgres"]
    done = elsewhere(program).run(argv, env={"PGPASSWORD": PASSWORD, "PGSSLROOTCERT": program.path(certificates.ca)})
    equal(done.code, 0, "exit code of prove: %s %s" % (done.out, done.err))
    done = elsewhere(program).run(argv, env={"PGPASSWORD": PASSWORD,
                                             "PGSSLROOTCERT": program.path(certificates.other_ca)})
    equal(done.code, 5, "exit code with another authority: %s %s" % (done.out, done.err))


def test_nothing_else_of_the_environment(program):
    """Variables that would lead libpq elsewhere are refused by name, before a server is asked; those that only tune act
    neither on our session nor on pg_dump."""
    server, certificates = world()
    present(server, certificates, "good")
    env = {"PGCLIENTENCODING": "LATIN1", "PGDATESTYLE": "nonsense", "PGSSLNEGOTIATION": "direct", "PGGEQO": "nonsense",
           "PGGSSENCMODE": "disable", "OPENSSL_CONF": "/no/such/file", "SSL_CERT_FILE": program.path(certificates.ca)}
    done, folder = backup(program, server, ca=certificates.ca, env=env)
    equal(done.code, 0, "exit code: %s %s" % (done.out, done.err))
    equal(done.json()["level"], "verified", "level")
    for name, value in (("PGHOSTADDR", "203.0.113.1"), ("PGSERVICE", "prod"), ("PGSSLCERT", "/no/such/file"),
                        ("PGSSLKEY", "/no/such/file"), ("PGREQUIREAUTH", "none"), ("PGREQUIREPEER", "nobody"),
                        ("PGSSLMINPROTOCOLVERSION", "TLSv1.3"), ("PGTARGETSESSIONATTRS", "standby")):
        done, folder = backup(program, server, ca=certificates.ca, env={name: value})
        equal(done.code, 3, "exit code with %s: %s" % (name, done.out))
        equal(done.json()["error"]["message"], "the environment variable %s is not supported" % name, "the message")
    done = program.run(["list", "--folder", program.path(folder)], env={"PGSERVICE": "prod"})
    equal(done.code, 0, "exit code of list, which asks no server: %s" % done.err)


def test_a_certificate_of_ones_own(program):
    """SSL_CERT_FILE and OPENSSL_CONF of somebody else do not decide whom we trust."""
    server, certificates = world()
    present(server, certificates, "good")
    for ca in (None, "system"):
        done, folder = backup(program, server, env={"SSL_CERT_FILE": program.path(certificates.ca),
                                                    "SSL_CERT_DIR": program.path(certificates.folder),
                                                    **({"PGSSLROOTCERT": ca} if ca else {})})
        refused(done, folder, 5, "is not one that this computer trusts", "IT administrator")


# Whom the Windows programs trust: our file, their system's roots, and nobody that another user has planted.
harness.main(__name__, wine=("test_right_authority", "test_the_systems_roots", "test_openssl_of_another_user",
                             "test_a_certificate_of_ones_own"))
