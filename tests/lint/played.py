#!/usr/bin/env python3
"""What the simulator plays (tests/sim): each PLAY(name) has its stand-in, and nothing of the platform that reaches
disk, clock, other programs or threads is left out: a linker does not notice that, and a life would touch the real disk.

One line a check: "ok NAME" or "not ok NAME: why". Exit code 1 when one failed.
"""
import glob
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Header → what of it needs no stand-in: it touches nothing, or nothing in the simulator comes there.
LEFT = {
    "fs": "fs_is_held fs_read_all fs_write_atomic fs_dir_writable fs_join fs_base_name fs_dir_name",
    "cancel": "",
    "roots": "",
    "conditions": "conditions_parse conditions_ask",
    "process": "process_exit_text process_quote line_splitter_init line_splitter_feed line_splitter_release",
    "machine": "machine_os_text machine_unsetenv machine_restrict_openssl machine_visit_tool_dirs machine_seal "
               "machine_unseal",
}
ALSO = ("clock_now clock_monotonic_ms thread_start thread_start_detached thread_join thread_give_way receivers_load "
        "receiver_send graph_new").split()


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def declared(header):
    text = re.sub(r"/\*.*?\*/", "", read(os.path.join(TOP, "include/platform/%s.h" % header)), flags=re.S)
    return re.findall(r"^[\w ]+[ *]+([a-z]\w*)\([^{]*?\);", text, re.M)


def main():
    text = "\n".join(read(f) for f in sorted(glob.glob(os.path.join(TOP, "tests/sim/*.c"))))
    played = re.findall(r"^PLAY\((\w+)\)$", text, re.M)
    made = re.findall(r"^[\w ]+[ *]+__wrap_(\w+)\([^;{]*\)\n\{", text, re.M)
    problems = ["%s is named twice" % n for n in sorted(set(played)) if played.count(n) > 1]
    problems += ["%s has no stand-in" % n for n in sorted(set(played) - set(made))]
    problems += ["__wrap_%s is nobody's" % n for n in sorted(set(made) - set(played))]
    missing = [n for n in ALSO if n not in played]
    for header, left in LEFT.items():
        names = declared(header)
        missing += [n for n in names if n not in played and n not in left.split()]
        problems += ["%s is not in platform/%s.h" % (n, header) for n in left.split() if n not in names]
    for name, found in (("stand-ins", problems), ("what is played", ["%s is not played" % n for n in missing])):
        print("not ok %s: %s" % (name, "; ".join(found)) if found else "ok %s" % name)
    return 1 if problems or missing else 0


if __name__ == "__main__":
    sys.exit(main())
