"""rclone, unmodified, with the simulator (graph_sim.py) over TLS: a client that talks to the real service judges it.

Its hosts are led to the simulator by a proxy, and the test's authority is trusted in its own environment alone.
"""
# runs: native
import json
import os
import random
import subprocess
import graph_sim
import harness
from graph_sim import GRAPH_HOSTS, Proxy, Simulator, UNIT
from harness import check, equal
from test_upload import Uploader

RCLONE = "/usr/bin/rclone"


class Rclone:
    """A simulator over TLS, and rclone that takes it for Microsoft's."""

    def __init__(self, program):
        harness.needs("rclone", RCLONE)
        self.program, self.folder = program, harness.temp_dir("rclone")
        pair, self.authority = graph_sim.certificate(self.folder, GRAPH_HOSTS)
        self.sim = Simulator(pair)
        self.sim.rclone = True
        self.proxy = Proxy(GRAPH_HOSTS, self.sim.server.server_port)
        self.env = graph_sim.rclone_environment(self.folder, self.sim, self.proxy, self.authority)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.proxy.listener.close()
        self.sim.__exit__()

    def run(self, *arguments):
        done = subprocess.run([RCLONE, "--retries", "1", *arguments], env=self.env, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=280 * harness.SCALE)
        check(done.returncode == 0, "rclone %s: %s; %r" % (arguments, done.stderr.decode()[-1500:], self.sim.log[-8:]))
        return done.stdout.decode()

    def files(self, names):
        """Made here; their contents by name."""
        source = os.path.join(self.folder, "source")
        os.makedirs(source, exist_ok=True)
        contents = {}
        for name, size in names.items():
            contents[name] = random.Random(name).randbytes(size)
            with open(os.path.join(source, name), "wb") as f:
                f.write(contents[name])
        return source, contents


def test_uploads_lists_and_compares(program):
    with Rclone(program) as rclone:
        sim = rclone.sim
        source, contents = rclone.files({
            "empty.backup": 0, "one.backup": 1, "unit.backup": UNIT, "more.backup": UNIT + 1,
            "ten.backup": 10 * 1024 * 1024, "eleven.backup": 10 * 1024 * 1024 + 1, "a # % & ' \u00fc.backup": 5000})
        rclone.run("copy", source, "sp:Backups")
        equal(sim.names(), sorted(contents), "what is there")
        for name, content in contents.items():
            check(sim.data(name) == content, name + " is another there")
        check({"create", "fragment", "put"} <= set(sim.kinds()), "sessions and one request: %r" % sim.kinds())
        listed = {f["Path"]: f["Size"] for f in json.loads(rclone.run("lsjson", "sp:Backups"))}
        equal(listed, {name: len(content) for name, content in contents.items()}, "its list")
        rclone.run("check", source, "sp:Backups")  # by its own quickXorHash of what lies here
        item = sim.child(sim.folder, "ten.backup")
        item["data"] = item["data"][:-1] + bytes([item["data"][-1] ^ 1])
        done = subprocess.run([RCLONE, "check", source, "sp:Backups"], env=rclone.env, capture_output=True,
                              stdin=subprocess.DEVNULL)
        check(done.returncode == 1, "and it finds the one that is another: " + done.stderr.decode()[-1500:])
        equal(sim.complaints, [], "complaints")
        equal(rclone.proxy.refused, [], "hosts that it asks besides")


def test_what_we_uploaded(program):
    """What our own upload brought there is the same for rclone, and the other way round."""
    with Rclone(program) as rclone:
        sim = rclone.sim
        sim.rclone = False  # we are held to all of it
        ours = Uploader(program, 5 * UNIT + 7, sim, ca=rclone.authority)
        ours.good()
        sim.rclone = True
        rclone.run("check", "--include", "*.backup", ours.folder, "sp:Backups")
        back = os.path.join(rclone.folder, "back")
        listed = json.loads(rclone.run("lsjson", "--hash", "sp:Backups"))
        equal([(f["Path"], f["Size"]) for f in listed], [(ours.name, len(ours.data))], "its list")
        check(not os.path.exists(back), "nothing was asked to come back")


def test_the_largest_fragments(program):
    """As the bench has it: the largest fragments below 60 MiB; those of 60 MiB are refused."""
    with Rclone(program) as rclone:
        sim = rclone.sim
        sim.blind = True
        path = os.path.join(rclone.folder, "zeros.backup")
        with open(path, "wb") as f:
            f.truncate(2 * 62586880 + 5)
        # Its switch rounds 61120k to 59.688Mi, and then says that this is no multiple of 320Ki.
        rclone.run("copyto", path, "sp,chunk_size=61120k:Backups/zeros.backup")
        equal([count for method, count, _ in sim.pace if method == "PUT"], [62586880, 62586880, 5], "fragments")
        done = subprocess.run([RCLONE, "--retries", "1", "--low-level-retries", "1", "copyto", "--onedrive-chunk-size",
                               "60M", path, "sp:Backups/other.backup"], env=rclone.env, capture_output=True,
                              stdin=subprocess.DEVNULL)
        check(done.returncode != 0 and "maxFragmentLengthExceeded" in done.stderr.decode(), "60 MiB: %s" % done.stderr)
        equal(sim.names(), ["zeros.backup"], "what is there")


harness.main(__name__)
