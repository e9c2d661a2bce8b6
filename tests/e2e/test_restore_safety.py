"""The safety backup that a restore makes first is a backup like any other: proven, where this PC can do that."""
import json
import os
import subprocess
import harness
from harness import check, equal
from test_prove import Prover
from test_restore import databases


class Plant:
    def __init__(self, program, name):
        self.program, self.name = program, name
        self.server, self.folder, self.prover = harness.shared_server(), harness.temp_dir("s"), Prover(program)
        self.server.psql("CREATE DATABASE %s" % name)
        self.server.psql("CREATE TABLE work_orders AS SELECT generate_series(1, 100) AS id", name)
        self.path = program.good_backup(self.server, name, self.folder)["unix_path"]
        self.server.psql("DELETE FROM work_orders WHERE id > 50", name)
        self.prover.own(self.folder)

    def restore(self, *arguments, env=None):
        program = self.program
        self.prover.get_ready()
        return harness.finish(subprocess.Popen(
            self.prover.argv + ["restore", "--json", "--yes", "--folder", program.path(self.folder), "-h", "127.0.0.1",
                                "-p", str(self.server.port), "-U", "postgres", "-d", self.name, *arguments,
                                program.path(self.path)],
            env=program.env({**self.prover.env, "PGPASSWORD": harness.PASSWORD, **(env or {})}),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/"))

    def level(self, told):
        """Of the safety backup, by its manifest."""
        name = told["safety_backup"].replace("\\", "/").split("/")[-1]
        with open(os.path.join(self.folder, name + ".manifest.json"), encoding="utf-8") as f:
            return json.load(f)["level"]

    def rows(self):
        return self.server.psql("SELECT count(*) FROM work_orders", self.name)


def good(done):
    equal(done.code, 0, "exit code: %s %s" % (done.out, done.err))
    return done.json()


def test_it_is_proven(program):
    plant = Plant(program, "safe")
    told = good(plant.restore())
    equal((told["safety_unproven"], plant.level(told), plant.rows()), (None, "proven", "100"), "what came of it")
    check(told["preview"]["safety_proof"], "it was said before")
    plant.prover.nothing_left()
    operations = [e["operation"] for e in harness.log_entries(plant.folder)]
    equal([o for o in operations if o != "verify"][-3:], ["backup", "prove", "restore"], "the log")
    told = good(plant.restore("--no-safety-proof"))
    equal((told["safety_unproven"], plant.level(told), told["preview"]["safety_proof"]), (None, "verified", False),
          "declined")


def test_it_cannot_be_proven_here(program):
    """That is said, and no reason to leave a plant without its data: the old database is kept besides."""
    plant = Plant(program, "unsafe")
    nowhere = harness.temp_dir("e")
    told = good(plant.restore(env={"CMMS_BACKUP_ENGINE": program.path(nowhere)}))
    check("there is no PostgreSQL server" in told["safety_unproven"], told["safety_unproven"])
    check("could not be proven" in str(told["warnings"]), "it is said: %s" % told["warnings"])
    equal((plant.level(told), plant.rows(), told["preview"]["safety_proof"]), ("verified", "100", False), "without one")
    # What takes more rights than a proof gives.
    plant.server.psql("CREATE FUNCTION len(text) RETURNS int LANGUAGE internal IMMUTABLE STRICT AS 'textlen'",
                      "unsafe")
    told = good(plant.restore())
    check("takes rights that a proof does not give" in told["safety_unproven"], told["safety_unproven"])
    equal((plant.level(told), plant.rows()), ("verified", "100"), "a function in C")
    equal(len(databases(plant.server, "unsafe")), 3, "what is kept")


harness.main(__name__)
