"""A file of 200 GB, sparse, to a simulator that keeps nothing: right requests, memory flat. With --thorough; the
client is the optimised build, which ./dev test makes for it. Takes ten minutes and more."""
# runs: native
import os
import harness
from graph_sim import Simulator
from harness import check, equal
from test_upload import MIB, Zeros, check_fragments

OPTIMISED = os.path.join(harness.TOP, "build/bench/fakes/cloud_upload")


class Optimised(Zeros):
    def driver(self):
        return [OPTIMISED]


def peak_of(program, size):
    """MB of memory that an upload of so many bytes takes at its most."""
    with Simulator() as sim:
        upload = Optimised(program, size, sim)
        process = upload.start()
        process.stdout.read()
        errors = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        check(status == 0, "%s; %r" % (errors, sim.log[-8:]))
        upload.whole()
        sent = [count for method, count, _ in sim.pace if method == "PUT"]
        check(sent[0] == 10 * MIB and max(sent) <= 62586880, "fragments: %s" % sent[:8])
        equal(sum(sent), size, "bytes that were sent")
        os.unlink(upload.path)
    return usage.ru_maxrss / 1024


def test_200_gb(program):
    if not harness.THOROUGH:
        raise harness.Skip("200 GB are uploaded with --thorough")
    if not os.path.exists(OPTIMISED):
        raise harness.Skip("./dev test --thorough makes the optimised build that this takes")
    small, large = peak_of(program, 200 * MIB), peak_of(program, 200 << 30)
    check(large <= small + 16, "memory: %.0f MB for 200 MB, %.0f MB for 200 GB" % (small, large))


def test_two_gb(program):
    """The same in small, of the build with sanitizers: more than fits into 32 bits. 1 GB is in test_upload, always."""
    if not harness.THOROUGH:
        raise harness.Skip("2 GB are uploaded with --thorough")
    with Simulator() as sim:
        upload = Zeros(program, (2 << 30) + 1, sim)
        upload.good()
        check_fragments(upload.size, [count for method, count, _ in sim.pace if method == "PUT"])


harness.main(__name__)
