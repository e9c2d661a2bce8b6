"""The network is cut while a backup or a proof runs: an end in words, nothing left, the next run needs no repair."""
import os
import re
import signal
import time
import harness
from harness import check, equal, finish
from network import Network
from promises import check_promises, left_over, look, next_run
from test_prove import Prover, databases

MUCH = 3000000 # bytes after which a pg_dump of the sample is in its large tables
DUMP = "application_name LIKE 'cmms-backup-dump %'"


class Place:
    def __init__(self, program, fails=False):
        self.fails = fails
        self.program, self.server = program, harness.shared_server()
        self.database = harness.sample(self.server, "slow", 12)
        self.folder = harness.temp_dir("n")
        self.before = look(self.folder)

    def arguments(self):
        return ["backup", "--json", "--folder", self.program.path(self.folder)]

    def start(self, network, verb="backup"):
        """With --json where it is to fail: else the log is wanted, which is for people."""
        rest = self.arguments()[1:] if self.fails else self.arguments()[2:]
        env = {**network.env(self.server, self.database), "CMMS_STALL_SECONDS": "3"}
        if verb == "doctor": # it dies after some bytes, and certificates have many
            env["PGSSLMODE"] = "disable"
        return self.program.start([verb] + rest, env=env)

    def under(self, rule=None, rate=0):
        """A backup through a network of that kind."""
        with Network(self.server.port, rule, rate) as network:
            return finish(self.start(network))

    def check(self, done, good):
        now = check_promises(self.folder, self.before, output=done.out + done.err)
        equal((len(now.good), left_over(self.folder)), (good, []), "good backups, and what is left")
        equal(now.log[-1]["status"], "success" if good else "failed", "the log")

    def failed(self, done, *words):
        """One sentence of these words, with a remedy; then a run without a fault."""
        equal(done.code, 5, "exit code: %s %s" % (done.out, done.err))
        error = done.json()["error"]
        check(any(w in error["message"] for w in words), "the sentence: %s" % error)
        check(error["hint"] and "\n" not in error["message"], "one sentence, and a remedy: %s" % error)
        self.check(done, 0)
        next_run(self.program, self.folder, self.arguments(), self.server.env(self.database))
        equal(len(look(self.folder).good), 1, "the next backup")

    def good(self, done, again):
        equal(done.code, 0, "exit code: %s %s" % (done.out, done.err))
        equal("begins again" in done.out + done.err, again, "that it began again: %s" % (done.out + done.err))
        check(not again or "an interrupted backup" not in done.out + done.err, "its own sessions are nobody else's: %s"
              % (done.out + done.err))
        self.check(done, 1)


def once(what):
    """A rule that does it when a connection has brought much, and never again."""
    done = []

    def rule(network, pair):
        if pair.passed > MUCH and not done:
            done.append(pair)
            what(network)
    return rule


def dies(network, pair):
    network.die()


def counting_dies(network, pair):
    """Our session goes silent when pg_dump comes; pg_dump is not disturbed."""
    if pair.number == 2:
        network.pairs[0].silent = True


def stop(network, process, word):
    """Ctrl+C when the network is silent; what came of it."""
    harness.wait_for(lambda: any(p.silent for p in network.pairs), 60, "silence")
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    done = finish(process, 60)
    took = time.monotonic() - began
    equal(done.code, 130, "%s: exit code: %s %s" % (word, done.out, done.err))
    check(took < 4 * harness.SCALE, "%s: stopped after %.1f s" % (word, took)) # two, and no more when a machine is busy
    print("# stopped %s after %.1f s" % (word, took))


def test_dead_in_a_large_table(program):
    place = Place(program, fails=True)
    place.failed(place.under(once(Network.die)), "nothing moved", "has not answered", "did not answer in time")


def test_connections_are_forgotten(program):
    """Those that there are go silent, new ones work: a router that restarted. The backup begins again by itself."""
    place = Place(program)
    place.good(place.under(once(Network.forget)), again=True)


def test_dead_while_it_counts(program):
    place = Place(program)
    place.good(place.under(counting_dies), again=True)


def test_dead_while_connecting(program):
    place = Place(program, fails=True)
    place.failed(place.under(dies), "did not answer in time")


def test_dead_for_new_connections(program):
    """Our session is there, and pg_dump cannot connect any more."""
    def rule(network, pair):
        network.new_silent = True
    place = Place(program, fails=True)
    place.failed(place.under(rule), "nothing moved", "did not answer in time")


def test_new_connections_die_later(program):
    """What is connected serves: the backup needs no other."""
    def rule(network, pair):
        network.new_silent = network.new_silent or pair.passed > MUCH
    place = Place(program)
    place.good(place.under(rule), again=False)


def test_reset(program):
    place = Place(program)
    place.good(place.under(once(Network.reset)), again=True)


def test_slow(program):
    """Slow is not dead: it takes several times as long as nothing may move."""
    place = Place(program)
    began = time.monotonic()
    done = place.under(rate=1200000)
    check(time.monotonic() - began > 6, "the network was slow")
    place.good(done, again=False)


def test_cancel(program):
    """A stop is followed on a dead network as well."""
    if program.kind == "wine":
        raise harness.Skip("no console event can be sent to a Wine process from outside; it is the same core")
    for word, rule in (("in a table", once(Network.die)), ("while it counts", counting_dies),
                       ("while connecting", dies)):
        place = Place(program)
        with Network(place.server.port, rule) as network:
            stop(network, place.start(network), word)
            equal((harness.backups_in(place.folder), left_over(place.folder)), ([], []), "what is left")


def test_killed_where_the_server_cannot_see_it(program):
    """The PC loses its power, or the program is killed on a dead network: the server keeps the sessions with all their
    locks. Another PC is told who has the database; the next backup of the same folder ends what its last one left."""
    place, other = Place(program), Place(program, fails=True)
    ours = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'cmms-backup%'"
    with Network(place.server.port, once(Network.forget)) as network:
        process = place.start(network)
        harness.wait_for(lambda: any(p.silent for p in network.pairs), 60, "silence")
        program.kill(process)
        check(int(place.server.psql(ours)) >= 2, "the server still has the sessions")
        done = program.run(other.arguments(), env=place.server.env(place.database))
        equal(done.code, 9, "exit code on another PC: %s %s" % (done.out, done.err))
        error = done.json()["error"]
        equal(error["message"], "another computer is backing up or restoring this database", "the sentence")
        check(re.fullmatch(r"cmms-backup \S+ [0-9a-f]{8}, of user postgres, from 127\.0\.0\.1, since \S+ \S+",
                           error["detail"]), "who it is: %s" % error["detail"])
        done = program.run(["backup", "--folder", program.path(place.folder)],
                           env=place.server.env(place.database))
        check(re.search(r"Ended [2-4] session\(s\) that an interrupted backup had left on the server",
                        done.out + done.err), "it is told: %s %s" % (done.out, done.err))
        place.good(done, again=False)
        # Of a client that has gone the server knows in a moment.
        try:
            harness.wait_for(lambda: place.server.psql(ours) == "0", 20, "the end of all sessions")
        except AssertionError as error:
            left = place.server.psql("SELECT pid, backend_start, application_name, state, wait_event, client_port, "
                                     "query FROM pg_stat_activity WHERE application_name LIKE 'cmms-backup%'")
            pairs = [(p.port, p.silent, p.server and p.server.fileno()) for p in network.pairs]
            raise AssertionError("%s: %s; the network's: %s; %s" % (error, left, pairs, done.out)) from error


def test_doctor(program):
    """The network dies when the doctor has connected: told, and an end."""
    def rule(network, pair):
        if pair.passed > 1000:
            network.die()
    place = Place(program, fails=True)
    with Network(place.server.port, rule) as network:
        done = finish(place.start(network, "doctor"))
    check("has not answered" in done.out, "the sentence: " + done.out)
    equal(done.code, 5, "exit code: " + done.out)
    bad = [c for c in done.json()["checks"] if c["state"] == "bad"]
    check(bad and bad[0]["hint"], "what is wrong and what to do: %s" % bad)


def test_cancel_of_the_doctor(program):
    """The test of a connection, as the assistant makes it: stopped while it connects, and while it asks."""
    if program.kind == "wine":
        raise harness.Skip("no console event can be sent to a Wine process from outside; it is the same core")
    place = Place(program, fails=True)
    for word, rule in (("while connecting", dies),
                       ("while asking", lambda network, pair: pair.passed > 1000 and network.die())):
        with Network(place.server.port, rule) as network:
            stop(network, place.start(network, "doctor"), word)


def test_prove(program):
    """A proof on a server to which the network dies: ended, and the next one takes away what was left there."""
    place = Place(program)
    program.good_backup(place.server, place.database, place.folder)
    prover = Prover(program)
    before = databases(place.server)

    def rule(network, pair):
        if pair.number == 4: # pg_restore: after the sessions in the server, in the new database and as its role
            network.die()
    on = ["--on", "-h", "127.0.0.1", "-U", "postgres", "-p"]
    env = {"PGPASSWORD": harness.PASSWORD, "CMMS_STALL_SECONDS": "3"}
    with Network(place.server.port, rule) as network:
        done = prover.run(place.folder, on + [str(network.own_port)], env)
    equal(done.code, 5, "exit code: %s %s" % (done.out, done.err))
    check("nothing moved" in done.json()["error"]["message"], done.out)
    equal(harness.log_entries(place.folder)[-1]["status"], "failed", "the log")
    harness.wait_for(lambda: place.server.psql("SELECT count(*) FROM pg_stat_activity WHERE datname LIKE "
                                               "'cmms_prove%'") == "0", 30, "the end of its sessions")
    done = prover.run(place.folder, on + [str(place.server.port)], env)
    equal(done.code, 0, "the next proof: %s %s" % (done.out, done.err))
    equal(databases(place.server), before, "databases")


def test_cancel_of_a_proof(program):
    """A proof on a server is stopped when the network is dead: within two seconds, and no more when a machine is busy.
    What it leaves on the server the next proof takes away."""
    if program.kind == "wine":
        raise harness.Skip("no console event can be sent to a Wine process from outside; it is the same core")
    place = Place(program)
    program.good_backup(place.server, place.database, place.folder)
    prover = Prover(program)
    before = databases(place.server)
    env = {"PGPASSWORD": harness.PASSWORD}
    on = ["--on", "-h", "127.0.0.1", "-U", "postgres", "-p"]
    # The first connection is to the server, the second to the new database, the third its role's, the fourth
    # pg_restore's.
    for word, rule in (("while connecting", dies),
                       ("with a new database", lambda network, pair: pair.number == 2 and network.die()),
                       ("with a new role", lambda network, pair: pair.number == 3 and network.die()),
                       ("while restoring", lambda network, pair: pair.number == 4 and network.die()),
                       ("while comparing", lambda network, pair: pair.number == 3 and len(network.pairs) > 3 and
                        network.die())):
        with Network(place.server.port, rule) as network:
            stop(network, prover.start(place.folder, on + [str(network.own_port)], env), word)
        harness.wait_for(lambda: place.server.psql("SELECT count(*) FROM pg_stat_activity WHERE datname LIKE "
                                                   "'cmms_prove%'") == "0", 30, "the end of its sessions")
    done = prover.run(place.folder, on + [str(place.server.port)], env)
    equal(done.code, 0, "the next proof: %s %s" % (done.out, done.err))
    equal(databases(place.server), before, "databases")


# Of the sockets of Windows: one that is silent, one that never connects, one that is reset, one that nobody closes.
harness.main(__name__, wine=("test_dead_while_connecting", "test_reset", "test_killed_where_the_server_cannot_see_it",
                             "test_doctor"))
