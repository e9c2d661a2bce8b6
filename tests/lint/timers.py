#!/usr/bin/env python3
"""No timer of the window comes oftener than once a minute, but for those that end with what they wait for."""
import glob
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.chdir(TOP)
failed = False

# As short as can be: a picture that is taken, a log that is written while a job runs, a window that was drawn.
SHORT = {"TIMER_PICTURE", "TIMER_EVENTS", "TIMER_LATER"}
# Whatever else is waited for, and where its least is said: a minute, in milliseconds.
LONG = {"CLOCK_MS": ("src/ui/main_window.c", r"#define CLOCK_MS (\d+)", 60000),
        "ms < MINUTE_MS ? MINUTE_MS : ms": ("src/ui/main_signin.c", r"#define MINUTE_MS (\d+)", 60000),
        "keeper_wait(&w->keeper, now) * SECOND_MS": ("include/schedule/keeper.h", r"#define KEEPER_LEAST\s+(\d+)", 60),
        "TELLER_STAYS_MS": ("src/ui/teller.h", r"#define TELLER_STAYS_MS \((\d+)u \* 3600u", 1)}


def say(passed, name, why):
    global failed
    failed = failed or not passed
    print(("ok %s" % name) if passed else ("not ok %s: %s" % (name, why)))


def calls(path):
    """(line, the timer, how long) of each SetTimer."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    for found in re.finditer(r"SetTimer\(([^,]+), (\w+), ([^;]+), NULL\)", text):
        yield text.count("\n", 0, found.start()) + 1, found.group(2), found.group(3)


seen, short, other = 0, [], []
for path in sorted(glob.glob("src/ui/**/*.c", recursive=True)):
    with open(path, encoding="utf-8") as f:
        named = f.read().count("SetTimer(")
    all_of_it = list(calls(path))
    if len(all_of_it) != named:
        other.append("%s: a SetTimer is not understood" % path)
    for line, timer, after in all_of_it:
        seen += 1
        if after == "USER_TIMER_MINIMUM":
            if timer not in SHORT:
                short.append("%s:%d %s" % (path, line, timer))
        elif after not in LONG:
            other.append("%s:%d %s comes after %s" % (path, line, timer, after))
say(seen >= 7, "the window's timers are found", "%d of them" % seen)
say(not short, "only what ends soon has a short timer", "; ".join(short))
say(not other, "what each other timer waits is known", "; ".join(other))
for after, (path, pattern, least) in LONG.items():
    with open(path, encoding="utf-8") as f:
        value = re.search(pattern, f.read())
    say(value is not None and int(value.group(1)) >= least, "a minute at least: " + after,
        "%s says %s" % (path, value.group(0) if value else "nothing"))
sys.exit(1 if failed else 0)
