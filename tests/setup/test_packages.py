"""A package of the root whose file the mirror lacks does not end the set-up where another version, or doing without,
serves: .dev/packages.sh against a mirror of the test's own."""
import contextlib
import os
import sys
from mirror import DEV, TOP, check, equal, for_user, has, main, new_mirror, run


# Once more with the APT of the last call, which is in $1.
DOWNLOAD = ('export APT_CONFIG=$1/apt/apt.conf; exec bash "%s/packages.sh" download "$1/p" "$1/c" "$1/m" app ""' % DEV)


@contextlib.contextmanager
def archive(folder):
    """A mirror, and an APT of its own that knows it. The suite goes before updates and security, as in the root."""
    mirror = new_mirror()
    try:
        yield mirror
    finally:
        mirror.close()


def packages(mirror, folder, needed, wanted, mode="ask", before=(), expires=None):
    """Returns (exit code, what the user sees, the choice, what is left out, the whole output)."""
    mirror.publish(expires)
    script = """set -eu
. "%s/apt.sh"
apt_folder "$1/apt"
for line in "debian trixie" "debian trixie-updates" "debian-security trixie-security"; do
  echo "deb [trusted=yes] ${2%%/debian}/${line%% *} ${line#* } main"
done >"$1/apt/sources.list"
printf 'Package: *\\nPin: release n=%%s\\nPin-Priority: 400\\n\\n' trixie-updates trixie-security >"$1/apt/preferences"
export APT_CONFIG=$1/apt/apt.conf
apt-get -q update || true
bash "%s/packages.sh" "$3" "$1/apt/preferences" "$1/choice" "$1/missing" "$4" "$5"
""" % (DEV, DEV)
    for name in ("choice", "missing"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(folder, name))
    code, output = run(list(before) + ["bash", "-c", script, "x", folder, mirror.url, mode, needed, wanted])
    read = lambda name: open(folder + "/" + name).read().strip() if os.path.exists(folder + "/" + name) else ""
    return code, for_user(output), read("choice"), read("missing"), output


def came(folder):
    return sorted(n for n in os.listdir(folder + "/apt/cache/archives") if n.endswith(".deb"))


def test_all_is_there(folder):
    with archive(folder) as m:
        m.binary("app", "2.0-1", depends="base")
        m.binary("app", "2.1-1", suite="trixie-security", archive="debian-security")
        m.binary("base", "1.0-1")
        code, said, choice, missing, output = packages(m, folder, "app", "base", "download")
        equal((code, said, choice, missing), (0, [], "app base", ""), output)
        equal(came(folder), ["app_2.0-1_all.deb", "base_1.0-1_all.deb"], "the suite goes before its updates")
        code, said, choice, missing, output = packages(m, folder, "app", "base")
        equal((code, said, choice, missing), (0, [], "app base", ""), output)


def test_index_ahead_of_pool(folder):
    """Packages of one source go together: where one is not there, the other comes in the same other version."""
    for mode in ("ask", "download"):
        place = folder + "/" + mode
        os.mkdir(place)
        with archive(folder) as m:
            m.binary("libapp", "2.0-1", source="app")
            m.binary("app-dev", "2.0-1", source="app", depends="libapp (= 2.0-1)", there=False)
            m.binary("libapp", "1.9-1", source="app", suite="trixie-updates")
            m.binary("app-dev", "1.9-1", source="app", suite="trixie-updates", depends="libapp (= 1.9-1)")
            m.binary("other", "1.0-1")
            code, said, choice, missing, output = packages(m, place, "app-dev other", "", mode)
            equal((code, choice, missing), (0, "app-dev other", ""), output)
            equal(len(said), 1, "sentences: %r" % said)
            has(said[0], "NOTE: app 2.0-1 is listed, but cannot be had (http", "app-dev_2.0-1_all.deb: 404 Not Found); "
                "looking for another version")
            if mode == "download":
                equal([n for n in came(place) if "2.0" not in n], ["app-dev_1.9-1_all.deb", "libapp_1.9-1_all.deb",
                                                                   "other_1.0-1_all.deb"], "what came")
            else:
                has(output, "app-dev 1.9-1: the pool of %s" % m.url)


def test_security_stands_in(folder):
    with archive(folder) as m:
        m.binary("app", "2.0-1", there=False)
        m.binary("app", "2.0-1+deb13u1", suite="trixie-security", archive="debian-security")
        code, said, choice, missing, output = packages(m, folder, "app", "")
        equal((code, choice), (0, "app"), output)
        has(output, "app 2.0-1+deb13u1: the pool of %s-security" % m.url)


def test_doing_without(folder):
    """Wanted only: one has no file, one needs such a one, one is not listed at all. The rest comes."""
    for mode in ("ask", "download"):
        place = folder + "/" + mode
        os.mkdir(place)
        with archive(folder) as m:
            m.binary("app", "1.0-1")
            m.binary("font", "1.0-1", there=False)
            m.binary("viewer", "1.0-1", depends="font")
            m.binary("tool", "1.0-1")
            code, said, choice, missing, output = packages(m, place, "app", "font tool viewer unheard", mode)
            equal((code, choice), (0, "app tool"), output)
            equal([line.split()[0] for line in missing.splitlines()], ["unheard", "font", "viewer"], "left out")
            has(missing, "font the package font cannot be had (", "font 1.0-1 (404 Not Found)")
            has("\n".join(said), "NOTE: the package viewer cannot be had (", "what needs it is left out")


def test_needed_and_not_there(folder):
    with archive(folder) as m:
        m.binary("app", "1.0-1", depends="base")
        m.binary("base", "1.0-1", there=False)
        for mode in ("ask", "download"):
            code, said, choice, missing, output = packages(m, folder, "app", "", mode)
            equal((code, choice), (1, ""), output)
            has(said[-1], "FAIL: a package that is needed cannot be had: ", "base 1.0-1 (404 Not Found)")


def test_faults(folder):
    """A file that is not what the list says is as good as none."""
    for fault in ("wrong", "half", "html", "403", "breaks"):
        place = folder + "/" + fault
        os.mkdir(place)
        with archive(folder) as m:
            m.faults[m.binary("app", "2.0-1")] = fault
            m.binary("app", "1.9-1", suite="trixie-updates")
            code, said, choice, missing, output = packages(m, place, "app", "", "download")
            equal((code, choice), (0, "app"), fault + ": " + output)
            equal(len(said), 1, "sentences: %r" % said)
            check("app_1.9-1_all.deb" in came(place), "%s: what came: %r" % (fault, came(place)))
            if fault in ("half", "html", "403"):
                code, said, choice, missing, output = packages(m, place, "app", "")
                equal((code, len(said)), (0, 1), fault + ": " + output)


def test_a_list_that_expired(folder):
    with archive(folder) as m:
        m.binary("app", "1.0-1")
        code, said, choice, missing, output = packages(m, folder, "app", "", "download",
                                                       expires="Fri, 02 Jan 2026 00:00:00 UTC")
        equal((code, said, choice), (0, [], "app"), output)


def test_network_goes(folder):
    """A server that nobody reaches any more says nothing about its files: no version is ruled out for that."""
    with archive(folder) as m:
        m.binary("app", "1.0-1")
        code, said, choice, missing, output = packages(m, folder, "app", "")
        equal(code, 0, output)
        code, output = run(["unshare", "--net", "bash", "-c", DOWNLOAD, "x", folder])
        said = for_user(output)
        equal((code, len(said)), (1, 1), output)
        has(said[0], "FAIL: no Debian mirror is to be reached: ")


def test_disk_fills(folder):
    with archive(folder) as m:
        path = m.binary("app", "1.0-1")
        code, said, choice, missing, output = packages(m, folder, "app", "")
        equal(code, 0, output)
        script = ('mount -t tmpfs -o size=4k tmpfs "$1/apt/cache" && mkdir -p "$1/apt/cache/archives/partial" '
                  '|| exit 9; ' + DOWNLOAD)
        code, output = run(["unshare", "--mount", "bash", "-c", script, "x", folder])
        said = for_user(output)
        equal((code, len(said)), (1, 1), output)
        has(said[0], "FAIL: the disk is full")


def test_setup_check(folder):
    """./dev setup --check on a machine whose mirror has next to nothing: each way is named, and nothing is made."""
    with archive(folder) as m:
        m.binary("tiny", "1.0-1")
        m.publish()
        os.makedirs(folder + "/lists")
        with open(folder + "/sources.list", "w") as f:
            f.write("deb %s trixie main\n" % m.url)
        with open(folder + "/apt.conf", "w") as f:
            f.write('Dir::Etc::SourceList "%s/sources.list"; Dir::Etc::SourceParts "/nowhere"; ' % folder +
                    'Dir::State::Lists "%s/lists";\n' % folder)
        env = dict(os.environ, APT_CONFIG=folder + "/apt.conf", CMMS_BACKUP_CACHE=folder + "/cache",
                   CMMS_BACKUP_SOURCES="")
        code, output = run([TOP + "/dev", "setup", "--check"], env=env)
        equal(code, 1, output)
        has(output, "Sources:\n", "  WOULD NOT COME: openssl ", "(%s: 404 Not Found; " % m.url,
            "  note: postgresql-17 ", "what needs it is left out",
            "Packages of the root:\n  WOULD NOT COME: the mirror's list of packages cannot be had: its list is not "
            "signed\n",
            "EDB's PostgreSQL", "Set-up would not succeed here.\n")
        check(not os.path.exists(folder + "/cache"), "it made something")


main(sys.modules[__name__])
