/*
 * notice.h: which notification is due, and its words. Pure: the facts, and what was told before, in; at most one notice
 * out. A front end shows it as the system does, and decides nothing.
 *
 * | notice  | due                                                      | told again                             |
 * |---------|----------------------------------------------------------|----------------------------------------|
 * | shrink  | the shrink alarm waits for a person                      | another one; the same after a day      |
 * | failed  | a backup has just failed                                 | another cause; the same after six      |
 * |         |                                                          | hours, or after one that went well     |
 * | unseen  | whether a slot is due could not be looked at             | another cause; the same after a day    |
 * | missed  | slots were missed, and the run made no backup since      | others; the same after a day           |
 * | damaged | a backup that lies there was found damaged               | another one; the same after a week     |
 * | overdue | the newest good backup is older than the schedule allows | after a day                            |
 * | sign-in | the sign-in to SharePoint runs out soon, or has          | another mark; the same after a week    |
 * | silent  | another PC has left no heartbeat for long, or says that  | other PCs; the same after a day        |
 * |         | it has no good backup                                    |                                        |
 * | done    | a backup was just made, and that is wanted               | each time                              |
 *
 * The uppermost wins; what is not told comes at a later look, but for what has just ended. Nothing is due while
 * somebody has the window before them: it says all of it. No text has a secret or a row's contents: they are made of
 * what the log has. dispatch.h is the same for receivers elsewhere; aloud.h keeps the memory for runs of which each is
 * a program of its own.
 */
#ifndef CMMS_NOTICE_H
#define CMMS_NOTICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum NoticeKind {
    NOTICE_NONE,
    NOTICE_SHRINK,
    NOTICE_FAILED,
    NOTICE_UNSEEN,
    NOTICE_MISSED,
    NOTICE_DAMAGED,
    NOTICE_OVERDUE,
    NOTICE_SIGN_IN,
    NOTICE_SILENT,
    NOTICE_DONE
} NoticeKind;

#define NOTICE_KINDS (NOTICE_DONE + 1)

typedef struct NoticeFacts { /* borrowed */
    int64_t now;
    bool seen;            /* the window is on the screen */
    bool quiet;           /* what went well is not told */
    bool unknown;         /* the folder cannot be read now: what is not so by alarm, sign_in and silent is not mended */
    const char *done;     /* a backup was just made: how it went, a sentence; NULL: none was */
    const char *failed;   /* one has just failed: why; NULL: none has */
    const char *unseen;   /* the folder could not be used, so that nobody knows whether one is due: why; or NULL */
    const char *missed;   /* which slots were just found missed (due_missed_text), and none was made since; or NULL */
    bool configured;      /* a database is known */
    int64_t good;         /* its newest good backup's moment; 0: there is none */
    int64_t since;        /* from when on there should be one; 0: that is not known */
    int due_hours;        /* health_due_hours */
    const char *alarm;    /* what the shrink alarm says; NULL: there is none */
    const char *sign_in;  /* what is to be said of the sign-in to SharePoint (OffsiteSignIn); NULL: nothing */
    int sign_in_mark;     /* the mark that was passed */
    const char *silent;   /* seen_silent_text; NULL: nobody is */
    const char *silent_names;
    const char *damaged;  /* the name of a backup that is; NULL: none is known to be */
} NoticeFacts;

typedef struct NoticeMemory {
    int64_t told[NOTICE_KINDS]; /* when each was last; 0: never, or not since it was mended */
    char *cause, *alarm, *damaged; /* owned: what was told then */
    char *silent;               /* the same: the names */
    char *unseen, *missed;      /* the same: the texts */
    int sign_in_mark;
} NoticeMemory;

void notice_memory_init(NoticeMemory *memory);
void notice_memory_release(NoticeMemory *memory);
/* The memory as a file's content. What is damaged, or of another version, is as if nothing had been told: false. */
char *notice_memory_text(const NoticeMemory *memory); /* caller frees */
bool notice_memory_parse(const char *bytes, size_t len, NoticeMemory *memory);
/* NOTICE_NONE leaves *text alone; else the caller frees it. What is returned counts as told. */
NoticeKind notice_look(const NoticeFacts *facts, NoticeMemory *memory, char **text);
const char *notice_title(NoticeKind kind); /* "Backup failed"; static */
const char *notice_word(NoticeKind kind);  /* "none", "shrink", "failed", "missed", …; static */
NoticeKind notice_of_word(const char *word); /* NOTICE_NONE: it is none */
bool notice_is_bad(NoticeKind kind);
/* "No good backup for 3 days"; NULL: it is not overdue. Caller frees. */
char *notice_overdue_text(const NoticeFacts *facts);
/* "Look at this: …" of a shrink alarm. Caller frees. */
char *notice_shrink_text(const char *alarm);
/* "cmms_backup_….backup can no longer be read …". Caller frees. */
char *notice_damaged_text(const char *name);

#endif
