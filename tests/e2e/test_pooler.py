"""A real PgBouncer between the program and the server."""
import os
import subprocess
import harness
from harness import check, equal, PASSWORD


class Bouncer:
    def __init__(self, server, mode):
        harness.needs("pgbouncer", "/usr/sbin/pgbouncer")
        self.port = harness.reserved_port()
        self.folder = harness.temp_dir("pgb")
        with open(os.path.join(self.folder, "users"), "w") as f:
            f.write('"postgres" "%s"\n' % PASSWORD)
        with open(os.path.join(self.folder, "ini"), "w") as f:
            f.write("[databases]\n* = host=127.0.0.1 port=%d\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %d\n"
                    "unix_socket_dir =\nauth_type = scram-sha-256\nauth_file = %s/users\npool_mode = %s\n"
                    "logfile = %s/log\nadmin_users = postgres\n"
                    % (server.port, self.port, self.folder, mode, self.folder))
        subprocess.run(["chown", "-R", "postgres", self.folder], check=True)
        self.process = subprocess.Popen(["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups",
                                         "/usr/sbin/pgbouncer", "-q", os.path.join(self.folder, "ini")],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        harness.wait_for(self.answers, 20, "PgBouncer")

    def answers(self):
        done = subprocess.run([harness.PG_BIN + "/psql", "-X", "-A", "-t", "-c", "SHOW VERSION", "pgbouncer"],
                              env={**harness.clean_env(), **server_env(self.port)}, capture_output=True)
        return done.returncode == 0

    def stop(self):
        self.process.kill()
        self.process.wait()


def server_env(port):
    return {"PGHOST": "127.0.0.1", "PGPORT": str(port), "PGUSER": "postgres", "PGPASSWORD": PASSWORD}


def backup_through(program, mode):
    server = harness.shared_server()
    harness.sample(server)
    folder = harness.temp_dir("b")
    bouncer = Bouncer(server, mode)
    try:
        return program.backup(bouncer, "cmms", folder), folder
    finally:
        bouncer.stop()


def test_transaction_mode_is_named(program):
    """Sessions are mixed: neither the lock nor the snapshot would be ours. One clear sentence, and no backup."""
    done, folder = backup_through(program, "transaction")
    equal(done.code, 5, "exit code: %s %s" % (done.out, done.err))
    error = done.json()["error"]
    check("pooler" in error["message"] and "session" in error["hint"], done.out)
    equal((harness.backups_in(folder), harness.partials_in(folder)), ([], []), "files")


def test_doctor_names_it(program):
    server = harness.shared_server()
    bouncer = Bouncer(server, "transaction")
    try:
        done = program.run(["doctor", "--json", "--folder", program.path(harness.temp_dir("b")), "-h", "127.0.0.1",
                            "-p", str(bouncer.port), "-U", "postgres", "-d", harness.sample(server)],
                           env={"PGPASSWORD": PASSWORD})
    finally:
        bouncer.stop()
    checks = {c["name"]: c for c in done.json()["checks"]}
    found = [c for c in checks.values() if "pooler stands before" in c["message"]]
    equal([c["state"] for c in found], ["bad"], "what the doctor says: %s" % done.out)


def test_nothing_is_left_in_the_pool(program):
    """A refused backup or preview has changed no session that the pool gives to others next."""
    server = harness.shared_server()
    database = harness.sample(server)
    folder = harness.temp_dir("b")
    path = program.path(program.good_backup(server, database, folder)["unix_path"])
    bouncer = Bouncer(server, "transaction")
    try:
        done = program.backup(bouncer, "cmms", folder)
        equal(done.code, 5, "exit code: %s" % done.out)
        done = program.run(["preview", "--json", "--folder", program.path(folder), path],
                           env={**server_env(bouncer.port), "PGDATABASE": "cmms"})
        equal(done.code, 5, "exit code of a preview: %s" % done.out)
        check("pooler stands before" in done.json()["error"]["message"], "the sentence: " + done.out)
        psql = subprocess.run([harness.PG_BIN + "/psql", "-X", "-A", "-t", "-c", "SHOW search_path", "cmms"],
                              env={**harness.clean_env(), **server_env(bouncer.port)}, capture_output=True)
        equal(psql.stdout.decode().strip(), '"$user", public', "the search path of the next client")
        harness.no_locks_left(server)
    finally:
        bouncer.stop()


def test_session_mode_serves(program):
    """Each client has a session of its own: the counts are those of the dump's snapshot, as ever."""
    done, folder = backup_through(program, "session")
    equal(done.code, 0, "exit code: %s %s" % (done.out, done.err))
    report = done.json()
    equal((report["level"], harness.warnings_of(report)), ("verified", []), "the backup")
    check(sum(t["rows"] for t in report["tables"]) > 1000, "the rows")


harness.main(__name__, wine=("test_transaction_mode_is_named", "test_session_mode_serves"))
