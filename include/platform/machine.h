/* machine.h: what the system knows of the user and the PC. All texts UTF-8, caller frees; NULL where there is
 * none. Implemented by the platform. */
#ifndef CMMS_MACHINE_H
#define CMMS_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

#include "compiler.h"

/* Windows: FOLDERID_Documents, wherever it is redirected; ~/Documents. */
CMMS_MAY_BE_NULL char *machine_documents_dir(void);
/* Windows' "Controlled folder access" is on and does not know this program: it may not write in Documents, whatever its
 * rights there are. POSIX: false. */
bool machine_guards_documents(void);
CMMS_MAY_BE_NULL char *machine_home_dir(void);     /* the profile folder; $HOME */
CMMS_MAY_BE_NULL char *machine_temp_dir(void);
CMMS_MAY_BE_NULL char *machine_program_dir(void);  /* where our own executable lies */
CMMS_MAY_BE_NULL char *machine_program_path(void); /* our own executable */
/* CMMS_BACKUP_DATA in the environment, else %LOCALAPPDATA%\AIT CMMS\Backup or $XDG_DATA_HOME/ait-cmms-backup. Made. */
CMMS_MAY_BE_NULL char *machine_local_data_dir(void);
CMMS_MAY_BE_NULL char *machine_user_name(void);
CMMS_MAY_BE_NULL char *machine_host_name(void);
char *machine_os_text(void);        /* "Windows 10.0.19045", "Linux 6.1.0", with " (Wine 10.0)" under Wine */
CMMS_MAY_BE_NULL char *machine_getenv(const char *name); /* UTF-8 on Windows too */
void machine_unsetenv(const char *name); /* also for the C library; while there is one thread */
/* OpenSSL, in this process and in its children, reads no configuration and no certificates from where its variables or
 * its built-in folder lead (on Windows one that anybody may make: CVE-2019-1552), and writes no keys. What it trusts
 * comes from roots_get alone. While there is one thread. */
void machine_restrict_openssl(void);
bool machine_random(CMMS_WRITES(len) void *bytes, size_t len); /* from the system's generator */

/* Folders on this computer in which PostgreSQL's client tools may be installed, the newest first, by the registry and
 * Program Files (Windows) or /usr/lib/postgresql (POSIX): calls visit with each until it returns false. Those on a
 * network drive are passed over: one that is dead would keep us waiting. */
void machine_visit_tool_dirs(bool (*visit)(void *context, const char *dir), void *context);

/* A password kept by the system for this user (Windows: Credential Manager; POSIX: none, always false). */
struct Secret;
struct Error;
bool machine_secret_load(const char *target, struct Secret *secret); /* false: there is none */
bool machine_secret_save(const char *target, const struct Secret *secret, struct Error *err);
bool machine_secret_delete(const char *target, struct Error *err);

/* Makes of a secret of any length what only this user can open again, on this PC (Windows: DPAPI, asking nobody), for a
 * file of ours. POSIX has no such thing: there it is the secret itself, and what keeps it is that our files are this
 * user's alone (fs_create_new). Appends to `sealed`. */
struct StrBuf;
bool machine_seal(const struct Secret *secret, struct StrBuf *sealed, struct Error *err);
/* False: not sealed here, or damaged. */
bool machine_unseal(CMMS_READS(len) const void *sealed, size_t len, struct Secret *secret);

#endif
