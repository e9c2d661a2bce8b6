#!/usr/bin/env python3
"""Before move-rooms.py, where archives in several files (branch arch11: src/jobs/gather.c) are merged.

    python3 move-rooms-gather.py TOP [--commit]

verify.c (which stays in jobs) and proof and restore (which go) both gather, and gather.c names its scratch folder by
load_private.h, which goes. So: gather.h becomes public (include/jobs), and the names of scratch folders come out of
load_private.h and load.c into include/jobs/scratch.h and src/jobs/scratch.c. Moves only.
"""
import os
import re
import subprocess
import sys

os.chdir(sys.argv[1])


def git(*words):
    return subprocess.run(("git",) + words, check=True, capture_output=True).stdout.decode()


def read(path):
    with open(path, encoding="utf-8", newline="") as f:
        return f.read()


def write(path, text):
    with open(path, "w", encoding="utf-8", newline="") as f:
        f.write(text)


def take(path, pattern):
    """Cuts one match out of a file, and returns it."""
    text = read(path)
    found = re.findall(pattern, text, re.S | re.M)
    if len(found) != 1:
        sys.exit("%s has %d times %r" % (path, len(found), pattern))
    write(path, text.replace(found[0], ""))
    return found[0]


if git("status", "--porcelain").strip():
    sys.exit("not clean")
git("mv", "src/jobs/gather.h", "include/jobs/gather.h")
defines = take("src/jobs/load_private.h", r"^#define PROVE_FOLDER_PREFIX [^\n]*\n#define PROVE_LOCK_SUFFIX [^\n]*\n")
take("src/jobs/load_private.h", r"^char \*load_random_name\([^\n]*\n")
body = take("src/jobs/load.c", r"^char \*load_random_name\(const char \*prefix, Error \*err\)\n\{\n.*?\n\}\n\n")
write("include/jobs/scratch.h", '''/*
 * scratch.h: how the scratch folders of proofs, restores and archives in several files are called; all lie in
 * machine_local_data_dir(), and prove_clean_up takes away what an interrupted one left.
 */
#ifndef CMMS_SCRATCH_H
#define CMMS_SCRATCH_H

#include "base/error.h"

%s
/* "PREFIX" and 16 random digits. Caller frees; NULL: the system gave no random bytes. */
char *scratch_random_name(const char *prefix, Error *err);

#endif
''' % defines)
write("src/jobs/scratch.c", '''/* scratch.c: random, so that nobody can have made the folder before. */
#include "jobs/scratch.h"

#include <inttypes.h>
#include <stdint.h>

#include "base/mem.h"
#include "platform/machine.h"

%s''' % body.rstrip("\n").replace("load_random_name", "scratch_random_name") + "\n")
for path in git("ls-files", "src", "include", "tests").split("\n"):
    if path.endswith((".c", ".h")) and os.path.isfile(path):
        text = read(path)
        new = re.sub(r"\bload_random_name\b", "scratch_random_name", text)
        new = new.replace('#include "gather.h"', '#include "jobs/gather.h"')
        if path == "src/jobs/gather.c":
            new = new.replace('#include "load_private.h"\n', '#include "jobs/scratch.h"\n')
        if path == "src/jobs/load_private.h":
            first = re.search(r'#include "jobs/\w+\.h"\n', new)
            new = new[:first.start()] + '#include "jobs/scratch.h"\n' + new[first.start():]
        if path.startswith("src/jobs/") and new != text:  # a run of includes is in order again
            lines, at = new.split("\n"), 0
            while at < len(lines):
                end = at
                while end < len(lines) and lines[end].startswith('#include "'):
                    end += 1
                lines[at:end] = sorted(lines[at:end])
                at = max(end, at + 1)
            new = "\n".join(lines)
        if new != text:
            write(path, new)
text = read("src/sources.cmake")
write("src/sources.cmake", text.replace("  src/jobs/retention_run.c\n", "  src/jobs/retention_run.c\n  src/jobs/scratch.c\n"))
text = read("tests/unit/GAPS.md")
row = next(line for line in text.split("\n") if line.startswith(("- `src/", "| `src/")))
new = row[:2] + "`src/jobs/scratch.c`" + (": " if row.startswith("-") else " | ") + \
    "a random name; test_gather and test_prove look for the folders by it" + (" |" if row.startswith("|") else "")
lines = text.split("\n")
at = max(i for i, line in enumerate(lines) if line.startswith(("- `src/jobs/", "| `src/jobs/")))
lines.insert(at + 1, new)
write("tests/unit/GAPS.md", "\n".join(lines))
subprocess.run([sys.executable, "tests/lint/solution.py", "--write"], check=True, stdout=subprocess.DEVNULL)
git("add", "-A")
if "--commit" in sys.argv:
    git("commit", "-q", "-m", "gather.h is public, and the names of scratch folders are jobs/scratch.h's: both rooms need them")
