"""Sources come by what they are: .dev/fetch.sh against a mirror that has every fault that mirrors have."""
import contextlib
import os
import subprocess
import sys
import threading
import time
from mirror import DEV, PAGE, check, equal, for_user, has, lacks, main, new_mirror, run
from signer import Signer

CLOSED = "http://127.0.0.1:1/debian"


@contextlib.contextmanager
def mirrors(count=1):
    made = [new_mirror() for _ in range(count)]
    try:
        yield made[0] if count == 1 else made
    finally:
        for mirror in made:
            mirror.close()


def write(path, text):
    with open(path, "w" if isinstance(text, str) else "wb") as f:
        f.write(text)
    return path


def fetch(folder, lock, *options, verb="get", keyring="trusted", newer="", env=None, before=()):
    """Returns (exit code, output, the files that came)."""
    out = folder + "/out"
    argv = list(before) + ["bash", DEV + "/fetch.sh", verb, "--lock", write(folder + "/lock", "\n".join(lock) + "\n")]
    argv += ["--into", out] if verb == "get" else []
    code, output = run(argv + ["--newer", newer, "--signed-by", keyring] + list(options),
                       env=dict(os.environ, **(env or {})))
    came = sorted(os.listdir(out)) if os.path.isdir(out) else []
    check(not [n for n in came if n.endswith(".part")], "something half is there: %r" % came)
    return code, output, [n for n in came if not n.startswith(".")]


def test_pool_without_index(folder):
    with mirrors() as m:
        line = m.source("tiny", "1.0-1", suite=None)
        code, output, came = fetch(folder, ["# a comment", line], "--mirror", m.url)
        equal((code, for_user(output)), (0, []), "the end")
        equal(came, ["sources.lock", "tiny_1.0.orig.tar.gz"], "what came")
        with open(folder + "/out/sources.lock") as f:
            equal(f.read(), line + "\n", "what is written of it")
        equal(len(m.asked), 1, "requests")


def test_index_ahead_of_pool(folder):
    with mirrors() as m:
        line = m.source("tiny", "1.0-1", suite=None)
        m.source("tiny", "2.0-1", there=False)
        m.publish()
        code, output, came = fetch(folder, [line], "--mirror", m.url)
        equal((code, for_user(output)), (0, []), "the end")
        equal(came, ["sources.lock", "tiny_1.0.orig.tar.gz"], "what came")
        check(not [p for p in m.asked if "dists" in p], "no list is needed for it")


def test_security_has_a_pool_of_its_own(folder):
    with mirrors() as m:
        line = m.source("libtiny", "1.0-1", suite=None, archive="debian-security",
                        folder="pool/updates/main/libt/libtiny")
        code, output, came = fetch(folder, [line], "--mirror", m.url, "--mirror", m.url + "-security")
        equal((code, for_user(output)), (0, []), "the end")
        has(output, "the pool of %s-security" % m.url)


def test_listed_elsewhere(folder):
    """The same bytes, at another place than a pool's usual one: APT's list knows it."""
    with mirrors() as m:
        line = m.source("tiny", "1.0-1", folder="pool/main/o/older")
        m.publish()
        code, output, came = fetch(folder, [line], "--mirror", m.url)
        equal((code, for_user(output)), (0, []), "the end")
        has(output, "as trixie lists it")


def test_another_version(folder):
    """The pinned version is gone everywhere. Of those listed the first that is whole is taken, and named."""
    with mirrors() as m:
        line = m.source("tiny", "1.0-1", suite=None, there=False)
        m.source("tiny", "2.0-1", there=False)
        newer = m.source("tiny", "3.0-1", suite="forky")
        m.publish()
        code, output, came = fetch(folder, [line], "--mirror", m.url, newer="forky")
        equal(code, 0, "the end: " + output)
        equal(came, ["sources.lock", "tiny_3.0.orig.tar.gz"], "what came")
        equal(for_user(output), [
            "NOTE: tiny 3.0-1 of forky instead of 1.0-1, which cannot be had (%s: 404 Not Found; 2.0-1 of trixie: 404 "
            "Not Found)" % m.url], "what is said")
        with open(folder + "/out/sources.lock") as f:
            equal(f.read(), newer.replace(" trixie ", " forky ") + "\n", "what is written of it")


def test_updates_before_newer_suites(folder):
    with mirrors() as m:
        line = m.source("tiny", "1.0-1", suite=None, there=False)
        m.source("tiny", "1.1-1", suite="trixie-updates")
        m.source("tiny", "3.0-1", suite="forky")
        m.publish()
        code, output, came = fetch(folder, [line], "--mirror", m.url, newer="forky")
        equal((code, came), (0, ["sources.lock", "tiny_1.1.orig.tar.gz"]), "what came: " + output)


FAULTS = {"wrong": "other bytes than those of the lock", "half": " bytes instead of ",
          "html": "a web page instead of the file", "403": "403 Forbidden", "gone": "404 Not Found",
          "breaks": "closed connection"}


def test_faults_and_the_next_way(folder):
    for fault in FAULTS:
        with mirrors(2) as (bad, good):
            line = bad.source("tiny", "1.0-1", suite=None)
            good.source("tiny", "1.0-1", suite=None)
            bad.faults["*"] = fault
            place = folder + "/" + fault
            os.mkdir(place)
            code, output, came = fetch(place, [line], "--mirror", bad.url, "--mirror", good.url)
            equal((code, for_user(output)), (0, []), fault)
            has(output, "the pool of " + good.url)
            equal(came, ["sources.lock", "tiny_1.0.orig.tar.gz"], "what came")


def test_faults_and_no_other_way(folder):
    """One clear sentence, and no file of that name."""
    for fault, words in FAULTS.items():
        with mirrors() as m:
            line = m.source("tiny", "1.0-1", suite=None)
            m.faults["*"] = fault
            place = folder + "/" + fault
            os.mkdir(place)
            code, output, came = fetch(place, [line], "--mirror", m.url)
            equal((code, came), (1, []), fault)
            said = for_user(output)
            equal(len(said), 1, "sentences: %r" % said)
            has(said[0], "FAIL: tiny 1.0-1 cannot be had (%s: " % m.url, words)


def test_a_list_that_expired(folder):
    with mirrors() as m:
        line = m.source("tiny", "1.0-1", suite=None, there=False)
        m.source("tiny", "2.0-1")
        m.publish(expires="Fri, 02 Jan 2026 00:00:00 UTC")
        code, output, came = fetch(folder, [line], "--mirror", m.url)
        equal((code, came), (0, ["sources.lock", "tiny_2.0.orig.tar.gz"]), "what came: " + output)
        has("\n".join(for_user(output)),
            "NOTE: the mirror's list of trixie expired on 2 January 2026; taken all the same",
            "NOTE: tiny 2.0-1 of trixie instead of 1.0-1")


def test_a_list_without_signature(folder):
    """What nobody signed is not taken, even when nothing else is there."""
    with mirrors() as m:
        line = m.source("tiny", "1.0-1", suite=None, there=False)
        m.source("tiny", "2.0-1")
        m.publish()
        code, output, came = fetch(folder, [line], "--mirror", m.url,
                                   keyring="/usr/share/keyrings/debian-archive-keyring.gpg")
        equal((code, came), (1, []), "what came: " + output)
        has(for_user(output)[-1], "FAIL: tiny 1.0-1 cannot be had", "its list is not signed")


def test_a_list_with_a_signature(folder):
    """A list that the archive's key has signed is believed; one that was changed since, or by another key, is not."""
    signer = Signer(folder)
    with mirrors() as m:
        line = m.source("tiny", "1.0-1", suite=None, there=False)
        m.source("tiny", "2.0-1")
        m.publish(signer=signer)
        code, output, came = fetch(folder, [line], "--mirror", m.url, keyring=signer.keyring)
        equal((code, came), (0, ["sources.lock", "tiny_2.0.orig.tar.gz"]), "what came: " + output)
        os.unlink(folder + "/out/tiny_2.0.orig.tar.gz")
        os.unlink(folder + "/out/sources.lock")
        os.mkdir(folder + "/other")
        code, output, came = fetch(folder, [line], "--mirror", m.url, keyring=Signer(folder + "/other").keyring)
        equal((code, came), (1, []), "by another key: " + output)
        has(for_user(output)[-1], "FAIL: tiny 1.0-1 cannot be had", "the signature of its list is not good")
        release = "/debian/dists/trixie/Release"
        m.files[release] = m.files[release].replace(b"Label: Debian", b"Label: debian")
        code, output, came = fetch(folder, [line], "--mirror", m.url, keyring=signer.keyring)
        equal((code, came), (1, []), "changed: " + output)
        has(for_user(output)[-1], "FAIL: tiny 1.0-1 cannot be had", "the signature of its list is not good")


def test_given_folder(folder):
    """What the user has comes first, from any depth, and without a network; but only if it is right."""
    with mirrors() as m:
        line = m.source("tiny", "1.0-1", suite=None)
        data = m.files["/debian/pool/main/t/tiny/tiny_1.0.orig.tar.gz"]
        os.makedirs(folder + "/given/deep")
        write(folder + "/given/deep/tiny_1.0.orig.tar.gz", data)
        for place in (folder + "/given", "file://" + folder + "/given"):
            code, output, came = fetch(folder, [line], "--mirror", m.url, "--given", place)
            equal((code, came, m.asked), (0, ["sources.lock", "tiny_1.0.orig.tar.gz"], []), output)
        write(folder + "/given/deep/tiny_1.0.orig.tar.gz", data[:-1])
        code, output, came = fetch(folder, [line], "--mirror", m.url, "--given", folder + "/given")
        equal((code, len(m.asked)), (0, 1), output)
        m.faults["*"] = "gone"
        code, output, came = fetch(folder, [line], "--mirror", m.url, "--given", folder + "/given")
        equal(code, 1, output)
        has(for_user(output)[-1], "%s/given: %d bytes instead of %d" % (folder, len(data) - 1, len(data)))
        code, output, came = fetch(folder, [line], "--mirror", m.url, "--given", folder + "/nothing")
        has(for_user(output)[-1], "%s/nothing: no such file" % folder)


def test_given_address(folder):
    with mirrors(2) as (company, debian):
        line = debian.source("tiny", "1.0-1", suite=None)
        company.put("tiny_1.0.orig.tar.gz", debian.files["/debian/pool/main/t/tiny/tiny_1.0.orig.tar.gz"])
        code, output, came = fetch(folder, [line], "--mirror", debian.url, "--given", company.url + "/")
        equal((code, came, debian.asked), (0, ["sources.lock", "tiny_1.0.orig.tar.gz"], []), output)


def test_debsnap(folder):
    """Where it is installed it is asked after the mirrors, and not believed either."""
    with mirrors() as m:
        line = m.source("tiny", "1.0-1", suite=None)
        right = write(folder + "/right", m.files["/debian/pool/main/t/tiny/tiny_1.0.orig.tar.gz"])
        m.faults["*"] = "gone"
        os.mkdir(folder + "/bin")
        tool = write(folder + "/bin/debsnap", '#!/bin/sh\n[ "$1 $2 $4 $5" = "--force --destdir tiny 1.0-1" ] && '
                     'mkdir -p "$3" && cp "$SNAP" "$3/tiny_1.0.orig.tar.gz"\n')
        os.chmod(tool, 0o755)
        env = {"PATH": folder + "/bin:" + os.environ["PATH"], "SNAP": right}
        code, output, came = fetch(folder, [line], "--mirror", m.url, env=env)
        equal((code, came), (0, ["sources.lock", "tiny_1.0.orig.tar.gz"]), output)
        os.unlink(folder + "/out/tiny_1.0.orig.tar.gz")
        env["SNAP"] = write(folder + "/other", PAGE)
        code, output, came = fetch(folder, [line], "--mirror", m.url, env=env)
        equal(code, 1, output)
        has(for_user(output)[-1], "debsnap: a web page instead of the file")


def test_no_network(folder):
    """No name is resolved, nothing is reached: said once for each file, and the second does not wait for it again."""
    with mirrors() as m:
        lines = [m.source("tiny", "1.0-1", suite=None), m.source("other", "1.0-1", suite=None)]
        start = time.monotonic()
        code, output, came = fetch(folder, lines, "--mirror", "http://mirror.invalid/debian", "--mirror", CLOSED,
                                   before=["unshare", "--net"])
        equal((code, came), (1, []), output)
        said = for_user(output)
        equal(len(said), 2, "sentences: %r" % said)
        for name, line in zip(("tiny", "other"), said):
            has(line, "FAIL: %s 1.0-1 cannot be had (http://mirror.invalid/debian: " % name, "resolv",
                "; %s: C" % CLOSED)
        check(time.monotonic() - start < 60, "it took %d s" % (time.monotonic() - start))
        code, output, came = fetch(folder, lines)
        has(for_user(output)[0], "cannot be had (no mirror is known)")


def test_optional(folder):
    with mirrors() as m:
        lines = [m.source("tiny", "1.0-1", suite=None), m.source("spare", "1.0-1", suite=None, there=False)]
        lines[1] = lines[1].replace(" needed", " optional")
        code, output, came = fetch(folder, lines, "--mirror", m.url)
        equal((code, came), (0, ["sources.lock", "tiny_1.0.orig.tar.gz"]), output)
        has(for_user(output)[0], "NOTE: spare 1.0-1 cannot be had (", "404 Not Found); what needs it is left out")
        with open(folder + "/out/.missing") as f:
            has(f.read(), "spare spare 1.0-1 cannot be had (%s: 404 Not Found; " % m.url)
        with open(folder + "/out/sources.lock") as f:
            equal(f.read(), lines[0] + "\n", "what is written of it")


def test_bad_lock(folder):
    code, output, came = fetch(folder, ["tiny 1.0-1 trixie"], "--mirror", CLOSED)
    equal((code, came), (2, []), output)
    has(for_user(output)[0], "the line of tiny is not")


def on_small_disk(command):
    return ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o size=192k tmpfs "$1" && shift && ' + command, "sh"]


def test_disk_fills(folder):
    with mirrors() as m:
        line = m.source("tiny", "1.0-1", b"x" * 400000, suite=None)
        os.mkdir(folder + "/out")
        for more in ([], ["--keep", folder + "/out/keep"]):
            code, output, came = fetch(folder, [line], "--mirror", m.url, *more, before=on_small_disk(
                '"$@"; code=$?; find "%s/out" -name "*.gz*" -size +0; exit $code' % folder) + [folder + "/out"])
            equal(code, 1, output)
            said = for_user(output)
            equal(len(said), 1, "sentences: %r" % said)
            has(said[0], "FAIL: the disk is full")
            lacks(output, ".orig.tar.gz\n")


def test_killed_and_on(folder):
    """kill -9 while the second file is under way: it has no name; the next run asks only for what is missing."""
    with mirrors() as m:
        lines = [m.source("tiny", "1.0-1", suite=None), m.source("second", "1.0-1", b"y" * 300000, suite=None)]
        m.faults["/debian/pool/main/s/second/second_1.0.orig.tar.gz"] = "stuck"
        write(folder + "/lock", "\n".join(lines) + "\n")
        argv = ["bash", DEV + "/fetch.sh", "get", "--lock", folder + "/lock", "--into", folder + "/first",
                "--keep", folder + "/keep", "--mirror", m.url]
        child = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        check(m.reached.wait(60), "the second file is not under way")
        os.killpg(child.pid, 9)
        child.wait()
        equal([n for n in os.listdir(folder + "/first") if n[0] != "."], ["tiny_1.0.orig.tar.gz"], "what has a name")
        m.faults.clear()
        m.asked.clear()
        code, output, came = fetch(folder, lines, "--mirror", m.url, "--keep", folder + "/keep")
        equal((code, came), (0, ["second_1.0.orig.tar.gz", "sources.lock", "tiny_1.0.orig.tar.gz"]), output)
        check(all("second" in p for p in m.asked), "it asked for %r" % m.asked)


def test_check(folder):
    """Tells the same without taking anything."""
    with mirrors(2) as (bad, good):
        lines = [bad.source("tiny", "1.0-1", suite=None), bad.source("other", "1.0-1", suite=None),
                 bad.source("page", "1.0-1", suite=None), bad.source("spare", "1.0-1", suite=None, there=False)]
        good.source("other", "1.0-1", suite=None)
        good.source("page", "2.0-1", suite="forky")
        good.publish()
        bad.faults["/debian/pool/main/o/other/other_1.0.orig.tar.gz"] = "gone"
        bad.faults["/debian/pool/main/p/page/page_1.0.orig.tar.gz"] = "html"
        both = ["--mirror", bad.url, "--mirror", good.url]
        code, output, came = fetch(folder, lines, *both, verb="check", newer="forky")
        equal(code, 1, output)
        has(output, "tiny_1.0.orig.tar.gz: the pool of " + bad.url, "other_1.0.orig.tar.gz: the pool of " + good.url,
            "NOTE: page 2.0-1 of forky instead of 1.0-1, which cannot be had (%s: %d bytes instead of " % (
                bad.url, len(PAGE)),
            "FAIL: spare 1.0-1 cannot be had")
        code, output, came = fetch(folder, lines[:3], *both, verb="check", newer="forky")
        equal((code, came), (0, []), output)


main(sys.modules[__name__])
