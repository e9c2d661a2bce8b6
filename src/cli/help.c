#include "options.h"

static const char general[] =
    "cmms-backup-cli makes and checks backups of the CMMS database.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli VERB [OPTION]...\n"
    "\n"
    "Verbs:\n"
    "  backup    make a backup, check it, and keep it in the backup folder\n"
    "  list      show the backups in the backup folder\n"
    "  verify    read every byte of backups and compare them with what was recorded\n"
    "  prove     restore a backup into an empty database, and count what comes back\n"
    "  preview   show what a restore of a backup would change, and change nothing\n"
    "  restore   bring a backup back: into a new database that then takes the place of the live one\n"
    "  undo      bring back the database that a restore replaced\n"
    "  export    copy a backup to another folder or a share, and check the copy\n"
    "  sharepoint  set up a folder on SharePoint, or see whether it can be reached\n"
    "  upload    copy backups to that folder, and check them there\n"
    "  download  bring backups back from that folder\n"
    "  encryption  whether copies are encrypted before they leave this PC, and for whom\n"
    "  doctor    look at everything that a backup needs, and say what is wrong\n"
    "  sample    make the sample database, on a server of its own unless one is named\n"
    "  cleanup   remove old backups, or show what would go and why\n"
    "  pin       keep a backup whatever its age\n"
    "  delete    delete backups\n"
    "  log       show the log of the backup folder, or check that nobody changed it\n"
    "  config    show or change the settings\n"
    "  schedule  show or change when backups are made, or make the one that is due\n"
    "  status    how the database is protected: schedule, verified, off-site, proof\n"
    "  report    write the health report: the last year, how things stand, what is ahead\n"
    "  certificate  write the certificate of a proof, one page\n"
    "  notify    show or change who is told of the schedule's runs; test it; retire a computer\n"
    "  help      show this text, or the help of a verb\n"
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

#define CONNECTION_HELP                                                                                              \
    "Connection options:\n"                                                                                          \
    "  -h, --host=HOST          server's name or address\n"                                                          \
    "  -p, --port=PORT          its port\n"                                                                          \
    "  -U, --username=NAME      user name at the server\n"                                                           \
    "  -d, --dbname=DBNAME      database, or a connection string:\n"                                                 \
    "                           postgresql://USER@HOST:PORT/DBNAME?sslmode=..., or host=HOST dbname=DBNAME ...\n"    \
    "      --sslmode=MODE       disable, allow, prefer, require, verify-ca or verify-full (the default but for\n"     \
    "                           this computer itself); a connection string's own sslmode cannot weaken it\n"         \
    "  -w, --no-password        never ask for a password\n"

#define CONNECTION_SOURCES                                                                                           \
    "Where nothing is given, the saved profile and PGHOST, PGPORT, PGUSER, PGDATABASE, PGSSLMODE, PGSSLROOTCERT,\n"  \
    "PGCHANNELBINDING and PGOPTIONS count. Others that would choose a server or credential (PGSERVICE,\n"             \
    "PGHOSTADDR, PGSSLCERT, ...) are refused; the rest is not looked at, also not by pg_dump.\n"                      \
    "The password comes from PGPASSWORD or the connection string, a password file (PGPASSFILE), or what the\n"       \
    "system keeps for this user; otherwise it is asked for on the terminal. There is no option for it.\n"

#define OUTPUT_HELP                                                                                                  \
    "Output options:\n"                                                                                              \
    "      --json               one JSON document on stdout, and nothing else there\n"                               \
    "  -q, --quiet              no progress and no log lines: only the result and errors\n"                          \
    "      --no-color           no colours on a terminal\n"                                                          \
    "  -?, --help               show this text\n"

#define PROGRESS_OPTION \
    "      --progress-json      progress as JSON on stderr, an object a line: fraction (0 to 1), step, bytes,\n" \
    "                           bytes_per_second, seconds_left\n"

#define FOLDER_OPTION                                                                                                \
    "      --folder=DIR         backup folder; otherwise CMMS_BACKUP_FOLDER, else Documents/AIT_CMMS_Backups\n"

static const char backup[] =
    "Make a backup of the database: dump it, read every byte of the result back, and keep it.\n"
    "A file that ends in .backup in the backup folder is whole; an unfinished one never has that name.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli backup [OPTION]...\n"
    "\n"
    "Options:\n" FOLDER_OPTION
    "      --fallback           where the usual folder cannot be written to, use `backups` beside the program or a\n"
    "                           folder of the user's; without it such a backup fails\n"
    "      --compress=METHOD    none, gzip, lz4 or zstd, with a level if need be: zstd:3\n"
    "\n" CONNECTION_HELP "\n" OUTPUT_HELP PROGRESS_OPTION "\n" CONNECTION_SOURCES
    "\n"
    "Where the setting upload_after_backup is true, the finished backup is then copied to SharePoint (see upload).\n"
    "What keeps it from getting there is a warning, and the next backup or run of the schedule goes on with it.\n"
    "With --quiet the finished file's path is the only line on stdout.\n";

#define FOREIGN_OPTION \
    "      --foreign            a file without a manifest is not proven first: what is in it runs with your rights.\n" \
    "                           (A manifest is no signature: who may write into the folder can write one.)\n"

static const char preview[] =
    "Show what a restore would change, and change nothing: the rows of each table now and then, the newest rows\n"
    "that would be lost, when the backup was made, how good and whose it is, what of it would not come along, and\n"
    "what keeps it from being restored.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli preview [OPTION]... FILE\n"
    "\n"
    "FILE is a path, or a name in the backup folder. One without a manifest, which others may have made, is first\n"
    "restored into the bundled server, as 'prove' does it, and what in it acts is listed. The live database is\n"
    "counted for 20 seconds at most; what is too large for that is told as \"about\".\n"
    "\n"
    "Options:\n"
    "      --to=DBNAME          of a restore into a new database of that name\n"
    "      --in-place           of a restore into the live database itself\n"
    "      --no-safety-backup   of a restore without a backup of the live database first\n"
    "      --no-safety-proof    of one whose safety backup is not proven first\n"
    FOREIGN_OPTION FOLDER_OPTION "\n"
    CONNECTION_HELP "\n" OUTPUT_HELP PROGRESS_OPTION "\n" CONNECTION_SOURCES
    "\n"
    "That the backup cannot be restored as it stands is a result, and no error: \"possible\" in the JSON document.\n";

static const char restore[] =
    "Restore a backup: read every byte, make a safety backup of the live database and prove it where the bundled\n"
    "server can, restore into a new database, count the rows of each table, and only then let it take the live\n"
    "one's name. The old database is kept, for undo. When anything fails before that, the live database is as it\n"
    "was.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli restore [OPTION]... FILE\n"
    "  cmms-backup-cli restore --tables=NAME,... [OPTION]... FILE\n"
    "\n"
    "FILE is a path, or a name in the backup folder. Unless --yes is given, the name of the database that is to be\n"
    "replaced is asked for. What the restore changes is shown first, as 'preview' shows it; a file without a\n"
    "manifest is proven before it comes near the server.\n"
    "\n"
    "Options:\n"
    "      --to=DBNAME          into a new database of that name; the live one is not touched\n"
    "      --tables=NAME,...    only these tables, into a new schema of the database, to look at them; nothing that\n"
    "                           is there is touched. A name is the database's: work_orders, or schema.name. The new\n"
    "                           tables have the rows alone, without keys, defaults and rights\n"
    "      --to-schema=NAME     the name of that schema; otherwise restored_ and the moment of the backup\n"
    "      --in-place           for a user who may not create databases: into the live one itself, all of it or\n"
    "                           nothing. All programs are disconnected, nobody can change anything there\n"
    "                           meanwhile, and there is no undo: what was there is only in the safety backup then,\n"
    "                           which is pinned. Not where the database has large objects\n"
    "      --no-safety-backup   make no backup of the live database first\n"
    "      --no-safety-proof    do not prove that backup on the bundled server before going on\n"
    FOREIGN_OPTION
    "      --sort-as-live       where the server cannot sort as the source did: as the live database does\n"
    "  -y, --yes                do not ask\n" FOLDER_OPTION "\n" CONNECTION_HELP "\n" OUTPUT_HELP PROGRESS_OPTION "\n"
    CONNECTION_SOURCES;

static const char undo[] =
    "Undo a restore: the database that it replaced gets its name back, and what was restored is kept in its turn,\n"
    "so an undo can be undone as well.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli undo [OPTION]... [DATABASE]\n"
    "  cmms-backup-cli undo --list [OPTION]...\n"
    "  cmms-backup-cli undo --drop=DATABASE [OPTION]...\n"
    "  cmms-backup-cli undo --clean-up [OPTION]...\n"
    "\n"
    "DATABASE is the name under which one is kept; without it the newest is taken.\n"
    "\n"
    "Options:\n"
    "      --list               show those that are kept, with what they take, and mend what an interrupted restore\n"
    "                           left\n"
    "      --drop=DATABASE      drop one that is kept, for good\n"
    "      --clean-up           drop those that are older than undo_days (14; see 'config'; 0: none), for good;\n"
    "                           never the newest. Nothing else drops them\n"
    "  -y, --yes                do not ask\n" FOLDER_OPTION "\n" CONNECTION_HELP "\n" OUTPUT_HELP PROGRESS_OPTION "\n"
    CONNECTION_SOURCES;

static const char list[] =
    "Show the backups in the backup folder, the newest first.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli list [OPTION]...\n"
    "\n"
    "Options:\n" FOLDER_OPTION "\n" OUTPUT_HELP
    "\n"
    "Status: Verified and Proven are good backups; Read means that every byte was read, but its rows were never\n"
    "all compared with the database's; Listed is the quick check of older versions; Not verified means that\n"
    "nothing is known of the file; Damaged means that it failed a check. What has a copy on SharePoint, waits for\n"
    "one, or is there alone, is said as it was when it was uploaded; nothing is asked of SharePoint now.\n";

static const char verify[] =
    "Read every byte of backups: decode them, count their rows, and compare both and the SHA-256 with what was\n"
    "recorded when they were made. The outcome is kept for backups in the backup folder; files elsewhere are\n"
    "only read.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli verify [OPTION]... [FILE]...\n"
    "\n"
    "Without FILE the newest backup in the backup folder. FILE is a path, or a name in the backup folder.\n"
    "\n"
    "Options:\n"
    "      --all                all backups in the backup folder\n" FOLDER_OPTION "\n" OUTPUT_HELP PROGRESS_OPTION
    "\n"
    "The exit code is 7 when any of the files is damaged.\n";

static const char prove[] =
    "Prove a backup: read every byte, restore it into an empty database of the bundled server, count the rows of\n"
    "each table, look at constraints and indexes, and take it all away again. The database that was backed up is\n"
    "not touched. The outcome is kept for backups in the backup folder. What is in a backup runs with no right but\n"
    "to that empty database; what takes more is named, and nothing is said against the backup then.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli prove [OPTION]... [FILE]\n"
    "  cmms-backup-cli prove --on -h HOST [CONNECTION OPTION]... [FILE]\n"
    "\n"
    "Without FILE the newest backup in the backup folder. FILE is a path, or a name in the backup folder.\n"
    "\n"
    "Options:\n"
    "      --on                 on the server that -h names, in a database of its own that is dropped afterwards\n"
    FOLDER_OPTION "\n" CONNECTION_HELP "\n" OUTPUT_HELP PROGRESS_OPTION
    "\n"
    "With --on, -d names a database to connect to first (postgres); it is not touched. The exit code is 4 when\n"
    "the backup cannot be proven on that server, for example for an extension that the server lacks.\n";

static const char export[] =
    "Copy a backup, with its manifest, to another folder, a stick or a share. The copy is read back from there and\n"
    "must have the SHA-256 that was recorded; only then does it take its name.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli export [OPTION]... FILE DIR\n"
    "\n"
    "FILE is a path, or a name in the backup folder. DIR must exist.\n"
    "\n"
    "Options:\n"
    "      --overwrite          replace a file of that name in DIR\n" FOLDER_OPTION "\n" OUTPUT_HELP PROGRESS_OPTION
    "\n"
    "With --quiet the copy's path is the only line on stdout.\n";

static const char sharepoint[] =
    "Set up a folder on SharePoint for copies of backups: sign in with the browser, find the folder, try it with a\n"
    "small file that is removed again. Or show what is set up, and whether it can be reached; or what is there.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli sharepoint set-up [OPTION]... LINK\n"
    "  cmms-backup-cli sharepoint use-folder DIR\n"
    "  cmms-backup-cli sharepoint status\n"
    "  cmms-backup-cli sharepoint list [--last=N]\n"
    "  cmms-backup-cli sharepoint clean-up [--all] [--yes]\n"
    "  cmms-backup-cli sharepoint ask-it [OPTION]... [LINK]\n"
    "  cmms-backup-cli sharepoint sign-out | forget\n"
    "\n"
    "list shows the backups there, the newest first: which PC made them, how good they are, and whether their size\n"
    "and hash there are what their manifests say.\n"
    "\n"
    "clean-up shows which backups there are old by the settings of the backup folder, and why; with --yes they go\n"
    "into SharePoint's recycle bin. As here, only what this program made goes, and only when a newer verified\n"
    "backup of the same database is there; what is pinned, has changed, was made by another computer or brought\n"
    "there from another folder stays.\n"
    "\n"
    "LINK is the address of a library or a folder, as in the browser's address line, or a sharing link to a folder.\n"
    "\n"
    "use-folder needs no administrator: DIR is a folder of this PC that OneDrive keeps in step with a library (Sync\n"
    "on the library's page makes one). Backups are copied there; they count as off-site when Windows says that\n"
    "OneDrive has brought them to the cloud.\n"
    "\n"
    "Options:\n"
    "      --client-id=ID       the number that IT gets when it registers this program in your organisation's\n"
    "                           Entra (public client, redirect http://localhost)\n"
    "      --tenant=NAME        the organisation; otherwise what the link says (contoso.onmicrosoft.com)\n"
    "      --no-browser         only show the address for the sign-in, do not open it\n"
    "      --device-code        sign in with a browser elsewhere; many organisations do not allow it\n"
    "      --rights=RIGHTS      what the sign-in asks for: all (what the person may do), or selected (only\n"
    "                           sites that IT has granted to this program)\n"
    "      --certificate=NUMBER the program signs in as itself, for runs without a person: with the key of the\n"
    "                           certificate of this thumbprint in the user's or computer's Windows store\n"
    "      --secret             the same with a client secret, where a certificate cannot be had: it is asked for,\n"
    "                           or taken from CMMS_SHAREPOINT_SECRET\n"
    "      --secret-ends=DATE   when IT has said that it runs out: 2027-05-31\n"
    "      --cloud=NAME         global, gcc-high, dod or china; otherwise what the link says\n"
    "      --graph=URL          another Microsoft Graph and another sign-in than those of the link's cloud\n"
    "      --login=URL\n"
    "      --all                of clean-up: also what other computers made, or other folders brought there; pins\n"
    "                           that were set there later are not known then\n"
    "  -y, --yes                of clean-up: do it\n"
    "      --last=N             of list: read so many manifests (100); of older ones only name and size are shown\n"
    FOLDER_OPTION "\n" OUTPUT_HELP
    "\n"
    "All of this is kept for the next time, but who signs in is said each time. The sign-in is kept for this user\n"
    "on this PC, protected by Windows.\n"
    "ask-it prints a page to send to IT: how the program is registered, approved and granted the site. sign-out\n"
    "removes the sign-in from this PC, forget the folder as well; neither touches what is on SharePoint.\n";

static const char upload[] =
    "Copy backups, with their manifests, to the folder on SharePoint that is set up. A copy gets its name when its\n"
    "size and hash there are those of the file here. An upload that was interrupted goes on where it stood when the\n"
    "same file is uploaded again.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli upload [OPTION]... FILE...\n"
    "\n"
    "FILE is a path, or a name in the backup folder.\n"
    "\n"
    "Options:\n" FOLDER_OPTION "\n" OUTPUT_HELP PROGRESS_OPTION
    "\n"
    "The exit code is that of the first file that could not be uploaded. The others go on, unless they would fail\n"
    "as well: nobody is signed in, SharePoint is full or is not reached.\n";

static const char download[] =
    "Bring backups back from the folder on SharePoint that is set up. A file gets its name in the backup folder\n"
    "when its size, its hash there and the SHA-256 of its manifest are right; then verify, prove, preview and\n"
    "restore take it like any other. A download that was interrupted goes on where it stood when it is asked for\n"
    "again.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli download [OPTION]... FILE...\n"
    "\n"
    "FILE is a name that 'cmms-backup-cli sharepoint list' shows.\n"
    "\n"
    "Options:\n"
    "      --key-file=FILE      of an encrypted copy: the file with the private key. A passphrase is asked for on\n"
    "                           the terminal, or is in CMMS_BACKUP_PASSPHRASE\n" FOLDER_OPTION "\n" OUTPUT_HELP
    PROGRESS_OPTION "\n"
    "What was brought back is pinned, so that no clean-up takes it at once. With --quiet the paths of the files are\n"
    "the only lines on stdout. The exit code is that of the first file that did not come.\n";

static const char encryption[] =
    "Show whether copies of backups are encrypted before they leave this PC; set that up, or switch it off.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli encryption [status]\n"
    "  cmms-backup-cli encryption set-up --key-file=FILE [--keep-key] [--card=FILE]\n"
    "  cmms-backup-cli encryption set-up --recipient=KEY [--card=FILE]\n"
    "  cmms-backup-cli encryption set-up --passphrase [--card=FILE]\n"
    "  cmms-backup-cli encryption off\n"
    "\n"
    "The format is that of age (age-encryption.org/v1), which the program age reads without this one. With a key\n"
    "pair this PC cannot read the copies that it makes. Whoever loses the key loses the copies; what that means is\n"
    "shown, and must be confirmed.\n"
    "\n"
    "Options:\n"
    "      --key-file=FILE      make a key pair; its private key goes to this file and is not kept on this PC\n"
    "      --keep-key           keep the private key on this PC as well: then it can read the copies\n"
    "      --recipient=KEY      for a public key that was made elsewhere (age1...)\n"
    "      --passphrase         with a passphrase, asked for twice on the terminal, or in CMMS_BACKUP_PASSPHRASE\n"
    "      --card=FILE          write a recovery card, without a secret, to be printed\n"
    "      --confirm=TEXT       what is otherwise typed when the warning was read: \"without the key nothing\"\n"
    "\n" OUTPUT_HELP
    "\n"
    "Copies that are there already stay as they are. Backups in the backup folder are never encrypted. The manifest\n"
    "of an encrypted copy is not: names of tables and users, and how many rows there are, can be read.\n"
    "A key that is kept on this PC stays there when another is set up. off takes all of them away with it, and\n"
    "wants the same confirmation then.\n";

static const char doctor[] =
    "Look at everything that a backup needs: folder, settings, disk, tools, host, connection, rights; and at the\n"
    "folder on SharePoint, where one is set up: whether it can be reached, its room, the sign-in, the clock.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli doctor [OPTION]...\n"
    "\n"
    "Options:\n" FOLDER_OPTION "\n" CONNECTION_HELP "\n" OUTPUT_HELP "\n" CONNECTION_SOURCES
    "\n"
    "The exit code is that of the first bad check; warnings do not change it.\n";

static const char sample[] =
    "Make the sample database: the tables of the CMMS with invented data. Nothing that exists is touched.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli sample [--size=MB] [--data=DIR]\n"
    "  cmms-backup-cli sample [--size=MB] -h HOST [CONNECTION OPTION]...\n"
    "\n"
    "Without a host the bundled server is started, for this PC alone and for as long as this program runs; how\n"
    "to reach it is printed as PG* settings. It ends with Ctrl+C, or when stdin is closed. With a host the\n"
    "database is made on that server, and the program ends; -d is then the name of the database to make.\n"
    "\n"
    "Options:\n"
    "      --size=MB            about so many megabytes of data (50)\n"
    "      --data=DIR           where the bundled server keeps its files\n"
    "\n" CONNECTION_HELP "\n" OUTPUT_HELP
    "\n"
    "The CMMS users of the sample are manager (password \"sample\"), tech and parts (the same password).\n";

static const char cleanup[] =
    "Remove old backups, as the settings retention_days, max_backups and keep_monthly say. Only files that this\n"
    "program made go, and only when a newer verified backup of the same database exists, which is read in full\n"
    "first. Pinned backups, the newest verified one and files made by others always stay.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli cleanup [OPTION]...\n"
    "\n"
    "Options:\n"
    "      --dry-run            remove nothing; show what would go or stay, and why\n"
    "      --freeze             stop clean-ups until --unfreeze; remove nothing now\n"
    "      --reason=TEXT        why, for the log and for who looks at it later\n"
    "      --unfreeze           allow clean-ups again, also after a shrink alarm; remove nothing now\n" FOLDER_OPTION
    "\n" OUTPUT_HELP
    "\n"
    "A shrink alarm is raised when a table has lost much of its rows since the last good backup\n"
    "(shrink_alarm_percent). That backup is pinned, and nothing is removed until --unfreeze.\n";

static const char pin[] =
    "Keep a backup whatever its age: no clean-up removes it, and it cannot be deleted until it is unpinned.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli pin [--reason=TEXT] FILE...\n"
    "  cmms-backup-cli pin --off FILE...\n"
    "\n"
    "FILE is a name in the backup folder.\n"
    "\n"
    "Options:\n"
    "      --off                unpin\n"
    "      --reason=TEXT        why; shown wherever the backup is shown\n" FOLDER_OPTION "\n" OUTPUT_HELP;

static const char delete[] =
    "Delete backups. The newest verified backup of a database, and any while there is no verified one, are only\n"
    "deleted with --force; pinned ones not at all.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli delete [OPTION]... FILE...\n"
    "\n"
    "FILE is a name in the backup folder.\n"
    "\n"
    "Options:\n"
    "      --force              also the last good one\n" FOLDER_OPTION "\n" OUTPUT_HELP;

static const char show_log[] =
    "Show the newest entries of the backup folder's log, or check that its entries follow from one another.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli log [OPTION]...\n"
    "\n"
    "Options:\n"
    "      --check              check the chain over all files of the log; the first broken link is named\n"
    "      --last=N             so many entries (20)\n" FOLDER_OPTION "\n" OUTPUT_HELP
    "\n"
    "The exit code of --check is 7 when an entry was changed, added or removed.\n";

static const char config[] =
    "Show the settings of the backup folder, or change some of them. A change is logged.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli config [show]\n"
    "  cmms-backup-cli config set KEY=VALUE...\n"
    "\n"
    "Keys: enabled, schedule (daily, weekly, monthly), backup_time (HH:MM), retention_days, max_backups, compress,\n"
    "compress_with (zstd; gzip or lz4 where a pg_restore without zstd is to read the files), verify_after_backup,\n"
    "keep_monthly, shrink_alarm_percent (0: no alarm), stall_minutes, prove_within_days (0: no proof is asked for),\n"
    "upload_after_backup (each backup is copied to the folder on SharePoint that is set up), upload_limit_kb (so\n"
    "many KB a second go there at the most; 0: no limit),\n"
    "undo_days (what restores replaced may be dropped when it is older, see 'cmms-backup-cli undo'; 0: never).\n"
    "Of the schedule: more_times (12:00,18:30), weekdays (mon,thu), month_day (0: the last), wake; what a slot\n"
    "waits for: on_battery, battery_percent, on_metered, quiet_hours (22:00-06:00), wait_days; what is done about\n"
    "backups that lie there: recheck_days, prove_every_days, check_hours; see 'cmms-backup-cli schedule --help'.\n"
    "\n"
    "Options:\n" FOLDER_OPTION "\n" OUTPUT_HELP;

static const char schedule[] =
    "Show or change when backups are made, or make the one that is due.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli schedule [show]\n"
    "  cmms-backup-cli schedule set KEY=VALUE...\n"
    "  cmms-backup-cli schedule run-due [--no-wait] [CONNECTION OPTION]...\n"
    "  cmms-backup-cli schedule install\n"
    "  cmms-backup-cli schedule remove\n"
    "\n"
    "Keys: enabled, schedule (daily, weekly, monthly), backup_time (02:00), more_times (12:00,18:30), times (both\n"
    "in one: 02:00,12:00), weekdays (mon,thu: of a weekly schedule), month_day (1 to 31, where a month is shorter\n"
    "its last; 0: the last), wake (wake the PC for it).\n"
    "A slot waits while on_battery is false and the PC is not plugged in, or its battery is below battery_percent\n"
    "(20; 0: it does not); while on_metered is false and the network is metered; in the quiet_hours (22:00-06:00;\n"
    "none). It is told, and run after wait_days (2; 0: none waits) in any case. A backup that somebody asks for,\n"
    "with 'cmms-backup-cli backup' or in the window, never waits.\n"
    "Each backup is read again to its last byte after recheck_days (7; 0: never), one share a run, those that\n"
    "nobody has looked at for the longest first; the newest good one is proven after prove_every_days (30; 0: not\n"
    "by itself). That is done in the check_hours (20:00-06:00; none: at any hour) while the PC is plugged in, or\n"
    "what has waited wait_days (where that is 0, two) for them at once, but not on a battery below\n"
    "battery_percent, and makes way for any other job. What is damaged is marked and told.\n"
    "\n"
    "run-due makes the backup of the newest slot, once, whoever calls it and however often: where nothing is due it\n"
    "does nothing. Slots that were slept over are missed, and told; the newest is caught up. The server is awaited\n"
    "for ten minutes, and what may pass is tried again after 1, 5 and 15 minutes; then the slot has failed, and is\n"
    "due again after 15 minutes, an hour, and every four hours. No password is asked for.\n"
    "\n"
    "install has Task Scheduler do that while nobody has the window open: at the times of the schedule, when the\n"
    "user signs in and when the PC is unlocked, as the user who calls it and with the connection that is saved.\n"
    "set keeps such a task in step. show says when somebody has deleted it or switched it off.\n"
    "\n"
    "Options:\n"
    "      --no-wait            one try, at once; no older backup is read or proven. A slot that waits (for\n"
    "                           power, the network or the quiet hours) waits all the same: exit code 0\n" FOLDER_OPTION
    "\n"
    CONNECTION_HELP "\n" OUTPUT_HELP PROGRESS_OPTION
    "\n"
    "The exit code of run-due is 0 when nothing is due, it waits or the backup was made, 7 when an older backup was\n"
    "found damaged, 9 when another program is at work on it, else that of the backup. Where upload_after_backup is\n"
    "true, copies go to SharePoint after it, also when nothing was due; whether they get there changes nothing of\n"
    "the exit code.\n";

static const char status[] =
    "Show how the database is protected: four facts, each with its date and what mends it.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli status [OPTION]...\n"
    "\n"
    "Schedule: the newest slot that was due was run, or a backup was made since; and where a connection is saved,\n"
    "its task is as it should be. Verified: the newest backup of the database. Off-site: the newest verified one\n"
    "has a copy on SharePoint that was compared there; asked for with upload_after_backup. Proof: one that is not\n"
    "older than prove_within_days. It is protected where these hold and nothing else is wrong, such as a shrink\n"
    "alarm that waits or a damaged backup. A slot that waits is missing, with what for and until when at most. It\n"
    "also says when the sign-in to SharePoint runs out, from 30 days before on; which receiver did not take the\n"
    "last notice; and which other computers have left no heartbeat for long.\n"
    "\n"
    "Options:\n" FOLDER_OPTION "\n" OUTPUT_HELP
    "\n"
    "The exit code does not tell whether it is protected; \"protected\" in the JSON document does.\n";

#define OUT_OPTION                                                                                               \
    "      --out=FILE           where the page goes: a name that ends in .html; one that is there is replaced.\n"    \
    "                           Otherwise it goes to a folder of this user's, and it is told where\n"

static const char report[] =
    "Write the health report: a page to look at in a browser, to mail and to print. It has a calendar of the last\n"
    "year (backups made, failed, missed), the last good backup and the next, how sizes and times developed, what a\n"
    "restore would take by the last restore or proof, copies, proofs, restores, failures, and which backup goes\n"
    "when. It tells what the folder's log, manifests and schedule have recorded; no server is asked.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli report [OPTION]...\n"
    "\n"
    "Options:\n" OUT_OPTION FOLDER_OPTION "\n" OUTPUT_HELP
    "\n"
    "With --json the document has all of it, and a page is only written where --out names one. With --quiet the\n"
    "page's path is the only line on stdout. The exit code does not tell how the backups are.\n";

static const char certificate[] =
    "Write the certificate of a proof: one page with the file and its SHA-256, when, where and by whom it was\n"
    "restored, which tables and rows came back, and the entry of the log on which that stands, with its hashes.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli certificate [OPTION]... FILE\n"
    "\n"
    "FILE is a path, or a name in the backup folder. It is read to its last byte. There is no certificate for a\n"
    "file that is not proven, whose content is no longer what was proven, or whose proof is not in the log of its\n"
    "folder, or of which the log says later that it is damaged; nor while that log does not hold (see log).\n"
    "\n"
    "Options:\n" OUT_OPTION FOLDER_OPTION "\n" OUTPUT_HELP
    "\n"
    "With --json the document has all of it, and a page is only written where --out names one. With --quiet the\n"
    "page's path is the only line on stdout. Exit code 11: it is not proven; 7: the file or the log is not what it\n"
    "was.\n";

static const char notify[] =
    "Show or change who is told of the schedule's runs, beside this computer's own screen; and the computers that\n"
    "leave a heartbeat in the same place.\n"
    "\n"
    "Usage:\n"
    "  cmms-backup-cli notify [list]\n"
    "  cmms-backup-cli notify set ping|webhook|teams [quiet=true]\n"
    "  cmms-backup-cli notify set smtp address=smtps://SERVER from=ADDRESS to=ADDRESS,... [user=NAME] [quiet=true]\n"
    "  cmms-backup-cli notify set graph to=ADDRESS,... [quiet=true]\n"
    "  cmms-backup-cli notify test [RECEIVER]\n"
    "  cmms-backup-cli notify remove RECEIVER\n"
    "  cmms-backup-cli notify retire COMPUTER\n"
    "\n"
    "ping is an address in the manner of healthchecks: it gets /start when a slot of the schedule begins to be\n"
    "run, the address itself when its backup is made, and /fail when it is not, or is not verified. webhook gets a\n"
    "JSON object, teams (a workflow for a Teams channel) a card. smtp is mail by a server of your own, smtps:// or\n"
    "smtp:// with STARTTLS; graph is mail by the sign-in to SharePoint, for which IT has to allow Mail.Send.\n"
    "\n"
    "These addresses, and the password for the mail server, are asked for, or come from\n"
    "CMMS_BACKUP_NOTIFY_ADDRESS and CMMS_BACKUP_NOTIFY_PASSWORD; they are kept sealed, for this user on this PC.\n"
    "What is told: a backup was made (not with quiet=true), is not verified, failed, or is overdue; the backup\n"
    "folder cannot be used, so that nobody knows; a shrink alarm; an old backup that is damaged; the sign-in to\n"
    "SharePoint runs out; another computer has been silent for four and a half days (a long weekend is shorter), or\n"
    "for longer where its schedule has longer gaps. The same again: a failure after six hours, the others after a\n"
    "day or a week. A receiver that fails keeps no backup from being made.\n"
    "\n"
    "Each run of the schedule leaves a heartbeat in the folder on SharePoint, else in the backup folder. retire\n"
    "says that a computer is no longer, until it leaves one again.\n"
    "\n"
    "Options:\n" FOLDER_OPTION "\n" OUTPUT_HELP;

const char *help_text(Verb verb)
{
    switch (verb) {
    case VERB_BACKUP: return backup;
    case VERB_LIST: return list;
    case VERB_VERIFY: return verify;
    case VERB_PROVE: return prove;
    case VERB_PREVIEW: return preview;
    case VERB_RESTORE: return restore;
    case VERB_UNDO: return undo;
    case VERB_EXPORT: return export;
    case VERB_SHAREPOINT: return sharepoint;
    case VERB_UPLOAD: return upload;
    case VERB_DOWNLOAD: return download;
    case VERB_ENCRYPTION: return encryption;
    case VERB_DOCTOR: return doctor;
    case VERB_SAMPLE: return sample;
    case VERB_CLEANUP: return cleanup;
    case VERB_PIN: return pin;
    case VERB_DELETE: return delete;
    case VERB_LOG: return show_log;
    case VERB_CONFIG: return config;
    case VERB_SCHEDULE: return schedule;
    case VERB_STATUS: return status;
    case VERB_REPORT: return report;
    case VERB_CERTIFICATE: return certificate;
    case VERB_NOTIFY: return notify;
    case VERB_NONE:
    case VERB_HELP: break;
    }
    return general;
}
