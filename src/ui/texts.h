/*
 * texts.h: every text that the window's code shows, in one place, ready for translation. Labels of dialogs and
 * menus stand in the scripts of res. Formats are literals, so that the compiler checks them; the arguments of a
 * format are told in its comment where they are not plain from the words.
 *
 * One section a file of src/ui; a name begins with the file's topic.
 */
#ifndef CMMS_UI_TEXTS_H
#define CMMS_UI_TEXTS_H

#include "version.h"

/* --- main window: main_*.c, words.c, status band ---------------------------------------------------------- */

#define TEXT_READING_FOLDER "⏳ Reading the backup folder..."
#define TEXT_DEMO_PREPARING "⏳ The sample database is being made ready..."
#define TEXT_FOLDER_UNREADABLE "❌ The backup folder cannot be read. It is looked for again by itself."
#define TEXT_NO_DATABASE "⚠ None is configured yet. Choose Connection in the Tools menu."
#define TEXT_NO_DATABASE_LOG \
    "No database is configured yet. Choose Connection in the Tools menu, or set PGHOST, PGUSER, PGDATABASE and " \
    "PGPASSWORD."
#define TEXT_FOUND "Found %llu backup(s)"
#define TEXT_LIST_FAILED "The list could not be read"
#define TEXT_READY "Ready."
#define TEXT_FAILED "Failed."
#define TEXT_CANCELLED "Cancelled."
#define TEXT_CANCELLING "Cancelling..."
#define TEXT_STOPPING "Stopping..."

/* The button of the status band; W is its access key in every case. */
#define TEXT_MEND_BACKUP "Create Backup No&w"
#define TEXT_MEND_VERIFY "Verify No&w"
#define TEXT_MEND_CONNECT "Connect No&w..."
#define TEXT_MEND_ALARM "Sho&w Shrink Alarm..."
#define TEXT_MEND_CLEANUP "Clean Up No&w..."
#define TEXT_MEND_SPACE "Sho&w Backup Folder"
#define TEXT_MEND_PROVE "Prove No&w"
#define TEXT_MEND_COPY "Export No&w..."
#define TEXT_MEND_SCHEDULE "Sho&w Schedule"
#define TEXT_MEND_SHOW "Sho&w It"
#define TEXT_MEND_SETTINGS "Sho&w Settings..."

/* The shrink alarm; its words come from the core. */
#define TEXT_ALARM_QUESTION "Was it meant that the database lost these rows?"
#define TEXT_ALARM_CONTENT \
    "%s.\n\nSince then no old backup is removed, and the last one with these rows is pinned. If the rows were " \
    "deleted on purpose, clean-ups can go on."
#define TEXT_ALARM_YES "&Yes, allow clean-ups"
#define TEXT_ALARM_NO "&Not now"
#define TEXT_UNFROZEN "Clean-ups are allowed again."
#define TEXT_STILL_FROZEN "The alarm is answered. Clean-ups stay stopped: %s." /* why */

/* Clean-ups that a person stops. */
#define TEXT_FREEZE_QUESTION "Stop clean-ups?"
#define TEXT_FREEZE_CONTENT \
    "No old backup is removed any more, whatever the Backup Configuration says, until you choose Stop Clean-ups in " \
    "the Tools menu again. The disk has to have room for all of them."
#define TEXT_FREEZE_YES "&Stop them"
#define TEXT_FREEZE_NO "&Cancel"
#define TEXT_FROZEN_NOW "Clean-ups are stopped. Stop Clean-ups in the Tools menu allows them again."
#define TEXT_ALLOW_QUESTION "Allow clean-ups again?"
#define TEXT_ALLOW_CONTENT "They are stopped: %s." /* why */
#define TEXT_ALLOW_YES "&Allow them"
#define TEXT_ALLOW_NO "&Not now"

/* Progress: "42 % - Saving parts - 1.00 MB - 3.10 MB/s - about 2 minutes left" */
#define TEXT_WORKING "Working"
#define TEXT_LEFT_FEW " - a few seconds left"
#define TEXT_LEFT_SECONDS " - about %d seconds left"
#define TEXT_LEFT_MINUTES " - about %d minutes left"
#define TEXT_LEFT_HOURS " - about %s hours left"

/* For each kind of job: its first step; when it ended well; when it was cancelled (log); when it failed (log). */
#define TEXT_DEMO_STEP "Starting"
#define TEXT_DEMO_CANCELLED "Setting up the sample database was cancelled."
#define TEXT_DEMO_FAILED "The sample database could not be made"
#define TEXT_BACKUP_STEP "Connecting"
#define TEXT_BACKUP_GOOD "Backup successful."
#define TEXT_BACKUP_UNVERIFIED "A backup was made, but it is not verified. Make another."
#define TEXT_BACKUP_CANCELLED "Backup cancelled. Nothing of it was kept."
#define TEXT_BACKUP_FAILED "Backup failed"
#define TEXT_SCHEDULED_FAILED "The scheduled backup failed"
#define TEXT_SCHEDULED_CANCELLED "The scheduled backup was cancelled. It is tried again in an hour."
#define TEXT_SCHEDULED_OTHERS "Another computer has made the scheduled backup."
#define TEXT_SCHEDULED_BUSY "Another program is making the scheduled backup."
#define TEXT_PAUSE_STEP "Noting it"
#define TEXT_PAUSE_CANCELLED "The schedule is as it was."
#define TEXT_PAUSE_FAILED "The schedule could not be paused or resumed"
#define TEXT_VERIFY_STEP "Checking"
#define TEXT_VERIFY_GOOD "Verified."
#define TEXT_VERIFY_CANCELLED "The verification was cancelled."
#define TEXT_EXPORT_STEP "Copying"
#define TEXT_EXPORT_GOOD "Exported."
#define TEXT_EXPORT_CANCELLED "Export cancelled. The unfinished copy was removed."
#define TEXT_UPLOAD_STEP "Uploading"
#define TEXT_UPLOAD_PAUSED "The export to SharePoint is paused. Pause Exporting in the Backup menu, once more, goes on."
#define TEXT_UPLOAD_BY_ONEDRIVE \
    "OneDrive sends the copy itself: it can be paused with a click on its cloud beside the clock."
#define TEXT_UPLOAD_GOES_ON "The export to SharePoint goes on."
#define TEXT_UPLOAD_GOOD "Exported to SharePoint."
#define TEXT_UPLOAD_CANCELLED \
    "Export to SharePoint cancelled. What was brought there is kept: export it again, and it goes on from there."
#define TEXT_DELETE_STEP "Deleting"
#define TEXT_DELETE_GOOD "Deleted."
#define TEXT_DELETE_CANCELLED "Deleting was cancelled."
#define TEXT_PROVE_STEP "Starting an empty server"
#define TEXT_PROVE_GOOD "Done; the log says what was proven."
#define TEXT_PROVE_CANCELLED "The proof was cancelled."
#define TEXT_PIN_STEP "Pinning"
#define TEXT_PIN_GOOD "Done."
#define TEXT_PIN_CANCELLED "Pinning was cancelled."
#define TEXT_PLAN_STEP "Looking for old backups"
#define TEXT_PLAN_CANCELLED "The clean-up was cancelled. Nothing was removed."
#define TEXT_PLAN_FAILED "Old backups could not be looked for"
#define TEXT_PLAN_THERE_STEP "Looking for old backups on SharePoint"
#define TEXT_CLEANUP_THERE_STEP "Cleaning up on SharePoint"
#define TEXT_CLEANUP_THERE_GOOD "Clean-up on SharePoint complete."
#define TEXT_THERE_STEP "Looking what is on SharePoint"
#define TEXT_THERE_CANCELLED "Restore from SharePoint was cancelled. Nothing was changed."
#define TEXT_THERE_FAILED "What is on SharePoint could not be listed"
#define TEXT_DOWNLOAD_STEP "Downloading"
#define TEXT_DOWNLOAD_GOOD "Downloaded."
#define TEXT_DOWNLOAD_CANCELLED \
    "The download was cancelled. What has come is kept: download it again, and it goes on from there."
#define TEXT_DOWNLOAD_FAILED "The download failed"
#define TEXT_CLEANUP_STEP "Cleaning up"
#define TEXT_CLEANUP_GOOD "Cleanup complete."
#define TEXT_CLEANUP_CANCELLED "The clean-up was cancelled. What is removed already stays removed."
#define TEXT_CLEANUP_FAILED "Cleanup failed"
#define TEXT_PREVIEW_STEP "Checking every byte"
#define TEXT_PREVIEW_CANCELLED "The restore was cancelled before it began. Nothing was changed."
#define TEXT_PREVIEW_FAILED "The backup cannot be restored"
#define TEXT_RESTORE_STEP "Checking every byte"
#define TEXT_RESTORE_GOOD "Database restored. Restart the CMMS application."
#define TEXT_RESTORE_CANCELLED "The restore was cancelled. The database is as it was."
#define TEXT_RESTORE_FAILED "Restore failed"
#define TEXT_KEPT_STEP "Looking for kept databases"
#define TEXT_KEPT_CANCELLED "Undo Restore was cancelled. Nothing was changed."
#define TEXT_KEPT_FAILED "Kept databases could not be looked for"
#define TEXT_UNDO_STEP "Undoing the restore"
#define TEXT_UNDO_GOOD "Restore undone. Restart the CMMS application."
#define TEXT_UNDO_CANCELLED "Undo Restore was cancelled. The database is as it was."
#define TEXT_UNDO_FAILED "Undo Restore failed"
#define TEXT_FREEZE_STEP "Stopping clean-ups"
#define TEXT_FREEZE_FAILED "Clean-ups could not be stopped"
#define TEXT_UNFREEZE_STEP "Allowing clean-ups"
#define TEXT_UNFREEZE_FAILED "Clean-ups could not be allowed again"
#define TEXT_REPORT_STEP "Looking at the last year"
#define TEXT_REPORT_GOOD "The health report is made."
#define TEXT_REPORT_CANCELLED "The health report was cancelled."
#define TEXT_REPORT_FAILED "The health report could not be made"
#define TEXT_REPORT_WRITTEN "The health report was written to %s"
#define TEXT_CERTIFICATE_STEP "Reading the backup"
#define TEXT_CERTIFICATE_GOOD "The certificate is made."
#define TEXT_CERTIFICATE_CANCELLED "The certificate was cancelled."
#define TEXT_CERTIFICATE_FAILED "The certificate could not be made"
#define TEXT_CERTIFICATE_WRITTEN "The certificate of the proof was written to %s"

/* What tasks say in the log. */
#define TEXT_SAMPLE_READY "The sample database is ready."
#define TEXT_SAMPLE_THERE "The sample database is there already."
#define TEXT_DELETED "Deleted: %s"
#define TEXT_PINNED_NOW "📌 Pinned: %s stays until it is unpinned"
#define TEXT_UNPINNED "Unpinned: %s"
#define TEXT_LEFT_OVER "Removed \"%s\", left by an interrupted job"
#define TEXT_FILE_GONE "%s is no longer in the backup folder"
#define TEXT_FILE_GONE_HINT "Another program has removed it; the list shows what is there now."
#define TEXT_CONFIG_VALUES "retention %d days, at most %d backups, %s, %s, schedule %s"
#define TEXT_CONFIG_VERIFIED "verified after each backup"
#define TEXT_CONFIG_NOT_VERIFIED "not verified after a backup"
#define TEXT_CONFIG_COMPRESSED "compressed"
#define TEXT_CONFIG_NOT_COMPRESSED "not compressed"
#define TEXT_CONFIG_SAVED "Configuration saved: %s"
#define TEXT_CONFIG_FAILED "The configuration could not be saved"
#define TEXT_TASK_FAILED "nothing starts the schedule while the window is closed"
#define TEXT_TASK_UNDONE "The schedule" /* before that, in the log */
#define TEXT_TASK_PROBLEM "The schedule: %s. Save Config mends it."
/* Once, when Save Config has made the task: a question. */
#define TEXT_START_OFFER "Start with Windows?"
#define TEXT_START_OFFER_CONTENT \
    "Windows now makes the backups by itself, also while this window is closed. As an icon beside the clock the " \
    "program shows at each sign-in to Windows how things stand, and tells when one fails. Settings can change it."
#define TEXT_START_OFFER_YES "&Start with Windows"
#define TEXT_START_OFFER_NO "&Not now"
#define TEXT_START_SET "The program starts with Windows, as an icon beside the clock."
#define TEXT_START_FAILED "That the program starts with Windows could not be set"
#define TEXT_TASK_MADE "Windows starts the scheduled backup also while the window is closed."
#define TEXT_TASK_TAKEN_AWAY "Windows no longer starts a scheduled backup."
#define TEXT_TASK_NO_DATABASE \
    "The schedule begins when a database is saved: choose Connection in the Tools menu, then Save Config."
#define TEXT_TASK_SAMPLE "The sample database is not backed up by the schedule."
#define TEXT_NO_PICTURE "No picture"

/* Questions. */
#define TEXT_STOP_BACKUP "A backup is being made. Stop it and close?"
#define TEXT_STOP_VERIFY "A backup is being verified. Stop it and close?"
#define TEXT_STOP_EXPORT "A backup is being exported. Stop it and close?"
#define TEXT_STOP_UPLOAD "Backups are being exported to SharePoint. Stop and close?"
#define TEXT_STOP_UPLOAD_CONTENT \
    "What was brought there is kept: export them again, and it goes on from there. The backups here stay as they are."
#define TEXT_STOP_DOWNLOAD "A backup is being downloaded from SharePoint. Stop it and close?"
#define TEXT_STOP_DOWNLOAD_CONTENT \
    "What has come is kept: download it again, and it goes on from there. What is on SharePoint stays as it is."
#define TEXT_STOP_PROVE "A backup is being proven. Stop it and close?"
#define TEXT_STOP_CLEANUP "Old backups are being removed. Stop and close?"
#define TEXT_STOP_RESTORE "A backup is being restored. Stop it and close?"
#define TEXT_STOP_RESTORE_CONTENT "What is unfinished is removed. The database and the backups stay as they are."
#define TEXT_STOP_UNDO "A restore is being undone. Stop it and close?"
#define TEXT_STOP_UNDO_CONTENT "Either nothing is changed or it is undone whole: nothing in between is left."
#define TEXT_STOP_CONTENT "What is unfinished is removed. The backups that you have stay as they are."
#define TEXT_UNSAVED_QUESTION "The Backup Configuration was changed, but not saved. Close all the same?"
#define TEXT_UNSAVED_CONTENT "Save Config saves it."
#define TEXT_UNSAVED_YES "&Close without saving"
#define TEXT_UNSAVED_NO "&Back"
#define TEXT_DELETE_ONE "Delete %s?"
#define TEXT_DELETE_MANY "Delete %llu backups?"
#define TEXT_DELETE_CONTENT "It cannot be brought back. The last good backup is never deleted."
#define TEXT_DELETE_YES "&Delete"
#define TEXT_DELETE_NO "&Keep"
#define TEXT_REPLACE_ONE "%s is there already. Replace it?"
#define TEXT_REPLACE_MANY "%llu files are there already. Replace them?"
#define TEXT_REPLACE_YES "&Replace"
#define TEXT_REPLACE_NO "&Cancel"
#define TEXT_EXPORT_TO "Export to"
#define TEXT_SHUTDOWN_REASON "A backup of the database is being made."
#define TEXT_SHUTDOWN_RESTORE "A backup of the database is being restored."
#define TEXT_SHUTDOWN_UPLOAD "A backup is being copied to SharePoint. Stopped, it goes on from there the next time."
#define TEXT_SHUTDOWN_PROVE "A backup is being proven. Stopped, the proof begins anew the next time."

/* Errors. */
#define TEXT_OPEN_FOLDER_FAILED "could not open the folder %s"
#define TEXT_OPEN_FOLDER_HINT "Look whether the folder is still there."
#define TEXT_OPEN_PAGE_FAILED "could not open %s"
#define TEXT_OPEN_PAGE_HINT "Open that file with your browser."
#define TEXT_SHOW_FILE_FAILED "could not show %s in its folder"
#define TEXT_SHOW_FILE_HINT "Look whether the file is still there."
#define TEXT_WINDOW_FAILED "could not open the window"
#define TEXT_WINDOW_FAILED_HINT "Start the program again; if it happens again, install it anew."

/* The clean-up's preview: cleanup_dialog.c */
#define TEXT_CLEANUP_SUMMARY \
    "%llu of %llu backup(s) would be removed, %s in all. The newest verified backup always stays."
#define TEXT_CLEANUP_REMOVE "&Remove %llu Backup(s)"
#define TEXT_CLEANUP_THERE_CAPTION "Clean Up on SharePoint"
#define TEXT_CLEANUP_THERE_SUMMARY \
    "%llu of %llu backup(s) on SharePoint would go into its recycle bin, %s in all. The newest verified one " \
    "always stays."
#define TEXT_CLEANUP_THERE_NOTHING "There is nothing to clean up on SharePoint."
#define TEXT_CLEANUP_THERE_NOTHING_WHY \
    "Each backup there is younger than the retention period and one of the newest, or pinned, or the last good one, " \
    "or was made by another computer, or is not surely what its manifest says."
#define TEXT_CLEANUP_THERE_STOPPED "Nothing is removed from SharePoint: %s."
#define TEXT_CLEANUP_REASON "Why"
#define TEXT_CLEANUP_NOTHING "There is nothing to clean up."
#define TEXT_CLEANUP_NOTHING_WHY \
    "Each backup is younger than the retention period and one of the newest, or pinned, or the last good one, or was " \
    "not made by this program."
#define TEXT_CLEANUP_FROZEN "Clean-ups are stopped: %s. Look at the shrink alarm first."
#define TEXT_CLEANUP_STOPPED "Clean-ups are stopped: %s. Stop Clean-ups in the Tools menu allows them again."

/* --- restore and undo: main_restore.c, restore_, undo_, result_dialog.c, consent.c ------------------------- */

#define TEXT_RESTORE_FILE_TITLE "Restoring a backup overwrites the database"
/* user@host:port/database */
#define TEXT_RESTORE_FILE_WARNING \
    "⚠ WARNING: %s is replaced by what the backup holds. Whatever was entered since the backup was made is no longer " \
    "in it.\n\n" \
    "A safety backup is made first, and the old database is kept under another name, so that Undo Restore can bring " \
    "it back. Ensure that no other users are actively using the system: their connections are ended."
#define TEXT_RESTORE_FILE_CHOOSE "Backup to restore"
#define TEXT_RESTORE_FILE_KIND "Backups"
#define TEXT_RESTORE_FILE_ALL "All files"
#define TEXT_RESTORE_TITLE "Restore %s?" /* the file's name */
#define TEXT_RESTORE_WARNING \
    "⚠ WARNING: the database %s will be replaced by this backup. All that is newer is then no longer in it. The " \
    "old one is kept under another name; Undo Restore brings it back."
#define TEXT_RESTORE_GONE "There is no database %s on the server. It will be made anew from this backup."
#define TEXT_RESTORE_IN_PLACE \
    "⚠ WARNING: what is in the database %s will be dropped for what this backup holds. There is no Undo Restore " \
    "after that: what was there is then only in the safety backup, which is made first and pinned."
#define TEXT_IN_PLACE_QUESTION "Restore into the database itself, without Undo Restore?"
/* "cmms" */
#define TEXT_IN_PLACE_CONTENT \
    "This user may not create databases, so the backup cannot be restored beside %s. It can go into the database " \
    "itself, all of it or nothing. All programs are disconnected from it, nobody can change anything in the CMMS " \
    "meanwhile, and what was there is then only in the safety backup, which is made first. An administrator can " \
    "allow the user to create databases instead."
#define TEXT_IN_PLACE_YES "&Show what it would change"
#define TEXT_IN_PLACE_NO "&Leave it"
#define TEXT_CONSENT_LABEL "&Type the name of the database, %s, to go on:"
#define TEXT_CONSENT_WRONG "That is not the name of the database."
#define TEXT_UNSAFE_QUESTION "Restore without a safety backup?"
#define TEXT_UNSAFE_CONTENT \
    "The old database is kept on the same server, but no copy of it on this PC. The log will say that a safety " \
    "backup was declined."
#define TEXT_UNSAFE_YES "Restore &without one"
#define TEXT_UNSAFE_NO "&Back"
#define TEXT_RESTORE_LOCKED \
    "Another dialog was open, or the window was locked, so nothing was restored. Begin again."
#define TEXT_SORT_QUESTION "Restore it with the current database's order of sorting?"
#define TEXT_SORT_CONTENT \
    "The backup's database sorted text by %s, which this server does not have. Nothing was changed. Lists of the " \
    "CMMS may come in another order."
#define TEXT_SORT_YES "&Restore it so"
#define TEXT_SORT_NO "&Leave it"
/* "cmms" */
#define TEXT_UNDO_INTRO \
    "⚠ The chosen database becomes %s again, as it was when it was put aside. The one that has the name now is kept " \
    "in its turn, so this can be undone as well. Ensure that no other users are actively using the system: their " \
    "connections are ended."
#define TEXT_UNDO_CAPTION "Undo Restore"
#define TEXT_UNDO_NAME "Kept as"
#define TEXT_UNDO_SINCE "Since"
#define TEXT_UNDO_SIZE "Size (MB)"
#define TEXT_UNDO_FROM "Replaced by"
#define TEXT_UNDO_BY_UNDO "an undo"
#define TEXT_UNDO_UNKNOWN "?"
#define TEXT_UNDO_NONE "There is no restore to undo."
#define TEXT_UNDO_NONE_WHY "No older database is kept on the server."
#define TEXT_RESULT_RESTORED "✅ Database restored successfully!"
#define TEXT_RESULT_UNDONE "✅ Restore undone successfully!"
/* database, file, tables, rows */
#define TEXT_RESULT_HOLDS "The database %s now holds %s: %llu tables with %s rows, all counted."
#define TEXT_RESULT_IS_AGAIN "The database %s is again the one that was kept as %s."
#define TEXT_RESULT_KEPT "What it was before is kept as %s. Undo Restore brings it back."
#define TEXT_RESULT_IN_PLACE "What was there before is only in the safety backup now, which is pinned."
#define TEXT_RESULT_SAFETY "Safety backup: %s"
#define TEXT_RESULT_TOOK "It took %s seconds."
#define TEXT_RESULT_NOTES "What is otherwise than it was:"

/* --- SharePoint: main_sharepoint.c, sharepoint_, upload_, ask_it_dialog.c ---------------------------------- */

#define TEXT_SP_TITLE "Copies of backups on SharePoint"
#define TEXT_SP_NONE "No folder is set up yet. A backup on this PC alone is lost with it."
#define TEXT_SP_LOOKING "Looking whether %s on SharePoint can be reached..."
/* Documents/Backups; contoso.onmicrosoft.com */
#define TEXT_SP_REACHED "✔ Backups go to %s on SharePoint (%s)."
#define TEXT_SP_FREE " %s are free there."
#define TEXT_SP_NOT_REACHED "⚠ %s on SharePoint is set up, but cannot be used now: %s."
#define TEXT_SP_STEPS \
    "1. In the browser, open the folder on SharePoint in which the copies shall lie, and copy the address from the " \
    "address line. Paste it above.\n" \
    "2. Press Sign In. The browser opens; sign in there with your account of the organisation.\n" \
    "3. " CMMS_PRODUCT " then looks for the folder, writes a tiny file there, removes it again, and tells you the " \
    "folder's name.\n\n" \
    "The first time IT has to register the program and give you its client ID: Ask IT has a page to send to them."
#define TEXT_SP_NOTE \
    "Client ID: the number that IT gets when it registers this program in Entra. Tenant: your organisation; empty is " \
    "what the link says. Cloud: where Microsoft keeps it; empty is what the link says."
#define TEXT_SP_RIGHTS_ALL "All that the person who signs in may do"
#define TEXT_SP_RIGHTS_SELECTED "Only sites that IT has granted"
#define TEXT_SP_RIGHTS_LIST "Only one library that IT has granted"
#define TEXT_SP_NEEDS_LINK "Paste the link to the folder first; then you can sign in."
#define TEXT_SP_BROWSER \
    "The browser has opened: sign in there, then come back here. If it has not, copy the address into it."
#define TEXT_SP_DEVICE \
    "Open the address in a browser, on any device, and type the code. Many organisations do not allow this way."
#define TEXT_SP_WORKING "Asking Microsoft..."
#define TEXT_SP_STOPPING "Stopping..."
#define TEXT_SP_STOP "Stop"
#define TEXT_SP_CLOSE "Close"
#define TEXT_SP_STOPPED "The sign-in was stopped. Nothing was changed."
#define TEXT_SP_DONE "A tiny file was written to the folder and removed again: it works."
#define TEXT_SP_FOLDER "✔ Backups go to the folder %s, which belongs to OneDrive."
#define TEXT_SP_FOLDER_DONE "Backups are copied to that folder from now on, and OneDrive brings them to the cloud."
#define TEXT_SP_SIGNED_OUT "Signed out on this PC. The folder stays set up; sign in again to export."
#define TEXT_SP_FORGOTTEN "The folder and the sign-in are forgotten on this PC. What is on SharePoint stays there."
#define TEXT_SP_ASK " Ask IT has a page to send on."
#define TEXT_SP_FORGET "Forget the folder on SharePoint?"
#define TEXT_SP_FORGET_CONTENT "Link and sign-in are removed from this PC. Backups that are on SharePoint stay there."
#define TEXT_SP_FORGET_YES "&Forget it"
#define TEXT_SP_FORGET_NO "&Keep it"
#define TEXT_ASK_TITLE \
    "Only your IT administrator can do some of this. Send them this page: it has the exact link, what to click, and " \
    "a script."
#define TEXT_ASK_SAVE_TITLE "Save the page as"
#define TEXT_ASK_SAVE_NAME CMMS_PRODUCT " - for IT.txt"
#define TEXT_ASK_QUESTION "Your IT administrator is needed for this."
#define TEXT_ASK_YES "&Ask IT..."
#define TEXT_ASK_NO "&Close"
/* count, size, Documents/Backups */
#define TEXT_UPLOAD_SUMMARY "%llu backup(s), %s in all, go to %s on SharePoint."
#define TEXT_UPLOAD_NOTHING "None of the selected backups can go to SharePoint; the list says why."
#define TEXT_UPLOAD_NOTE \
    "Each is read and checked first, and gets its name there when size and hash are right. Cancel it at any time: " \
    "what was brought there is kept, and goes on from there the next time."
#define TEXT_UPLOAD_BUSY \
    "Another job has begun meanwhile, so nothing was exported to SharePoint. Export again when it is done."
#define TEXT_UPLOAD_STATE "State"
#define TEXT_UPLOAD_GOES "will be exported"
#define TEXT_UPLOAD_CAPTION "Export to SharePoint"
#define TEXT_UPLOAD_ALL "✅ %llu backup(s) exported to SharePoint"
#define TEXT_UPLOAD_SOME "⚠ %llu of %llu backup(s) exported to SharePoint"
#define TEXT_UPLOAD_ONLY_MANAGER "No folder on SharePoint is set up."
#define TEXT_UPLOAD_ONLY_MANAGER_WHY "A manager sets one up: sign in, then choose SharePoint in the Tools menu."

/* --- restore from SharePoint: main_there.c, there_, key_dialog.c --------------------------------------------- */

/* count, Documents/Backups */
#define TEXT_THERE_SUMMARY \
    "%llu backup(s) in %s on SharePoint. What is brought here is compared by its SHA-256, and pinned."
#define TEXT_THERE_COMPUTER "Made by"
#define TEXT_THERE_COMPARED "Compared"
#define TEXT_THERE_WHERE "Where"
#define TEXT_THERE_ONLY "SharePoint"
#define TEXT_THERE_ENCRYPTED "%s, encrypted" /* "size and hash" */
#define TEXT_THERE_NOTHING "There is no backup on SharePoint."
#define TEXT_THERE_NOTHING_WHY "Nothing in the folder %s is one. SharePoint in the Tools menu changes the folder."
#define TEXT_THERE_BUSY \
    "Another job or dialog has begun meanwhile, or the window was locked, so nothing was brought back. Choose " \
    "Restore from SharePoint again."
#define TEXT_THERE_BACK "✅ %s is in the backup folder" /* its name */
#define TEXT_THERE_BACK_WHY \
    "Its bytes are as recorded. It is pinned, so that no clean-up takes it. Restore/Upload Backup restores it."
#define TEXT_THERE_WAS_HERE "%s was in the backup folder already" /* its name */
#define TEXT_THERE_WAS_HERE_WHY \
    "It has the size of the one on SharePoint, and its manifest the same SHA-256. Verify reads it again; " \
    "Restore/Upload Backup restores it."
#define TEXT_THERE_SIGNED_OUT "Nobody is signed in to SharePoint on this PC."
#define TEXT_THERE_SIGNED_OUT_WHY "A manager does that: sign in, then choose SharePoint in the Tools menu."
#define TEXT_THERE_FOLDER "The copies lie in a folder that OneDrive keeps in step."
/* its path */
#define TEXT_THERE_FOLDER_WHY \
    "Explorer shows them in %s, and OneDrive brings one to this PC when it is read. Restore/Upload Backup takes it " \
    "from there as it is."
#define TEXT_THERE_FOLDER_YES "&Choose one there..."
#define TEXT_THERE_FOLDER_NO "Not &now"
/* the copy's name, "the public key age1…, fingerprint …" */
#define TEXT_KEY_INTRO_FILE \
    "%s is encrypted for %s, and its private key is not on this PC. Name its key file: the set-up wrote it."
#define TEXT_KEY_INTRO_PHRASE "%s is encrypted with %s, which is not kept on this PC. Type it."
#define TEXT_KEY_CHOOSE "The key file"
#define TEXT_KEY_KIND "Key files"
#define TEXT_KEY_NONE "no key was given"

/* --- encryption of copies: encryption_dialog.c --------------------------------------------------------------- */

#define TEXT_ENC_OFF "Not encrypted: they go as they are"
#define TEXT_ENC_PAIR "For a new key pair"
#define TEXT_ENC_PUBLIC "For a public key that was made elsewhere"
#define TEXT_ENC_PASSPHRASE "With a passphrase"
#define TEXT_ENC_DAMAGED "⚠ What is saved about the encryption of copies cannot be used, so nothing is uploaded."
#define TEXT_ENC_OFF_WARNING \
    "Copies go to SharePoint as they are: whoever may read the folder there can read the database in them. Copies " \
    "that are encrypted already stay so, and need their key."
#define TEXT_ENC_OFF_KEY \
    "Copies go to SharePoint as they are: whoever may read the folder there can read the database in them. The key " \
    "that is kept on this PC is removed: copies that are encrypted already can be read only by who has it elsewhere."
#define TEXT_ENC_TYPE "&Type \"%s\":"
#define TEXT_ENC_GO "&Set Up"
#define TEXT_ENC_GO_OFF "&Switch Off"
#define TEXT_ENC_DONE "✔ Copies are encrypted from now on. Those that are on SharePoint already stay as they are."
#define TEXT_ENC_DONE_PAIR \
    "✔ Copies are encrypted from now on. Take the key file away from this PC now, and keep it in two places."
#define TEXT_ENC_DONE_OFF "Copies go as they are from now on."
#define TEXT_ENC_KEY_TITLE "Save the private key as"
#define TEXT_ENC_KEY_NAME CMMS_PRODUCT " - private key.txt"
#define TEXT_ENC_CARD_TITLE "Save the recovery card as"
#define TEXT_ENC_CARD_NAME CMMS_PRODUCT " - recovery card.txt"

/* --- list: backup_list.c, list_model.c --------------------------------------------------------------------- */

#define TEXT_COLUMN_NAME "File name"
#define TEXT_COLUMN_SIZE "Size (MB)"
#define TEXT_COLUMN_CREATED "Created"
#define TEXT_COLUMN_AGE "Age (days)"
#define TEXT_COLUMN_STATUS "Status"
#define TEXT_COLUMN_COPIES "Copies"
#define TEXT_COLUMN_PINNED "Pinned"
#define TEXT_COLUMN_LEAVES "Removed on"
#define TEXT_COPIES_LOCAL "This PC"
#define TEXT_COPIES_EXPORTED "This PC, exported"
#define TEXT_COPIES_WAITING "This PC; waits for SharePoint"
#define TEXT_COPIES_THERE "This PC, SharePoint"
#define TEXT_PINNED "Pinned"
#define TEXT_LEAVES_NEVER "stays"
#define TEXT_LEAVES_NOW "next clean-up"

/* --- log: log_view.c -------------------------------------------------------------------------------------- */

/* why, as an error says it */
#define TEXT_LOG_DAMAGED "%s; the next entry begins a new log and keeps the old one aside"
#define TEXT_LOG_NAME "Status & Logs"
#define TEXT_LOG_SAVE_TITLE "Save the log as"
#define TEXT_LOG_SAVE_NAME CMMS_PRODUCT " log.txt"
#define TEXT_LOG_SAVE_FILTER "Text files"
#define TEXT_LOG_SAVED "The log was saved as %s"

/* --- chart ------------------------------------------------------------------------------------------------- */

#define TEXT_CHART_EMPTY "No backups to draw yet"
#define TEXT_CHART_SIZE "MB, to %s"
#define TEXT_CHART_TIME "seconds, to %s"
/* count; least, most, newest size; its date; more or less than the oldest, or nothing */
#define TEXT_CHART_WORDS "%llu backups, from %s to %s; the newest has %s (%s)%s"
#define TEXT_CHART_MORE ", %d %% more than the oldest shown"
#define TEXT_CHART_LESS ", %d %% less than the oldest shown"
#define TEXT_CHART_SAME ", as much as the oldest shown"
/* shortest, longest seconds */
#define TEXT_CHART_TIMES "; they took from %s to %s seconds"
/* Of one backup: date and time; size; seconds */
#define TEXT_CHART_POINT "%s: %s"
#define TEXT_CHART_POINT_TIME ", %s seconds"

/* --- tray -------------------------------------------------------------------------------------------------- */

#define TEXT_TRAY_TIP CMMS_PRODUCT
#define TEXT_TRAY_NEXT "\nNext backup: "
/* Of the icon that a scheduled run leaves behind: what is wrong; the sentence. And its menu. */
#define TEXT_TELLER_TIP CMMS_PRODUCT "\n%s: %s"
#define TEXT_TELLER_OPEN "&Open"
#define TEXT_TELLER_LEAVE "&Take away"
#define TEXT_TRAY_STAYS "The window is closed; the program goes on here. Exit in this icon's menu ends it."

/* --- schedule_fields.c ------------------------------------------------------------------------------------- */

#define TEXT_SCHEDULE_OFF "Off"
#define TEXT_SCHEDULE_DAILY "Daily"
#define TEXT_SCHEDULE_WEEKLY "Weekly"
#define TEXT_SCHEDULE_MONTHLY "Monthly"
#define TEXT_SCHEDULE_LAST_DAY "last day"

/* --- details: details_dialog.c ---------------------------------------------------------------------------- */

#define TEXT_DETAILS_CAPTION "Backup Details - %s"
#define TEXT_DETAILS_READING "Reading..."
#define TEXT_DETAILS_FACT "Fact"
#define TEXT_DETAILS_VALUE "Value"
#define TEXT_DETAILS_TABLE "Table"
#define TEXT_DETAILS_ROWS "Rows"
#define TEXT_DETAILS_EXPECTED "In the database"
#define TEXT_DETAILS_DATA "Data (MB)"
#define TEXT_DETAILS_UNCOUNTED "not counted"
#define TEXT_DETAILS_FILE "File"
#define TEXT_DETAILS_SIZE "Size"
#define TEXT_DETAILS_BYTES "%s (%s bytes)"
#define TEXT_DETAILS_STATUS "Status"
#define TEXT_DETAILS_COPY "Copy"
/* Documents/Backups; date and time; that its hash is not known, or nothing */
#define TEXT_DETAILS_COPY_THERE "%s on SharePoint, compared %s%s"
#define TEXT_DETAILS_COPY_NO_PLACE "a folder"
#define TEXT_DETAILS_COPY_BY_SIZE " by its size alone"
#define TEXT_DETAILS_COPY_WAITS "waits for SharePoint since %s" /* date and time */
#define TEXT_DETAILS_MANIFEST "Manifest"
#define TEXT_DETAILS_NO_MANIFEST "none; Verify reads the file and makes one"
#define TEXT_DETAILS_BAD_MANIFEST "it cannot be used; Verify makes a new one"
#define TEXT_DETAILS_CONTENTS "Contents"
#define TEXT_DETAILS_IN_CLOUD "not read: the file is kept in the cloud only, and would be downloaded for that"
#define TEXT_DETAILS_LISTED "Listed"
#define TEXT_DETAILS_VERIFIED "Verified"
#define TEXT_DETAILS_PROVEN "Proven"
#define TEXT_DETAILS_PINNED "Pinned"
#define TEXT_DETAILS_NO_REASON "yes; no reason was given"
#define TEXT_DETAILS_DATABASE "Database"
#define TEXT_DETAILS_AT "%s at %s" /* database, host */
#define TEXT_DETAILS_STARTED "Started"
#define TEXT_DETAILS_TOOK "Took"
#define TEXT_DETAILS_SECONDS "%s seconds"
#define TEXT_DETAILS_MADE_BY "Made by"
#define TEXT_DETAILS_ON "%s on %s" /* user, computer */
#define TEXT_DETAILS_SERVER "Server"
#define TEXT_DETAILS_FORMAT "Archive format"
#define TEXT_DETAILS_COMPRESSION "Compression"
#define TEXT_DETAILS_NEEDS "To be read by"
#define TEXT_DETAILS_PROGRAM "Program"
#define TEXT_DETAILS_TABLES "Tables"
#define TEXT_DETAILS_ROWS_COUNTED "%llu, with %s rows counted"
#define TEXT_DETAILS_OBJECTS "Large objects"
#define TEXT_DETAILS_EXTENSIONS "Extensions"
#define TEXT_DETAILS_GRANTS "Rights for"
#define TEXT_DETAILS_ROLES "Roles"
#define TEXT_DETAILS_WARNING "Warning"
#define TEXT_DETAILS_HISTORY "History"
#define TEXT_DETAILS_EVENT "%s  %s, %s: %s (%s)" /* time, operation, status, message, who */

/* --- messages: message_box.c, folder_dialog.c, main.c ----------------------------------------------------- */

#define TEXT_BOX_TITLE CMMS_PRODUCT
#define TEXT_BOX_WRONG "something went wrong"
#define TEXT_BOX_COPY "&Copy"
#define TEXT_BOX_DETAILS "Details"
#define TEXT_BOX_HIDE "Hide details"
#define TEXT_BOX_STOP "&Stop and close"
#define TEXT_BOX_KEEP "&Keep running"
#define TEXT_FOLDER_DIALOG_FAILED "could not open the dialog for choosing a folder"
#define TEXT_FILE_DIALOG_FAILED "could not open the dialog for choosing a file"
#define TEXT_FOLDER_DIALOG_HINT "Start the program again; if it happens again, install it anew."
#define TEXT_CLIPBOARD_FAILED "could not copy to the clipboard"
#define TEXT_CLIPBOARD_HINT "Another program is using it; try again."
#define TEXT_COMMAND_LINE_FAILED "could not read the command line"

/* --- assistant: first start and connection ---------------------------------------------------------------- */

#define TEXT_CONNECTION_SAVED "The connection was saved."
#define TEXT_ASSISTANT_WELCOME "Welcome to " CMMS_PRODUCT
#define TEXT_ASSISTANT_CAPTION "Connection - " CMMS_PRODUCT
#define TEXT_ASSISTANT_NEXT "&Next >"
#define TEXT_ASSISTANT_FINISH "F&inish"
#define TEXT_ASSISTANT_DATABASE "Which database is to be kept safe?"
#define TEXT_ASSISTANT_DATABASE_INTRO \
    "Paste the connection string that Neon shows under \"Connect\", or fill in the fields. It is checked on the next " \
    "page; nothing is saved before the last one."
#define TEXT_ASSISTANT_TAKEN "The connection string was understood and its parts are in the fields."
#define TEXT_ASSISTANT_CHECK "Does everything work?"
#define TEXT_ASSISTANT_CHECK_INTRO \
    "The database, this computer and the backup folder are looked at. Nothing is changed. Select a line to see what " \
    "to do about it."
#define TEXT_ASSISTANT_CHECKING "Checking..."
#define TEXT_ASSISTANT_TASK "Windows is told to start them when this is finished" /* after "daily backups at 02:00: " */
#define TEXT_ASSISTANT_STOPPING "Stopping..."
#define TEXT_ASSISTANT_BAD "Not everything works yet. Go on all the same?"
#define TEXT_ASSISTANT_BAD_CONTENT "Backups may fail until what is marked as bad is mended."
#define TEXT_ASSISTANT_GO_ON "&Go on"
#define TEXT_ASSISTANT_STAY "&Stay here"
#define TEXT_ASSISTANT_FOLDER "Where shall the backups be kept?"
#define TEXT_ASSISTANT_FOLDER_INTRO \
    "The usual place is a folder in Documents. A disk other than the system's is safer; copies elsewhere can be made " \
    "at any time."
#define TEXT_ASSISTANT_CHOOSE "Backup folder"
#define TEXT_ASSISTANT_NO_FOLDER "Name a folder."
/* the service's name */
#define TEXT_ASSISTANT_CLOUD \
    "⚠ %s copies this folder to the cloud, and may move backups off this computer. Choose a folder outside " \
    "of it, or set it to be kept on this device."
#define TEXT_ASSISTANT_DRIVE \
    "⚠ This is a network drive, which is there only while it is connected: the backup that Windows starts may not " \
    "find it. Choose the folder by the name of its share."
#define TEXT_ASSISTANT_GUARDED \
    "⚠ Windows keeps this program from writing here (Controlled folder access). Choose a folder outside of " \
    "Documents, or allow the program in Windows Security."
#define TEXT_ASSISTANT_OTHER "&Keep them in %s" /* a folder */
/* user@host:port/database */
#define TEXT_ASSISTANT_SUMMARY \
    "Database: %s\r\n\r\nThe password is kept by Windows (Credential Manager), everything else in your own folder. " \
    "The scheduled backup and the console program use the same connection. Backups are then made by themselves as " \
    "the Backup Configuration says: daily at 02:00 where nobody has changed it."
#define TEXT_TLS_VERIFY "Encrypted, certificate checked (recommended)"
#define TEXT_TLS_REQUIRE "Encrypted, certificate not checked"
#define TEXT_TLS_DISABLE "Not encrypted"
#define TEXT_CHECK_STATE "State"
#define TEXT_CHECK_NAME "Check"
#define TEXT_CHECK_RESULT "Result"
#define TEXT_CHECK_GOOD "✔ Good"
#define TEXT_CHECK_WARNING "⚠ Warning"
#define TEXT_CHECK_BAD "✖ Bad"
#define TEXT_CHECK_SKIPPED "– Skipped"

/* --- sign-in ------------------------------------------------------------------------------------------------ */

#define TEXT_TITLE "Database Backup Manager - " CMMS_PRODUCT
#define TEXT_TITLE_SIGNED_IN "Database Backup Manager - " CMMS_PRODUCT " - signed in as %s"
#define TEXT_TITLE_SAMPLE "Database Backup Manager - " CMMS_PRODUCT " - sample database, signed in as %s"
#define TEXT_TITLE_NOBODY "Database Backup Manager - " CMMS_PRODUCT " - nobody is signed in"
#define TEXT_TITLE_LOCKED "Database Backup Manager - " CMMS_PRODUCT " - locked"
#define TEXT_SIGNIN_TITLE "Sign in as a manager"
#define TEXT_SIGNIN_LOCKED "Locked"
/* user@host:port/database */
#define TEXT_SIGNIN_WHERE "Use your name and password of the CMMS. They are checked by the database %s."
/* why, a sentence */
#define TEXT_SIGNIN_LOCAL \
    "Nobody can sign in: %s. Backups can be made, checked, exported and restored; deleting and settings wait until a " \
    "manager has signed in."
#define TEXT_SIGNIN_NO_USERS "the database has no table of users"
#define TEXT_SIGNIN_NO_MANAGER "the database has no active manager"
#define TEXT_SIGNIN_LATER "A manager is asked to sign in when the window is opened"
#define TEXT_SIGNED_IN "Signed in as %s"
#define TEXT_LOCKED "The window is locked"
#define TEXT_SAMPLE_NO_LOCK "The sample database asks nobody to sign in, and is not locked"
#define TEXT_LOG_UNWRITTEN "The log could not be written"

/* --- settings ----------------------------------------------------------------------------------------------- */

#define TEXT_SETTINGS_WEAK \
    "⚠ Whoever stands between this computer and the server could pose as the server, and read the password and every " \
    "row. Use this only in a network of your own."
#define TEXT_SETTINGS_NO_CONNECTION "No connection is saved yet; Connection in the Tools menu saves one."
#define TEXT_SETTINGS_SAVED "The settings were saved."

/* --- notices elsewhere ------------------------------------------------------------------------------------- */

#define TEXT_NOTIFY_NOTE \
    "Each run of the schedule is told there. An empty box takes a receiver away; what is saved of an address or a " \
    "password is not shown again. Mail by Microsoft 365 takes the sign-in to SharePoint, and IT has to allow Mail.Send."
#define TEXT_NOTIFY_TESTING "A test notice is sent..."
#define TEXT_NOTIFY_PROBLEM "⚠ %s"
#define TEXT_NOTIFY_RETIRED "%s is retired: no computer waits for its heartbeat, until it leaves one again."
#define TEXT_NOTIFY_TAKEN "✅ %s has taken a test notice. It is saved with Save."

/* --- about -------------------------------------------------------------------------------------------------- */

#define TEXT_ABOUT_READING "Asking the tools for their versions..."
#define TEXT_ABOUT_NO_NOTICES "The notices of third parties are not where they should be; install the program anew."

/* --- command line and pictures: app_options.c, screenshot.c, task.c, save_dialog.c -------------------------- */

#define TEXT_OPTIONS_HELP \
    "cmms-backup [options]\n" \
    "\n" \
    "--folder DIR: keep the backups in this folder\n" \
    "-h, --host HOST: the database server\n" \
    "-p, --port PORT: its port\n" \
    "-U, --username NAME: the database user\n" \
    "-d, --dbname NAME: the database, or a connection string\n" \
    "--sslmode MODE: how the server is checked; verify-full unless it is this computer\n" \
    "--demo: try the program on a sample database of its own\n" \
    "--demo-data DIR: keep the sample database here\n" \
    "--demo-size MB: how large it is made\n" \
    "--screenshot FILE: save a picture of the window (.png or .bmp) and end\n" \
    "--after-backup: make a backup before the picture\n" \
    "--tray: start hidden, as an icon beside the clock\n" \
    "--scheduled: make the backup that is due, without a window, and end\n" \
    "--tell: show beside the clock what the last such run has to say\n" \
    "\n" \
    "PGHOST, PGPORT, PGUSER, PGDATABASE and PGPASSWORD are honoured."
#define TEXT_OPTIONS_HINT "Start cmms-backup --help for the options."
#define TEXT_OPTIONS_UNKNOWN "unknown option: %s"
#define TEXT_OPTIONS_NO_VALUE "%s needs a value"
#define TEXT_PASSWORD_SEEN \
    "A password on the command line can be seen by others on this computer. Leave it out, and save the connection here."
#define TEXT_OPTIONS_STRING "a connection string stands where none is expected"
#define TEXT_OPTIONS_STRING_HINT "It is given behind -d (--dbname), in quotes."
#define TEXT_OPTIONS_SIZE "--demo-size is not a number of megabytes: %s"
#define TEXT_OPTIONS_SIZE_HINT "Give a number from 1 to 100000."
#define TEXT_PICTURE_FAILED "could not make a picture of the window"
#define TEXT_PICTURE_UNWRITTEN "could not write the picture %s"
#define TEXT_NO_OWN_FOLDER "there is no folder for the program's own data"
#define TEXT_NO_OWN_FOLDER_HINT "Name one with --demo-data."
#define TEXT_SAVE_DIALOG_FAILED "could not ask for a file name"

/* Why the window was locked, in the log. */
#define TEXT_LOCK_BY_USER "by the user"
#define TEXT_LOCK_IDLE_ONE "nobody was there for %d minute"
#define TEXT_LOCK_IDLE "nobody was there for %d minutes"

#define TEXT_DETAILS_VERSION CMMS_PRODUCT " %s"

#endif
