/*
 * ui_faults.c: `faults`: what the manager sees when something is wrong that nobody has done here, and that it goes
 * again: the database away for three nights, the folder away, the disk full. What happens is test_dialogs.py's
 * (`outside`); what is said of a task that was deleted is in ui_schedule.c, of a sign-in to SharePoint in
 * ui_sharepoint.c. In pictures: fault-….
 */
#include "ui_drive.h"

static void band(Ui *ui, const char *part, const char *name)
{
    const bool there = wait_text(ui, IDC_STATUS, part, SHORT_MS);
    char *why = text_of(ui, item(ui, IDC_STATUS));
    ok(ui, there, name, why);
    mem_free(why);
}

static void check_database(Ui *ui)
{
    outside(ui, "database-away", "for three nights the database is away");
    band(ui, " failed: the server db.example.org cannot be reached", "the band says which backup failed, and why");
    picture(ui, "fault-database");
    outside(ui, "database-back", "and back, with a backup of this night");
    band(ui, "Protected: last backup", "then all is well again");
}

static void check_folder(Ui *ui)
{
    outside(ui, "folder-away", "the backup folder is away");
    click(ui, IDC_REFRESH);
    ok(ui, wait_for(ui, SHORT_MS, box_is_there, NULL), "who looks is told", "nobody is");
    picture(ui, "fault-folder-told");
    ok(ui, answer_box(ui, IDCLOSE), "the box can be closed", "it stays");
    band(ui, "The backup folder cannot be read.", "the band says so");
    ok(ui, rows(ui) == 0, "and nothing is listed that cannot be seen", "something is");
    picture(ui, "fault-folder");
    outside(ui, "folder-back", "and back");
    click(ui, IDC_REFRESH);
    band(ui, "Protected: last backup", "then all is well again");
}

static void check_disk(Ui *ui)
{
    outside(ui, "disk-full", "the last backup is larger than what is free");
    band(ui, "The disk is nearly full: ", "the band says so before the next one fails");
    picture(ui, "fault-disk");
    outside(ui, "disk-free", "and there is room again");
    band(ui, "Protected: last backup", "then all is well again");
}

void scenario_faults(Ui *ui)
{
    if (begin_sharepoint(ui, 2)) { /* a manager, with two backups in the list */
        band(ui, "Protected: last backup", "at first all is well");
        check_database(ui);
        check_folder(ui);
        check_disk(ui);
        PostMessageW(ui->window, WM_CLOSE, 0, 0);
        check_exit(ui, 0, "the program ends");
    }
}
