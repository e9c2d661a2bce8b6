"""The locks of what set-up downloads have the form that .dev/fetch.sh reads, and each recipe's source is in one."""
import os
import re

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LINE = re.compile(r"^([a-z0-9][a-z0-9.+-]+) ((?:\d+:)?[0-9][A-Za-z0-9.+~]*(?:-[A-Za-z0-9.+~]+)?) ([a-z]+) (\S+) "
                  r"([1-9]\d*) ([0-9a-f]{64}) (needed|optional)$")


def read(name):
    with open(os.path.join(TOP, name), encoding="utf-8") as f:
        return f.read()


def faults_of(name, text):
    found, files, order = [], {}, []
    if not text.endswith("\n"):
        found.append("%s does not end with a line's end" % name)
    for number, line in enumerate(text.splitlines(), 1):
        where = "%s:%d: " % (name, number)
        if line.startswith("#"):
            continue
        match = LINE.match(line)
        if not match:
            found.append(where + "not \"package version suite file size sha256 needed|optional\"")
            continue
        package, version, suite, file, size, sha, need = match.groups()
        upstream = version.split(":")[-1]
        if file.endswith(".deb"):
            good = re.match(r"^[a-z0-9.+-]+_%s_(amd64|all)\.deb$" % re.escape(upstream), file)
        else:
            stem = re.escape("%s_%s" % (package, upstream.rsplit("-", 1)[0]))
            good = re.match(r"^%s\.orig\.tar\.(gz|bz2|xz)$" % stem, file)
        if not good:
            found.append(where + "%s is not a file of %s %s" % (file, package, version))
        if file in files or sha in files.values():
            found.append(where + "%s or its bytes are there twice" % file)
        files[file] = sha
        order.append(file)
    if order != sorted(order):
        found.append("%s is not in order" % name)
    if not order:
        found.append("%s names no file" % name)
    return found


def main():
    found = []
    for name in (".dev/sources.lock", ".dev/public.lock"):
        found += faults_of(name, read(name))
    lock = read(".dev/sources.lock")
    names = set(re.findall(r"^([a-z]\S*) ", lock, re.M))
    used = set()
    for line in re.findall(r"^ *library .*$", read(".dev/libs.sh"), re.M):
        words = re.findall(r'"[^"]*"|\S+', line.strip())
        used |= set(words[4].strip('"').split())
    if names != used:
        found.append("libs.sh builds from %s, and the lock names %s" % (sorted(used), sorted(names)))
    # The lint itself must see faults.
    good = next(line for line in lock.splitlines() if not line.startswith("#"))
    fields = good.split()
    for bad in (" ".join(fields[:-1]), good + " x", good.replace(fields[5], fields[5][1:]),
                good.replace(fields[3], "x.tar.gz"), good.replace(fields[4], "0"), good + "\n" + good):
        if not faults_of("x", bad + "\n"):
            found.append("this lint does not see what is wrong with: " + bad)
    for line in found:
        print("not ok sources_lock: " + line)
    if not found:
        print("ok sources_lock")
    raise SystemExit(1 if found else 0)


main()
