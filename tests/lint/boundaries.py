#!/usr/bin/env python3
"""What a file may include and call, by where it lies; style that a compiler does not see; that tests mirror sources.

One line a check: "ok NAME" or "not ok NAME: why" (with file:line). Exit code 1 when one failed. The rules are in
the tables below; comments and texts in quotes are left out before a rule looks at the code.
"""
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MAX_LINES, MAX_COLUMNS = 900, 120

STANDARD_C = set("""assert.h ctype.h errno.h float.h inttypes.h limits.h locale.h math.h setjmp.h signal.h stdalign.h
    stdarg.h stdbool.h stddef.h stdint.h stdio.h stdlib.h stdnoreturn.h string.h time.h wchar.h""".split())
LIBRARIES = r"cjson/cJSON\.h|zlib\.h|zstd(_errors)?\.h|lz4\w*\.h|openssl/\w+\.h"
# The rooms: what each may know of beside itself. A room stands above what it includes; siblings know nothing of each
# other. src/ROOM has the .c files and private headers, include/ROOM what others may see of it.
BELOW = ("base", "platform")
ARROWS = {
    "base": (),
    "platform": ("base",),
    "archive": BELOW,
    "store": BELOW,
    "postgres": BELOW,
    "sample": BELOW + ("postgres",),
    "cloud": BELOW + ("store",),
    "jobs": BELOW + ("archive", "store", "postgres", "sample", "cloud"),
    "schedule": BELOW + ("store", "postgres", "cloud", "jobs"),
    "cli": BELOW + ("store", "postgres", "sample", "cloud", "jobs", "schedule"),
    "ui": BELOW + ("store", "postgres", "sample", "cloud", "jobs", "schedule"),
}
# Which <system> headers beyond the standard ones; None: any.
SYSTEM = {"postgres": LIBRARIES + r"|libpq-fe\.h", "cloud": LIBRARIES + r"|curl/curl\.h", "cli": r"cjson/cJSON\.h",
          "platform": None, "ui": None}


def headers_of(room):
    return ("include",) + tuple("include/" + r for r in ARROWS[room] + (room,))


# Folder → which <system> headers, and which folders' "own" headers it may include; None: any. The posix and win parts
# of the platform are each other's counterpart and know nothing of each other.
MAY_INCLUDE = {"src/" + room: (SYSTEM.get(room, LIBRARIES), headers_of(room) + ("src/" + room,)) for room in ARROWS}
MAY_INCLUDE.update({"include/" + room: (r"cjson/cJSON\.h", headers_of(room)) for room in ARROWS})
MAY_INCLUDE.update({
    "include": (r"cjson/cJSON\.h", ("include",)),
    "src/platform/common": (LIBRARIES, headers_of("platform")),
    "src/platform/posix": (None, headers_of("platform") + ("src/platform/posix",)),
    "src/platform/win": (None, headers_of("platform") + ("src/platform/win",)),
    "src/ui": (None, headers_of("ui") + ("src/ui", "src/ui/parts", "res")),
    "src/ui/parts": (None, headers_of("platform") + ("src/ui/parts", "src/ui/texts.h", "res")),
    "tests/unit": (LIBRARIES + r"|cmocka\.h|libpq-fe\.h|curl/curl\.h", None),
})
# Against the arrows, by name and with the reason.
AGAINST = {
    ("src/base/version.c", "postgres/pg.h"): "asks every library for its version",
    ("src/base/job.c", "platform/thread.h"): "the window's queue has a lock",
    ("src/store/folder.c", "postgres/userprofile.h"): "the folder that the user chose is in the profile",
    ("src/postgres/userprofile.c", "store/folder.h"): "the same, from the other side",
    ("include/store/catalog.h", "postgres/connection.h"): "the last backup of the database that is configured",
    ("include/store/source.h", "postgres/connection.h"): "whose backup one is: as the manifest says, and as asked",
    ("include/store/source.h", "postgres/pg.h"): "the same",
    ("include/postgres/snapshot.h", "store/manifest.h"): "what was counted is compared with the manifest's rows",
    ("src/jobs/configure.c", "schedule/due.h"): "what a schedule that is changed leaves behind is missed; pure",
    ("src/postgres/tools.c", "archive/archive.h"): "which archives this program can check",
}
NOT_IN_UI = r"libpq-fe\.h|curl/.*"
# One file may ask every library for its version.
ASKS_VERSIONS = "src/base/version.c"
EXCEPTIONS = {(ASKS_VERSIONS, "curl/curl.h"), (ASKS_VERSIONS, "parts.h"), ("include/banned.h", "io.h")} | set(AGAINST)
# Tests of what only one system has say so in their name and may use its headers.
ONE_SYSTEM_TEST = r"tests/unit/\w+/test_\w+_(win|posix)\.c|tests/unit/test_util\.h|src/cli/console_(win|posix)\.c"

# Where a command of the console may be named below it. File → why.
NAMES_COMMANDS = {"src/jobs/ask_it.c": "the page for IT: on a server without a desktop there is only the console"}
# Questions that were answered in several places, and drifted apart: what only these files may say. Pattern → files and
# the question.
ASKED_ONCE = {
    r'operation = "settings"': ("src/jobs/configure.c", "which settings changed, and how does the log say it?"),
    r'"backup_log_': ("src/store/auditlog.c", "what does a rotated log file look like?"),
    r'"LC_MESSAGES': ("src/postgres/connection.c", "in what environment does a client tool run?"),
    r"\buserprofile_connection\(": ("src/postgres/userprofile.c src/jobs/opening.c", "which database is meant?"),
    r"\barchive_read_toc\(": ("src/archive/archive.c src/jobs/verify.c src/jobs/load.c src/jobs/preview.c",
                              "what does an archive say of itself?"),
    r"->ours && .*is_good\(": ("src/store/retention.c", "may this backup justify that another goes?"),
    r"database / 10": ("src/store/health.c", "how much room does a backup need?"),
}
# What may not be called: name → why.
BANNED = {
    r"strcpy|strcat|strncpy|strncat|sprintf|vsprintf|strtok|gets|wcscpy|wcscat|wcsncpy|wcsncat"
    r"|lstrcpy[AW]?|lstrcat[AW]?|wsprintf[AW]?": "it does not know how large its target is or hides a cut",
    r"atoi|atol|atoll|atof": "it cannot say that the text is no number",
    r"gmtime|localtime|asctime|ctime": "it returns what is shared by all threads (clock.h)",
    r"system|popen|_popen|_wpopen|_wsystem": "a shell reads the command (process.h)",
    r"alloca|_alloca": "the stack has no way to say no",
    r"LoadLibrary[AW]?": "it searches the current folder (LoadLibraryExW with LOAD_LIBRARY_SEARCH_SYSTEM32)",
    r"TerminateThread": "it leaves locks and memory behind",
    r"tmpnam|tempnam|mktemp": "another may take the name first",
    r"strdup|strndup|_strdup|asprintf|vasprintf": "it may return NULL (mem.h, strbuf.h)",
    r"longjmp": "it is not safe across window procedures and callbacks",
}
# A client tool is run by client.h alone, which has its environment and watches it; the server is waited for by nobody.
RUNS_PROGRAMS = ("src/postgres/client.c", "src/postgres/engine.c", "src/platform/", "include/platform/")
# malloc and its like only behind mem.h, where a failure is handled.
ALLOCATORS = r"malloc|calloc|realloc"
ALLOCATES = {"src/base/mem.c"}

# Tell-tales of what MSVC does not take. Pattern on the code without comments and texts.
GNU = {
    r"\(\s*\{": "a statement expression",
    r"\b__?typeof(__)?\b|\btypeof\b": "typeof",
    r"\b__attribute(__)?\b": "an attribute (include/compiler.h has what is needed)",
    r"\b__builtin_\w+": "a compiler's built-in",
    r"\b__extension__\b|\b__asm(__)?\b|\basm\b": "an extension or assembly",
    r"\[\s*\w+\s*\.\.\.\s*\w+\s*\]|\bcase\s+[^:;]*\.\.\.": "a range",
    r"\?\s*:": "a condition without its middle",
    r"^\s+(?!return\b)\w[\w ]*[ *]+\w+\[0\];\s*$": "an array of no elements",
    r"^\s*#\s*include_next\b": "include_next",
    r"^\s*#\s*(el)?if.*\b(__GNUC__|__clang__|_MSC_VER|__MINGW\w+)":
        "a test for a compiler (only include/compiler.h may)",
    r"\b__(int128|float128)\b|\b__thread\b": "a type or storage class of one compiler",
}
GNU_MAY = {"include/compiler.h"}
POSIX_NAMES = (r"strcasecmp|strncasecmp|strsep|stpcpy|memmem|strcasestr|getline|fileno|mkstemp|usleep|nanosleep|sleep|"
               r"fork|execv\w*|pipe|unlink|mkdir|rmdir|opendir|readdir|gettimeofday|localtime_r|gmtime_r|"
               r"setenv|unsetenv")
PORTABLE = tuple("src/%s/" % room for room in ARROWS if room not in ("platform", "ui")) + ("tests/unit/",)

NO_UNIT_TEST = ("src/platform/win/", "src/platform/posix/", "src/cli/", "src/ui/", "include/")
TEXT_FILES = (".c", ".h", ".rc", ".py", ".sh", ".cmake", ".txt", ".md", ".nsi", ".nsh", ".json",
              ".manifest", ".yml", ".svg")


def walk(*roots):
    for root in roots:
        for at, folders, names in os.walk(os.path.join(TOP, root)):
            folders[:] = sorted(f for f in folders if f not in ("corpus", "__pycache__"))
            for name in sorted(names):
                yield os.path.relpath(os.path.join(at, name), TOP).replace(os.sep, "/")


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8", newline="") as f:
        return f.read()


def strip(text, texts=True):
    """The code with comments (and, if asked, texts and characters in quotes) blanked; lines stay where they are."""
    def blank(match):
        piece = match.group(0)
        if piece[0] == "/":
            return "\n" * piece.count("\n") or " "
        return piece[0] * 2 if texts else piece
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)


def lines_of_one_system(code):
    """The lines that only Windows, or only the others, compile: those between #if ... _WIN32 and its #endif."""
    stack = []
    for number, line in enumerate(code, 1):
        if re.match(r"\s*#\s*if", line):
            stack.append("_WIN32" in line)
        elif re.match(r"\s*#\s*endif", line) and stack:
            stack.pop()
        elif any(stack):
            yield number


class Sources:
    def __init__(self):
        self.c = [p for p in walk("src", "include", "tests") if p.endswith((".c", ".h"))]
        self.text = {p: read(p) for p in self.c}
        self.code = {p: strip(t).split("\n") for p, t in self.text.items()}
        self.ours = [p for p in self.c if p.startswith(("src/", "include/"))]
        self.one_system = {(p, n) for p in self.c if p.startswith("tests/unit/")
                           for n in lines_of_one_system(self.code[p])}

    def find(self, paths, pattern):
        """(file, line number, match) of a pattern in the code."""
        compiled = re.compile(pattern)
        for path in paths:
            for number, line in enumerate(self.code[path], 1):
                for match in compiled.finditer(line):
                    yield path, number, match


def call(names):
    return r"(?<![\w.>])(%s)\s*\(" % names


def folder_of(path):
    found = [f for f in MAY_INCLUDE if path.startswith(f + "/")]
    return max(found, key=len) if found else None


def check_includes(s):
    system, own = [], []
    for path in s.c:
        folder = folder_of(path)
        if folder is None or re.fullmatch(ONE_SYSTEM_TEST, path):
            continue
        allowed, folders = MAY_INCLUDE[folder]
        for number, line in enumerate(strip(s.text[path], texts=False).split("\n"), 1):
            found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if not found or (path, found.group(2)) in EXCEPTIONS or (path, number) in s.one_system:
                continue
            kind, name = found.groups()
            if kind == "<":
                bad = re.fullmatch(NOT_IN_UI, name) if folder == "src/ui" else \
                    allowed is not None and name not in STANDARD_C and not re.fullmatch(allowed, name)
                if bad:
                    system.append("%s:%d may not include <%s>" % (path, number, name))
            elif folders is not None:
                # As the compiler looks: from the file itself, then from the folders that it is told.
                here = os.path.normpath(os.path.join(os.path.dirname(path), name)).replace(os.sep, "/")
                places = {here} | {"%s/%s" % (f, name) for f in ("include", "res", "src/ui", "src/ui/parts")}
                may = {p for p in places if p in folders or os.path.dirname(p) in folders}
                if not any(os.path.isfile(os.path.join(TOP, p)) for p in may):
                    own.append('%s:%d may not include "%s"' % (path, number, name))
    yield "system headers", system
    yield "own headers", own


def check_calls(s):
    client = [p for p in s.ours if not p.startswith(("src/postgres/", "src/cloud/")) and p != ASKS_VERSIONS]
    yield "libpq and curl only in postgres and cloud", ["%s:%d calls %s" % (p, n, m.group(1)) for p, n, m in
                                              s.find(client, call(r"PQ[a-z]\w+|curl_\w+"))]
    problems = []
    for names, why in BANNED.items():
        problems += ["%s:%d calls %s: %s" % (p, n, m.group(1), why) for p, n, m in s.find(s.ours, call(names))
                     if p != "include/banned.h"]
    yield "banned functions", problems
    yield "programs run by client.h", ["%s:%d calls %s" % (p, n, m.group(1)) for p, n, m in
                                       s.find(s.ours, call("process_run")) if not p.startswith(RUNS_PROGRAMS)]
    yield "allocation behind mem.h", ["%s:%d calls %s" % (p, n, m.group(1)) for p, n, m in
                                      s.find(s.ours, call(ALLOCATORS)) if p not in ALLOCATES]
    portable = [p for p in s.c if p.startswith(PORTABLE) and not re.fullmatch(ONE_SYSTEM_TEST, p)]
    yield "portable calls", ["%s:%d calls %s, which not every system has" % (p, n, m.group(1))
                             for p, n, m in s.find(portable, call(POSIX_NAMES)) if (p, n) not in s.one_system]


def check_language(s):
    problems = []
    files = [p for p in s.c if p not in GNU_MAY and p.startswith(("src/", "include/", "tests/unit/", "tests/win/"))]
    for pattern, what in GNU.items():
        problems += ["%s:%d has %s" % (p, n, what) for p, n, _ in s.find(files, pattern)]
    for path in files:
        for number, line in enumerate(strip(s.text[path], texts=False).split("\n"), 1):
            if re.search(r'"(?:\\.|[^"\\])*?(?<!%)(?:%%)*%[-+ #0-9.]*m(?:\\.|[^"\\])*"', line):
                problems.append("%s:%d has %%m in a text" % (path, number))
        code = s.code[path]
        for number in range(1, len(code)):
            head = re.match(r"\s+(?:static\s+)?[A-Za-z_][\w ]*[ *]+(\w+)\([^;={}]*\)\s*$", code[number - 1])
            if head and code[number].strip() == "{" and head.group(1) not in ("if", "for", "while", "switch"):
                problems.append("%s:%d has a function within a function" % (path, number))
    yield "no GNU extensions", problems


def check_globals(s):
    """A file-scope variable that is not const. Those of a signal's handler, which gets no argument, are named, and
    those of what the whole process shares: a DLL, the time zone, the way to a host, what PostgreSQL's
    tools answered."""
    allowed = {("src/cli/console_posix.c", "interrupt_target"),
               ("src/cli/console_win.c", "interrupt_cancel"),
               ("src/cli/console_win.c", "input_state"),
               ("src/platform/win/library_win.c", "lock"), ("src/postgres/pglibrary.c", "functions"),
               ("src/platform/win/clock_win.c", "zone_lock"), ("src/platform/win/clock_win.c", "zone_of"),
               ("src/platform/common/proxy_common.c", "kept"), ("src/postgres/tools.c", "answers")}
    problems = []
    for path in s.ours:
        for number, line in enumerate(s.code[path], 1):
            found = re.match(r"static\s+((?:[\w]+[\s*]+)+)(\w+)\s*(?:\[[^;=]*\]\s*)*(?:=|;)", line)
            if not found or (path, found.group(2)) in allowed:
                continue
            words = found.group(1).strip()
            constant = words.endswith("const") if "*" in words else re.search(r"\bconst\b", words)
            if not constant:
                problems.append("%s:%d: %s" % (path, number, found.group(2)))
    yield "no mutable globals", problems


def check_text(s):
    long_files = ["%s has %d lines" % (p, t.count("\n")) for p, t in s.text.items() if t.count("\n") > MAX_LINES]
    yield "no file over %d lines" % MAX_LINES, long_files
    white, wide, ends = [], [], []
    for path in walk("src", "include", "res", "tests", "installer"):
        if not path.endswith(TEXT_FILES) or path.startswith(("src/msvc/", "tests/fuzz/corpus/")):
            continue
        text = read(path)
        if "\r" in text:
            ends.append("%s has CR line ends" % path)
        if text and not text.endswith("\n"):
            ends.append("%s does not end with a line end" % path)
        for number, line in enumerate(text.split("\n"), 1):
            if "\t" in line or line != line.rstrip():
                white.append("%s:%d" % (path, number))
            if path.endswith((".c", ".h", ".py")) and len(line) > MAX_COLUMNS:
                wide.append("%s:%d" % (path, number))
    yield "no tabs, no trailing spaces", white
    yield "no line over %d columns" % MAX_COLUMNS, wide
    yield "line ends", ends


def check_headers(s):
    heads, guards = [], []
    for path in (p for p in s.ours if p.startswith("include/")):
        name = os.path.basename(path)
        if not re.match(r"/\*\s*(?:\*\s*)?%s: \S" % re.escape(name), s.text[path]):
            heads.append("%s does not begin with a comment \"%s: ...\"" % (path, name))
        guard = re.search(r"#ifndef (\w+)\n#define (\w+)\n", s.text[path])
        if not guard or guard.group(1) != guard.group(2):
            guards.append("%s has no include guard" % path)
    yield "headers have a manual", heads
    yield "headers have a guard", guards


def check_tests(s):
    gaps_file = "tests/unit/GAPS.md"
    gaps, problems = {}, []
    if os.path.isfile(os.path.join(TOP, gaps_file)):
        for number, line in enumerate(read(gaps_file).split("\n"), 1):
            found = re.match(r"[-|] `(src/[^`]+)`\s*[:|] *(.*)", line)
            if found:
                gaps[found.group(1)] = (number, found.group(2).strip(" |"))
    def test_of(path):
        return os.path.join(TOP, "tests/unit", path.split("/")[1], "test_" + os.path.basename(path))
    tested = {p for p in s.ours if p.endswith(".c") and os.path.isfile(test_of(p))}
    for path in s.ours:
        if not path.startswith(NO_UNIT_TEST) and path.endswith(".c") and path not in tested | set(gaps):
            problems.append("%s has neither a test nor a line in %s" % (path, gaps_file))
    for path, (number, reason) in gaps.items():
        if path not in s.ours:
            problems.append("%s:%d names %s, which is not there" % (gaps_file, number, path))
        elif path in tested:
            problems.append("%s:%d names %s, which has a test" % (gaps_file, number, path))
        elif len(reason) < 15:
            problems.append("%s:%d gives no reason" % (gaps_file, number))
        for test in re.findall(r"\btests?/[\w/]+\.\w+|\btest_\w+\.(?:c|py)\b", reason):
            places = ["", "tests/e2e", "tests/fuzz"] + ["tests/unit/" + room for room in ARROWS]
            if not any(os.path.isfile(os.path.join(TOP, place, test)) for place in places):
                problems.append("%s:%d names %s, which is not there" % (gaps_file, number, test))
    yield "tests mirror the sources", problems


def check_names(s):
    """The installer removes and names things by what include/version.h defines; the program must mean the same."""
    defines = dict(re.findall(r'^#define (CMMS_\w+) "([^"]*)"', s.text["include/version.h"], re.M))
    everything = [p for p in s.ours if p != "include/version.h"]
    problems = []
    for name, place in (("CMMS_APP_ID", "SetCurrentProcessExplicitAppUserModelID"),
                        ("CMMS_SECRET_PREFIX", "connection_secret_target")):
        users = [p for p in everything if p.endswith(".c") and re.search(place + r"\s*\(", s.text[p])]
        if users and not any(name in s.text[p] or defines[name] in s.text[p] for p in users):
            problems.append("%s uses neither %s nor \"%s\"" % (", ".join(users), name, defines[name]))
    yield "names that the installer knows", problems
    yield "names come from version.h", own_names(s, defines)
    yield "names in the scripts", names_in_scripts(defines)
    yield "asked in one place", asked_once(s)
    command = defines["CMMS_CONSOLE_PROGRAM"].replace(".exe", "")
    named = literals(s, r"%s(?!\.exe)" % re.escape(command), ("src/cli/",))
    yield "no command of the console below it", [
        "%s:%d names a command of the console" % (p, n) for p, n, _ in named if p not in NAMES_COMMANDS] + [
        "%s names none any more" % p for p in NAMES_COMMANDS if p not in {p for p, _, _ in named}]


def literals(s, pattern, without):
    """(file, line number, match) of a pattern in the texts of our sources, comments left out."""
    found = []
    for path in s.ours:
        if path.startswith(without):
            continue
        for number, line in enumerate(strip(s.text[path], texts=False).split("\n"), 1):
            for text in re.findall(r'"(?:\\.|[^"\\])*"', line):
                found += [(path, number, m) for m in re.finditer(pattern, text)]
    return found


def asked_once(s):
    problems = []
    for pattern, (files, question) in ASKED_ONCE.items():
        found = set()
        for path in [p for p in s.ours if p.startswith("src/")]:
            for number, line in enumerate(strip(s.text[path], texts=False).split("\n"), 1):
                if re.search(pattern, line):
                    found.add(path)
                    if path not in files.split():
                        problems.append("%s:%d: %s %s answers" % (path, number, question, files))
        problems += ["%s does not answer any more: %s" % (f, question) for f in files.split() if f not in found]
    return problems


def own_names(s, defines):
    """The product's, Windows' and the files' names for this program: who needs one takes it from include/version.h."""
    names = sorted({defines[n] for n in ("CMMS_PRODUCT", "CMMS_APP_ID", "CMMS_TASK_NAME", "CMMS_SECRET_PREFIX",
                                         "CMMS_DATA_FOLDER", "CMMS_WINDOW_PROGRAM", "CMMS_CONSOLE_PROGRAM")})
    found = literals(s, "|".join(re.escape(n) for n in names + ["CMMSBackup"]), ("include/version.h",))
    return ['%s:%d has "%s"' % (p, n, m.group(0)) for p, n, m in found]


def names_in_scripts(defines):
    """A script of resources cannot put a caption together: that it has the same name is looked at here."""
    product, programs = defines["CMMS_PRODUCT"], (defines["CMMS_WINDOW_PROGRAM"], defines["CMMS_CONSOLE_PROGRAM"])
    ends = {"InternalName": [p.replace(".exe", "") for p in programs], "OriginalFilename": programs}
    problems = []
    for path in sorted(walk("res")):
        if not path.endswith(".rc"):
            continue
        for number, line in enumerate(read(path).split("\n"), 1):
            caption = re.search(r'CAPTION "(?:.* - |About )(.*)"', line) or re.search(r'"&About (.*)"', line)
            value = re.search(r'VALUE "(\w+)", "(.*)"', line)
            if caption and caption.group(1) != product:
                problems.append("%s:%d is not of %s" % (path, number, product))
            if value and value.group(1) == "FileDescription" and not value.group(2).startswith(product):
                problems.append("%s:%d does not describe %s" % (path, number, product))
            if value and value.group(1) in ends and value.group(2) not in ends[value.group(1)]:
                problems.append("%s:%d names no program of ours" % (path, number))
    return problems


def main():
    s = Sources()
    failed = False
    for check in (check_includes, check_calls, check_language, check_globals, check_text, check_headers, check_tests,
                  check_names):
        for name, problems in check(s):
            failed = failed or bool(problems)
            more = " (and %d more)" % (len(problems) - 12) if len(problems) > 12 else ""
            print("not ok %s: %s%s" % (name, "; ".join(problems[:12]), more) if problems else "ok %s" % name)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
