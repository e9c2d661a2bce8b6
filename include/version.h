/* version.h: what this program is and what it was built with. */
#ifndef CMMS_VERSION_H
#define CMMS_VERSION_H

#define CMMS_VERSION "0.1.0"
#define CMMS_VERSION_NUMBERS 0, 1, 0, 0
#define CMMS_PRODUCT "CMMS Backup"

/* Names under which Windows knows the program. The installer takes them from here (installer/package.sh). */
#define CMMS_APP_ID "AIT.CMMSBackup"           /* AppUserModelID: of the process, and of the Start menu shortcut */
#define CMMS_TASK_NAME "AIT CMMS Backup"       /* the task of the scheduled backup, in Task Scheduler's root */
#define CMMS_AUTOSTART_NAME "AIT CMMS Backup"  /* value under HKCU ...\CurrentVersion\Run for --tray */
#define CMMS_SECRET_PREFIX "AIT CMMS Backup:"  /* what every target in the Credential Manager starts with */
#define CMMS_SEAL_NAME "AIT CMMS Backup"       /* what Windows says of a secret that it has sealed for us */
#define CMMS_DATA_FOLDER "AIT CMMS\\Backup"    /* under %LOCALAPPDATA% */
#define CMMS_WINDOW_PROGRAM "cmms-backup.exe"
#define CMMS_CONSOLE_PROGRAM "cmms-backup-cli.exe"
#define CMMS_USER_AGENT "NONISV|AIT|CMMSBackup/" CMMS_VERSION /* Microsoft's form for in-house programs */

#ifndef RC_INVOKED
/* One line per part: "libpq 18.6", "openssl 3.5.7-1~deb13u2 (source package)", ... Caller frees. */
char *version_parts_text(void);
#endif

#endif
