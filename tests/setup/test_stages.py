"""Stages are whole or not there, whatever happens while they are made: .dev/lib.sh with stages of the test's own."""
import os
import re
import signal
import subprocess
import sys
import time
from mirror import DEV, TOP, check, equal, has, lacks, main, run

SCRIPT = r"""
set -euo pipefail
top=%s
. "$top/.dev/lib.sh"
mkdir -p "$cache"
""" % TOP


STAGE = 'stage root "The root" abcdefabcdef b'


def dev(folder, script, before=(), limit=60, **more):
    env = dict(os.environ, CMMS_BACKUP_CACHE=folder + "/cache", KEEP_OLD_STAGES="", **more)
    return run(list(before) + ["bash", "-c", SCRIPT + script], limit, env=env)


def cached(folder):
    return sorted(n for n in os.listdir(folder + "/cache") if n not in ("logs", "lock"))


def test_made_once(folder):
    script = ('b() { echo made >>"%s/count"; echo x >"$1/file"; }; plan root; ' % folder + STAGE +
              '; echo "in ${stage_dir[root]}"')
    for _ in range(2):
        code, output = dev(folder, script)
        equal(code, 0, output)
        has(output, "in %s/cache/root-abcdefabcdef" % folder)
    with open(folder + "/count") as f:
        equal(f.read(), "made\n", "how often it was made")
    equal(cached(folder), ["root-abcdefabcdef"], "the cache")
    # A byte more or less, and it is made again.
    with open(folder + "/cache/root-abcdefabcdef/file", "a") as f:
        f.write("y")
    code, output = dev(folder, script)
    has(output, "the cached copy is damaged, making it again")
    with open(folder + "/count") as f:
        equal(f.read(), "made\nmade\n", "how often it was made")


def test_every_step_counts(folder):
    """A step in the middle that fails ends the stage; where it would not, as in a condition, nothing is begun."""
    step = 'b() { echo x >"$1/file"; false; echo y >"$1/file"; }; '
    code, output = dev(folder, step + 'stage root "The root" abcdefabcdef b; echo GOES ON')
    equal(code, 1, output)
    has(output, "dev: The root did not work (exit code 1); the log is %s/cache/logs/root.log" % folder)
    lacks(output, "GOES ON")
    equal(cached(folder), ["root-abcdefabcdef.tmp"], "the cache")
    inner = 'b() { inner "$1"; echo y >"$1/file"; }; inner() { cd "$1"; cd "$1/nowhere"; cd /; }; '
    code, output = dev(folder, inner + 'stage root "The root" abcdefabcdef b; echo GOES ON')
    equal(code, 1, output)
    code, output = dev(folder, step + STAGE + ' || echo GOES ON; ' + STAGE)
    equal(code, 1, output)
    has(output, "the steps of the work would not be checked")
    equal(cached(folder), ["root-abcdefabcdef.tmp"], "the cache")


def test_words(folder):
    code, output = dev(folder, 'b() { echo noise; echo "NOTE: a remark"; }; stage root "The root" abcdefabcdef b')
    equal(code, 0, output)
    has(output, "  note: a remark\n")
    lacks(output, "noise")
    other = STAGE.replace("abcdefabcdef", "abcdefabcdf0")
    code, output = dev(folder, 'b() { echo "FAIL: the mirror is gone"; exit 1; }; ' + other)
    equal(code, 1, output)
    has(output, "dev: The root did not work: the mirror is gone; the log is ")


def test_time_and_room_are_told(folder):
    script = ('weight[root]=200 weight[curl]=100; need_gb=100000; plan root curl; b() { :; }; ' + STAGE +
              '; stage curl "The library" abcdefabcdef b')
    code, output = dev(folder, script)
    equal(code, 0, output)
    has(output, "  2 parts have to be made once, about 5 minutes on two cores; they are kept in %s/cache.\n" % folder,
        "The root ... (1 of 2; about 5 minutes to go)\n", "The library ... (2 of 2; about a minute to go)\n")
    check(re.search(r"Only [0-9.]+ GB are free for .*; set-up and tests want 100000, so the disk may fill", output),
          output)
    code, output = dev(folder, script)
    equal((code, output), (0, ""), "when all is there")


def children_of(folder):
    """The processes that work on this test's stage."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/environ" % pid, "rb") as f, open("/proc/%s/stat" % pid) as g:
                if (folder + "/cache").encode() in f.read() and g.read().rsplit(")", 1)[1].split()[0] not in "ZX":
                    found.append(int(pid))
        except OSError:
            pass
    return found


def test_killed(folder):
    """./dev is killed in the middle of a stage, by kill -9 or with all that the terminal sends it to: what worked for
    it ends as well, and nothing half-made is used."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # it may have been ignored, which is inherited
    stages = ("root", "sources", "archivers", "openssl", "curl", "pg18", "pg17", "prefix", "peer", "public")
    ways = [(name, os.kill, signal.SIGKILL) for name in stages]
    ways += [("root", os.killpg, s) for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    for number, (name, kill, sig) in enumerate(ways):
        key = "%012x" % number
        os.makedirs(folder + "/cache", exist_ok=True)
        script = ('exec 9>"$cache/lock"; flock 9; '
                  'b() { echo half >"$1/file"; [ -n "${QUICK:-}" ] || { echo >"%s/begun"; ( sleep 300; sleep 1 ); }; '
                  'echo whole >"$1/file"; }; stage %s "It" %s b; cat "${stage_dir[%s]}/file"'
                  % (folder, name, key, name))
        begun, env = folder + "/begun", dict(os.environ, CMMS_BACKUP_CACHE=folder + "/cache")
        process = subprocess.Popen(["bash", "-c", SCRIPT + script], env=env, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        end = time.monotonic() + 30
        while not os.path.exists(begun) and time.monotonic() < end:
            time.sleep(0.02)
        kill(process.pid, sig)
        process.wait()
        os.unlink(begun)
        end = time.monotonic() + 30
        while children_of(folder) and time.monotonic() < end:
            time.sleep(0.1)
        equal(children_of(folder), [], "%s, %s: what is still running" % (name, sig))
        check("%s-%s.tmp" % (name, key) in cached(folder), "%s: the half is there under another name" % name)
        code, output = dev(folder, script, QUICK="1")
        equal(code, 0, output)
        has(output, "whole\n")
        equal([n for n in cached(folder) if n.startswith(name)], ["%s-%s" % (name, key)], "the cache")


OPTIONAL = ('inner() { echo half >"$1/file"; [ -e "%(f)s/network" ] || { echo "npm error code EAI_AGAIN"; '
            'echo "npm error the registry is not there"; false; }; echo whole >"$1/file"; }; '
            'b() { echo tried >>"%(f)s/count"; optionally peer "$1" inner; }; '
            '%(set)s stage peer "A peer" abcdefabcdef b; left_out; ls "${stage_dir[peer]}"')


def test_optional(folder):
    """What is optional and could not be had is said and skipped; it is not tried at every ./dev, but by ./dev setup."""
    tries = lambda: open(folder + "/count").read().count("tried")
    code, output = dev(folder, OPTIONAL % {"f": folder, "set": ""})
    equal(code, 0, output)
    has(output, "  note: peer cannot be had (the registry is not there); what needs it is left out\n",
        "  left out: peer cannot be had (the registry is not there)\n")
    lacks(output, "file\n")
    code, output = dev(folder, OPTIONAL % {"f": folder, "set": ""})
    equal((code, tries()), (0, 1), output)
    has(output, "  left out: ")
    code, output = dev(folder, OPTIONAL % {"f": folder, "set": "strict=1;"})
    equal((code, tries()), (1, 2), output)
    has(output, "dev: A peer: peer cannot be had (the registry is not there); --strict wants all of it")
    missing = folder + "/cache/peer-abcdefabcdef/.missing"
    check(os.path.exists(missing), "a strict set-up does not take away what there was")
    os.utime(missing, (time.time() - 2 * 86400,) * 2)
    code, output = dev(folder, OPTIONAL % {"f": folder, "set": ""})
    equal((code, tries()), (0, 3), "a day later: " + output)
    os.utime(missing, (time.time() - 60,) * 2)
    again = OPTIONAL % {"f": folder, "set": "try_again=1;"}
    code, output = dev(folder, again + '; stage peer "A peer" abcdefabcdef b')
    equal((code, tries()), (0, 4), "not twice in one run: " + output)
    os.utime(missing, (time.time() - 60,) * 2)
    with open(folder + "/network", "w"):
        pass
    code, output = dev(folder, again)
    equal((code, tries()), (0, 5), output)
    has(output, "file\n")
    lacks(output, "left out")
    code, output = dev(folder, again)
    equal((code, tries()), (0, 5), output)


def test_disk_fills(folder):
    os.mkdir(folder + "/cache")
    small = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o size=2m tmpfs "$0" && exec "$@"', folder + "/cache"]
    for name, script in (("root", 'b() { head -c 4000000 /dev/zero >"$1/file"; }; '),
                         ("peer", 'inner() { head -c 4000000 /dev/zero >"$1/file"; }; '
                          'b() { optionally peer "$1" inner; }; ')):
        script += 'status() { ls "$cache"; }; trap status EXIT; stage %s "It" abcdefabcdef b' % name
        code, output = dev(folder, script, small)
        equal(code, 1, output)
        words = r"dev: It did not work: the disk is full \(\d+ MB are free for \S+/cache\); the log is "
        check(re.search(words, output), output)
        has(output, name + "-abcdefabcdef.tmp\n")
        lacks(output, name + "-abcdefabcdef\n")


def test_mirrors(folder):
    """The archives that this machine's APT knows, lists of mirrors and machines without lists included."""
    os.makedirs(folder + "/lists")
    with open(folder + "/debian-mirrors", "w") as f:
        f.write("# ours\nhttp://one.example/debian/\nhttp://two.example/debian\n")
    with open(folder + "/sources.list", "w") as f:
        f.write("deb mirror+file:%s/debian-mirrors trixie main\ndeb http://third.example/tools x main\n"
                "deb http://two.example/debian trixie-updates main\n" % folder)
    with open(folder + "/apt.conf", "w") as f:
        f.write('Dir::Etc::SourceList "%s/sources.list"; Dir::Etc::SourceParts "/nowhere"; ' % folder +
                'Dir::State::Lists "%s/lists";\n' % folder)
    ask = '. "$top/.dev/root.sh"; debian_mirrors; echo; root_sources $(debian_mirrors)'
    code, output = dev(folder, ask, APT_CONFIG=folder + "/apt.conf")
    equal(code, 0, output)
    first, second = output.split("\n\n")
    one, two = "http://one.example/debian", "http://two.example/debian"
    equal(first.splitlines(), [one, two, one + "-security", two + "-security"], "the mirrors")
    has(second, one + " trixie-updates main", one + "-security trixie-security main")


main(sys.modules[__name__])
