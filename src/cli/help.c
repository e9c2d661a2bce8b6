/* help.c: the help, which the verbs say themselves; and the verb of that name. */
#include "verb.h"

#include "base/mem.h"
#include "base/strbuf.h"

static const char before_verbs[] =
    "cmms-backup-cli makes and checks backups of the CMMS database.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli VERB [OPTION]...\n"
    "\n"
    "Verbs:\n";

static const char after_verbs[] =
    "\n"
    "Options:\n"
    "  -?, --help               show this text; after a verb, its own\n"
    "  -V, --version            show the version; with --verbose also of the libraries and tools\n"
    "\n"
    "Every verb but help takes:\n"
    "      --json               one JSON document on stdout, and nothing else there\n"
    "  -q, --quiet              no progress and no log lines: only the result and errors\n"
    "      --no-color           no colours on a terminal\n"
    "\n"
    "Exit codes:\n"
    "    0  done\n"
    "    1  an internal error\n"
    "    2  the command line is wrong\n"
    "    3  the settings, the profile or the backup folder cannot be used\n"
    "    4  pg_dump, pg_restore or the bundled server is missing or failed\n"
    "    5  the server cannot be reached\n"
    "    6  the server refused: password, user, database or rights\n"
    "    7  a backup or another file is damaged\n"
    "    8  a file cannot be read or written, or the disk is full\n"
    "    9  another job is at work on the same folder or database\n"
    "   10  a file that was named does not exist\n"
    "   11  a file that was named is no backup of this kind\n"
    "  130  cancelled with Ctrl+C\n";

char *help_text(const Verb *verb)
{
    StrBuf text;
    if (verb != NULL && verb->help != NULL) {
        return mem_strdup(verb->help);
    }
    strbuf_init(&text, STRBUF_LINE);
    strbuf_addstr(&text, before_verbs);
    for (size_t i = 0; all_verbs[i] != NULL; i++) {
        strbuf_addf(&text, "  %-8s  %s\n", all_verbs[i]->name, all_verbs[i]->summary);
    }
    strbuf_addstr(&text, after_verbs);
    return strbuf_detach(&text);
}

const Verb verb_help = {.name = "help", .summary = "show this text, or the help of a verb"};
