#!/usr/bin/env python3
"""The mutation check: takes one care out of the product at a time, in a copy of the tree, and runs the tests that
should go red. Not part of ./dev test, because it takes a quarter of an hour and more; run it inside the root:

    ./dev shell python3 tests/mutants.py [NUMBER...]

Prints a table: what was taken out, which test found it. Exit code 1 when one survived or no longer applies.
"""
import os
import shutil
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
COPY = os.path.join(TOP, "build/mutants")
E2E = {"kill": "test_kill", "faults": "test_faults", "bad": "test_bad_input", "retention": "test_retention",
       "damage": "test_damage", "round": "test_roundtrip", "prove": "test_prove", "snapshot": "test_snapshot",
       "network": "test_network", "export": "test_export", "minor": "test_minor", "moments": "test_moments",
       "kinds": "test_kinds", "tls": "test_tls", "encodings": "test_encodings", "restore": "test_restore",
       "rkinds": "test_restore_kinds", "rfaults": "test_restore_faults", "rhostile": "test_restore_hostile",
       "sharepoint": "test_sharepoint", "download": "test_download", "there": "test_sharepoint_cleanup",
       "rkept": "test_restore_kept", "rtables": "test_restore_tables",
       "rsafety": "test_restore_safety"}

# What is taken out, file, the text, what stands there instead, the tests: "unit:NAME" or "FILE:TEST".
MUTANTS = (
    ("what has changed there meanwhile stays", "src/jobs/offsite_clean_up.c", "    *stays = !unchanged;\n", "",
     ["there:test_replaced_meanwhile"]),
    ("what stands in for it there is looked at once more", "src/jobs/offsite_clean_up.c",
     "    if (!unchanged) {\n        error_set(err, EK_BUSY", "    if (false) {\n        error_set(err, EK_BUSY",
     ["there:test_replaced_meanwhile"]),
    ("a removal there is of one version alone", "src/jobs/offsite_clean_up.c",
     '.method = "DELETE", .path = path, .if_match = etag}', '.method = "DELETE", .path = path}',
     ["there:test_replaced_meanwhile"]),
    ("only what is compared there by its hash counts there", "src/jobs/offsite_clean_up.c",
     "remote->state == REMOTE_SAME ? &remote->manifest : NULL", "&remote->manifest",
     ["unit:test_offsite_clean_up"]),
    ("pins of here count there", "src/jobs/offsite_clean_up.c", "if (own->pinned && !entry->pinned) {", "if (false) {",
     ["unit:test_offsite_clean_up", "there:test_what_stays"]),
    ("what another computer made stays there", "src/jobs/offsite_clean_up.c",
     "utf8_casecmp(maker, computer) != 0", "false", ["unit:test_offsite_clean_up", "there:test_what_stays"]),
    ("what is being uploaded stays there", "src/jobs/offsite_clean_up.c",
     "if (!folder_removal_lock(folder, remote->name, &upload, &uploading)) {", "if (false) {",
     ["there:test_uploading"]),
    ("clocks that differ keep all of it there", "src/jobs/offsite_clean_up.c", "off <= SECONDS_A_DAY ?", "true ?",
     ["there:test_in_doubt"]),
    ("what an interrupted clean-up there left", "src/jobs/offsite_clean_up.c",
     "open_place(&work, err) && close_open_entries(&work, err) &&", "open_place(&work, err) &&",
     ["there:test_killed", "there:test_faults"]),
    ("what is refused is not looked for in the site above", "src/jobs/offsite_set_up.c",
     "(refused.kind != EK_NONE && len <= strlen(likely))", "false", ["sharepoint:test_rights_of_single_sites"]),
    ("a token is renewed for the rights that were chosen", "src/cloud/place.c", ".scope = place_scope(place)};",
     ".scope = PLACE_SCOPE};", ["sharepoint:test_rights_of_single_sites"]),
    ("where all uploads would fail the rest is not tried", "src/jobs/offsite_batch.c",
     "stop = ends_all(outcome->error.kind);", "stop = false;", ["sharepoint:test_several"]),
    ("nothing ends a quotation in the script for IT", "src/jobs/ask_it.c", "strspn(text, plain) == strlen(text);",
     "plain != NULL;", ["unit:test_ask_it"]),
    ("the flush of the backup's data", "src/jobs/backup.c", "if (!fs_flush(run->file, err)) {", "if (false) {",
     ["kill:test_write_faults", "faults:test_killed_and_without_power"]),
    ("a backup of another encoding is UTF-8", "src/postgres/dump.c", "if (spec->encoding != NULL) {", "if (false) {",
     ["unit:test_dump", "encodings:test_latin1"]),
    ("the encodings that do not come back from UTF-8", "src/postgres/snapshot.c",
     'strcmp(encoding, "EUC_JP") == 0', "false", ["encodings:test_euc_jp"]),
    ("a name that does not exist in UTF-8", "src/postgres/snapshot.c", 'if (kept || strcmp(encoding, "UTF8") == 0 ||',
     "if (true ||", ["encodings:test_win1252_with_bytes_that_are_no_character"]),
    ("a row that does not exist in UTF-8", "src/jobs/backup_take.c", "if (run->bytes && !run->snapshot.bytes) {",
     "if (false) {", ["encodings:test_win1252_with_bytes_that_are_no_character"]),
    ("a proof speaks as the archive does", "src/jobs/prove_database.c",
     "         load_speak_as_archive(run, err);", "         (true || load_speak_as_archive(run, err));",
     ["encodings:test_sql_ascii", "encodings:test_archives_of_others"]),
    ("names that are not text stay different", "src/archive/archive_toc.c", "!toc->bytes && utf8_valid(",
     "utf8_valid(", ["encodings:test_sql_ascii"]),
    ("the alarm looks at large objects", "src/store/retention.c",
     "weigh(&loss, &objects, now->large_objects, false, percent);", "",
     ["unit:test_retention", "retention:test_large_objects_that_are_gone"]),
    ("the large objects of verify", "src/jobs/verify.c", "found->large_objects != recorded->large_objects)", "false)",
     ["snapshot:test_large_objects_are_counted"]),
    ("room by the last backup, not by the server's size", "src/store/health.c", "*needed = last > 0       ?",
     "*needed = false       ?", ["unit:test_health", "bad:test_room_by_the_last_backup"]),
    ("what the last backup took", "src/jobs/backup.c", "run->last = catalog_last(spec->folder, &run->connection);", "",
     ["bad:test_room_by_the_last_backup"]),
    ("what is left out of a server's words", "src/postgres/redact.c", "stop = safe_end(words, end, kind);",
     "stop = safe_end(words, end, kind); stop = end;",
     ["unit:test_redact", "unit:test_pg", "prove:test_no_row_in_a_message"]),
    ("a file that was never ours is not written about", "src/jobs/verify.c", " || failed->kind == EK_FOREIGN) {", ") {",
     ["damage:test_not_a_backup"]),
    ("what a script is called", "src/archive/archive_toc.c", "if (foreign_kind(head, len, &foreign)) {",
     "if (foreign_kind(head, len, &foreign) && false) {", ["unit:test_archive", "damage:test_not_a_backup"]),
    ("a dump that the server ended begins again", "src/jobs/backup_take.c", " || dump_ended(run, &why)) ||",
     " || (dump_ended(run, &why) && false)) ||", ["snapshot:test_ended_dump_begins_again"]),
    ("the doctor asks for the rights to sequences", "src/jobs/doctor.c", '"  OR NOT pg_catalog.has_sequence_privilege',
     '"  OR false AND NOT pg_catalog.has_sequence_privilege', ["kinds:test_each_right_that_is_missing"]),
    ("the roles of a database are noted", "src/jobs/backup.c", "    snapshot_give_roles(&run->snapshot, manifest);\n",
     "", ["kinds:test_roles_are_noted"]),
    ("the members of a group that is granted something", "src/postgres/snapshot.c",
     "JOIN down ON m.roleid = down.id", "JOIN down ON false",
     ["kinds:test_roles_are_noted"]),
    ("out of memory ends without a signal", "src/base/mem.c", "    _Exit(EXIT_INTERNAL);", "    abort();",
     ["faults:test_memory_runs_out"]),
    ("a copy by a sync client is named", "src/store/catalog.c", "} else if (folder_is_copy_name(name)) {",
     "} else if (false) {", ["unit:test_catalog"]),
    ("a copy of the log is named", "src/store/auditlog.c", "if (chain->witnesses.copy) {", "if (false) {",
     ["unit:test_auditlog"]),
    ("the doctor looks at the task", "src/jobs/doctor.c", "task(settings, folder_wanted, &words)",
     "(task(settings, folder_wanted, &words) || true)", ["unit:test_doctor"]),
    ("the rights of a file that is replaced", "src/platform/common/fs_common.c", "    fs_take_rights(path, temp);\n",
     "", ["unit:test_fs"]),
    ("the flush in an atomic write", "src/platform/common/fs_common.c",
     "!fs_write(file, bytes, len, err) || !fs_flush(file, err)",
     "!fs_write(file, bytes, len, err)", ["faults:test_killed_and_without_power"]),
    ("the flush of the folder after a rename", "src/platform/posix/fs_posix.c", "(void)fsync(fd);", "",
     ["faults:test_killed_and_without_power"]),
    ("the rename: the backup is written under its own name", "src/jobs/backup.c",
     ('run.partial = mem_printf("%s%s", run.path, FOLDER_PARTIAL_SUFFIX);',
      "!backup_give_name(run, err)"), ("run.partial = mem_strdup(run.path);", "false"),
     ["faults:test_killed_and_without_power"]),
    ("the rename of an atomic write: the file is written in place", "src/platform/common/fs_common.c",
     'char *temp = mem_printf("%s.tmp-%s", path, hex);', "char *temp = mem_strdup(path); fs_remove(temp, NULL);",
     ["unit:test_fs", "faults:test_killed_and_without_power"]),
    ("the order: the name before the manifest", "src/jobs/backup.c",
     "if (!manifest_write(run->manifest_path, &run->verified.manifest, err) ||\n"
     "        !backup_give_name(run, err)) {",
     "if (!backup_give_name(run, err) ||\n"
     "        !manifest_write(run->manifest_path, &run->verified.manifest, err)) {",
     ["faults:test_killed_and_without_power"]),
    ("the SHA-256 of verify", "src/jobs/verify.c", "if (!same_text(found->sha256, recorded->sha256)) {", "if (false) {",
     ["unit:test_verify"]),
    ("the rows of verify", "src/jobs/verify.c", "if (found->rows != recorded->rows) {", "if (false) {",
     ["unit:test_verify"]),
    ("the rows of the snapshot", "src/postgres/snapshot.c",
     "ok && table->rows >= 0 && in_backup->rows >= 0 && table->rows != in_backup->rows", "false",
     ["unit:test_snapshot", "bad:test_archive_of_another_moment"]),
    ("the look when pg_dump has its locks", "src/postgres/snapshot.c",
     "!snapshot_look(pg, snapshot, cancel, &snapshot->changed, err)", "false",
     ["moments:test_before_pg_dump_has_its_locks"]),
    ("the look when pg_dump has ended", "src/jobs/backup_take.c",
     "if (run->snapshot.id == NULL || run->snapshot.changed != NULL) {", "if (true) {",
     ["moments:test_between_its_locks_and_ours"]),
    ("that our locks are not waited for behind a TRUNCATE", "src/postgres/snapshot.c",
     "*busy = why.kind == EK_BUSY;", "",
     ["moments:test_between_its_locks_and_ours"]),
    ("that all begins again when something has changed", "src/jobs/backup_take.c",
     "char *changed = lost ? NULL : what_changed(run, &why);", "char *changed = NULL; (void)what_changed;",
     ["moments:test_rebuilt_each_time"]),
    ("the locks of a count", "src/postgres/snapshot.c", "(i % COUNTS_HELD != 0 || let_go(pg, cancel, &why)) &&", "",
     ["kinds:test_few_locks"]),
    ("a table that is missing from the backup", "src/postgres/snapshot.c",
     "if (!seen[i] && table->rows > 0 && !table->may_be_missing) {", "if (false) {", ["unit:test_snapshot"]),
    ("what lies behind the archive's end", "src/archive/archive_data.c", "return reader->at_end || archive_damaged(",
     "return true || archive_damaged(", ["unit:test_archive_data", "unit:test_archive", "unit:test_verify"]),
    ("that what was decoded while it grew is what was hashed", "src/archive/archive_follow.c",
     "xxh64_value(&follower->data) == xxh64_value(&follower->decoded)", "true", ["unit:test_archive_follow"]),
    ("what the server does not know is left out of a restore", "src/jobs/load_tool.c",
     "skew_count(&skew) == 0 || copy_backup(run, &skew, err)", "true || copy_backup(run, &skew, err)",
     ["minor:test_option_that_no_server_knows"]),
    ("the comma between two options that stay", "src/jobs/skew.c", "(goes[i + 1] || !any)", "goes[i + 1]",
     ["unit:test_skew"]),
    ("the minor of a tool", "src/postgres/tools.c", "if (tool->major == wanted->major && enough != was_enough) {",
     "if (false) {", ["unit:test_tools", "minor:test_tools_of_other_minors"]),
    ("ours before what was found", "src/postgres/tools.c",
     "    if (tool->origin != than->origin) {\n        return tool->origin == TOOL_OURS;\n    }\n    return compare",
     "    return compare", ["unit:test_tools"]),
    ("a pg_dump that is newer than our reader", "src/postgres/tools.c", "if (tool->major > ARCHIVE_NEWEST_TOOL) {",
     "if (false) {", ["unit:test_tools", "minor:test_refused_before_the_dump"]),
    ("pg_dump's exit code", "src/postgres/dump.c", "if (result.exit_code != 0) {", "if (false) {",
     ["bad:test_lying_tools", "kill:test_dump_killed"]),
    ("the standstill", "src/postgres/standstill.c",
     "now_ms - still->moved_ms < 1000u * (uint64_t)still->seconds", "true",
     ["unit:test_standstill"]),
    ("the standstill of pg_dump", "src/postgres/dump.c", "return !watch->stalled;", "return true;",
     ["bad:test_tool_that_hangs"]),
    ("the standstill of a proof's pg_restore", "src/jobs/load_tool.c", "return !run->stalled;", "return true;",
     ["prove:test_restore_that_hangs"]),
    ("the standstill of a statement", "src/postgres/pg.c", "if (standstill_over(&wait->still, clock_monotonic_ms())) {",
     "if (false) {", ["network:test_dead_while_it_counts"]),
    ("the question to the server before an end", "src/jobs/load_tool.c", ".still_working = still_working, ", "",
     ["prove:test_index_that_takes_long"]),
    ("the end of a killed pg_dump's session", "src/jobs/backup.c", "pg_end_sessions_quickly(run->pg, run->job);", ";",
     ["snapshot:test_a_killed_dump_leaves_no_session"]),
    ("the end of a killed backup's sessions", "src/jobs/backup.c", "backup_lock_database(run, folder, last, err)",
     "lock_database(run, folder, NULL, err)", ["network:test_killed_where_the_server_cannot_see_it"]),
    ("the check of the server by default", "src/postgres/connection.c",
     'if (!connection_is_loopback(connection)) {\n        return "verify-full";',
     'if (false) {\n        return "verify-full";',
     ["unit:test_connection"]),
    ("the lock", "src/platform/posix/fs_posix.c", "result = flock(fd, LOCK_EX | LOCK_NB);", "result = 0;",
     ["unit:test_fs", "unit:test_folder", "kill:test_two_at_once"]),
    ("the lock on the database", "src/postgres/pg.c", 'const bool locked = value != NULL && strcmp(value, "t") == 0;',
     "const bool locked = value != NULL;", ["faults:test_database_lock"]),
    ("the removal of a failed run's file", "src/jobs/backup.c",
     "(run->partial_made && !fs_remove(run->partial, &ignored))", "false", ["kill:test_write_faults"]),
    ("the removal of what an interrupted run left", "src/store/folder.c",
     "if (!is_left_partial(&all.names[i], &all) && ", "if (", ["unit:test_folder"]),
    ("another computer's partial", "src/store/folder.c",
     "((all->ours && !strcmp(backup, all->ours)) || found->old", "(true || found->old",
     ["unit:test_folder", "faults:test_another_computers_files"]),
    ("another computer's manifest", "src/store/folder.c",
     "((all->ours && !strcmp(backup, all->ours)) || log_says", "(true || log_says",
     ["unit:test_folder", "faults:test_another_computers_files"]),
    ("the name of a backup before there is a file of it", "src/jobs/backup.c",
     "folder_note_job(spec->folder, run.job, run.name); /*", "; /*", ["faults:test_killed_and_without_power"]),
    ("what the log says of a manifest that was left", "src/store/folder.c",
     "|| log_says_removed(all->log, backup)", "|| false", ["unit:test_folder", "retention:test_killed_at_every_step"]),
    ("the free name", "src/store/folder.c", "if (name_is_free(folder, name)) {", "if (true) {",
     ["unit:test_folder", "faults:test_wrong_clocks"]),
    ("the witness of retention", "src/store/retention.c", "    } else if (!witness) {", "    } else if (false) {",
     ["unit:test_retention"]),
    ("that rules may be nobody's choice", "src/store/retention.c", ".keep_all = settings->unsure}", ".keep_all = NULL}",
     ["unit:test_retention", "retention:test_rules_that_are_not_known"]),
    ("the log's memory of settings that are gone", "src/store/settings.c", 'auditlog_mentions(folder, "settings")',
     "false", ["unit:test_settings"]),
    ("a wrong value that stays until another is chosen", "src/store/settings.c",
     "    keep_wrong(settings, document);\n", "", ["unit:test_settings"]),
    ("what the server says of itself", "src/store/source.c",
     "if (manifest->system_identifier && manifest->database_oid) {", "if (false) {", ["unit:test_source"]),
    ("the same place, for a removal", "src/store/source.c",
     "same_known(a->key, b->key) && same_known(a->place, b->place)", "same_known(a->key, b->key)",
     ["unit:test_source", "unit:test_retention"]),
    ("the maximum of each database", "src/store/retention.c", "++p.groups[p.group[i]].counted", "++p.groups[0].counted",
     ["unit:test_retention"]),
    ("the server's clock", "src/jobs/backup.c", "        run->keep_all = true;\n        backup_warn(run, differs);",
     "        backup_warn(run, differs);", ["retention:test_wrong_clock_of_one_run"]),
    ("a clean-up's doubt of the clock", "src/store/retention.c",
     "if (!rules->made && p->now - witness->created > term(rules)) {", "if (false) {", ["unit:test_retention"]),
    ("the level by what was compared", "src/jobs/verify.c", "manifest->level = manifest_level(manifest);",
     "manifest->level = LEVEL_VERIFIED;", ["unit:test_verify"]),
    ("the manifest of a newer version", "src/jobs/verify.c",
     "if (check->newer_manifest || (check->had_bad_manifest && !adopt)) {", "if (check->had_bad_manifest && !adopt) {",
     ["unit:test_verify", "faults:test_wrong_manifests"]),
    ("the pin of what may have been pinned", "src/jobs/verify.c", "        manifest->pinned = true;\n", "",
     ["unit:test_verify", "faults:test_wrong_manifests"]),
    ("the reading of the one that is left", "src/jobs/retention_run.c", "        if (is_read(read, left)) {",
     "        if (true) {", ["unit:test_retention_run", "retention:test_last_good_is_read_before_a_delete"]),
    ("the alarm in the manifest", "src/jobs/retention_run.c", "        coming->alarm = mem_strdup(reason);\n",
     "        coming->alarm = NULL;\n", ["unit:test_retention_run", "retention:test_shrink_alarm"]),
    ("the alarm's measure", "src/jobs/retention_run.c", "if (*count == 0 || recent || ", "if (*count == 0 || ",
     ["unit:test_retention_run"]),
    ("an entry that a kill left open", "src/jobs/retention_run.c", "close_open_entries(folder, sink, err) &&", "",
     ["unit:test_retention_run"]),
    ("the pin", "src/store/retention.c", "    if (entry->pinned) {", "    if (false) {", ["unit:test_retention"]),
    ("the reading of the witness", "src/jobs/retention_run.c",
     "read[i] = rules->made && !strcmp(catalog->entries[i].name, rules->made);", "read[i] = true;",
     ["retention:test_damage_is_no_reason"]),
    ("the entry before a removal", "src/jobs/retention_run.c",
     '&&\n              log_entry(folder, sink, "cleanup", "started", entry, message, err);', ";",
     ["retention:test_killed_at_every_step"]),
    ("the look at the witness before a removal", "src/jobs/retention_run.c",
     "bool ok = still_there(folder, item->witness, err) &&", "bool ok =", ["unit:test_retention_run"]),
    ("the frozen state", "src/jobs/retention_run.c", "rules.frozen = frozen;\n    rules.made", "rules.made",
     ["unit:test_retention_run", "retention:test_shrink_alarm"]),
    ("the log's chain", "src/store/auditlog.c", "        entry_hash(before, previous);", "        (void)before;",
     ["unit:test_auditlog"]),
    ("the damaged settings kept aside", "src/store/settings.c",
     "ok = keep_aside(folder, path, &failed, settings, err);",
     "ok = folder != NULL || keep_aside(folder, path, &failed, settings, err);",
     ["unit:test_settings", "faults:test_settings_in_every_region"]),
    ("the end of the children with their parent", "src/platform/posix/process_posix.c",
     ("    prctl(PR_SET_PDEATHSIG, SIGKILL);", "kill(-group, SIGKILL);"), ("", ""),
     ["unit:test_process_end", "kill:test_kill_in_a_loop"]),
    ("the count of a proof", "src/jobs/load_compare.c",
     "ok = compare_table(pg, table, cancel, result, err);", "ok = true;",
     ["prove:test_index_that_is_not_there"]),
    ("a proof's role without rights", "src/jobs/prove_database.c", "LOGIN NOSUPERUSER", "LOGIN SUPERUSER",
     ["prove:test_no_rights"]),
    ("the event triggers that a proof leaves out", "src/jobs/load_list.c", '"EVENT TRIGGER", "MATERIALIZED',
     '"MATERIALIZED', ["prove:test_no_rights"]),
    ("the role that a proof drops", "src/jobs/prove_database.c", "(!run->role_made || load_run_on(pg, \"DROP ROLE",
     "(true || load_run_on(pg, \"DROP ROLE", ["prove:test_no_rights"]),
    ("a rule that refuses its own rows", "src/jobs/load_finish.c",
     "(err->kind == EK_NONE && put_off_rule(run, &run->archive.entries[at], err))", "false",
     ["prove:test_kinds_that_are_sound"]),
    ("the role that only rows name", "src/jobs/load_finish.c",
     "return make_missing_role(run, err) ||", "return false ||", ["prove:test_kinds_that_are_sound"]),
    ("the second look at views", "src/jobs/load_finish.c", "more = more && left > 0;", "more = false;",
     ["prove:test_kinds_that_are_sound"]),
    ("forced row security in a proof", "src/jobs/load_finish.c", "lift_row_security(run, err) && ", "",
     ["prove:test_kinds_that_are_sound"]),
    ("the count at a partition root", "src/jobs/load_compare.c", "if (ok && known && all != wanted) {",
     "if (ok && known && all == wanted) {", ["prove:test_kinds_that_are_sound"]),
    ("rows that are loaded elsewhere", "src/jobs/load_compare.c", "if (elsewhere == NULL) {",
     "if (elsewhere == NULL || true) {", ["prove:test_kinds_that_are_sound"]),
    ("the settings of the database", "src/jobs/prove_database.c", " && load_apply_settings(run, err) &&", " &&",
     ["prove:test_kinds_that_are_sound"]),
    ("the source's sorting", "src/jobs/prove_database.c",
     "bool ok = sort != NULL && create(run, encoding, sort, &why);", "bool ok = false;", ["prove:test_other_sorting"]),
    ("an archive without rows", "src/jobs/load_compare.c", "if (part != NULL) {", "if (false) {",
     ["prove:test_what_holds_no_proof"]),
    ("a view that could not be filled", "src/jobs/prove.c", "run->result.not_provable_count == 0; /*", "true; /*",
     ["prove:test_what_holds_no_proof"]),
    ("the copy that a killed proof left", "src/cli/main.c", "    prove_clean_up(&sink);\n", "    (void)sink;\n",
     ["prove:test_killed_in_the_middle"]),
    ("the check of a proof's indexes", "src/jobs/load_compare.c",
     'return check_number(result->indexes, load_count_entries(archive, "INDEX"), "indexes", err) &&', "return",
     ["prove:test_index_that_is_not_there"]),
    ("the large objects of the snapshot", "src/postgres/snapshot.c",
     "ok && snapshot->large_objects >= 0 && manifest->large_objects >= 0 &&\n        snapshot->large_objects != "
     "manifest->large_objects", "false", ["unit:test_snapshot"]),
    ("the SHA-256 of an export's source", "src/jobs/export.c",
     "!pump(work, source, copy, hex, &bytes, err)) {\n        goto out;\n    }\n"
     "    if (bytes != work->manifest.bytes || strcmp(hex, work->manifest.sha256) != 0) {",
     "!pump(work, source, copy, hex, &bytes, err)) {\n        goto out;\n    }\n    if (false) {",
     ["export:test_flipped_source"]),
    ("the SHA-256 of an export's copy", "src/jobs/export.c",
     "!pump(work, copy, NULL, hex, &bytes, err)) {\n        goto out;\n    }\n"
     "    if (bytes != work->manifest.bytes || strcmp(hex, work->manifest.sha256) != 0) {",
     "!pump(work, copy, NULL, hex, &bytes, err)) {\n        goto out;\n    }\n    if (false) {", ["unit:test_export"]),
    ("the flush of an export's copy", "src/jobs/export.c", "ok = fs_flush(copy, err);", "ok = true;",
     ["export:test_write_faults"]),
    ("a variable that is refused by name", "src/postgres/connection.c",
     "if (connection->unsupported) {", "if (false) {",
     ["unit:test_connection", "tls:test_nothing_else_of_the_environment"]),
    ("the certificates that OpenSSL's variables name", "src/postgres/connection.c", "machine_restrict_openssl();", "",
     ["tls:test_a_certificate_of_ones_own"]),
    ("a password that stays in the arguments", "src/cli/main.c", "secret_wipe(value, strlen(value));", "",
     ["bad:test_password_in_the_arguments"]),
    ("no password itself to a server elsewhere", "src/postgres/pg_connect.c",
     'ADD("require_auth", connection_require_auth(connection));', "", ["tls:test_the_password_itself"]),
    ("nor by the tools", "src/postgres/connection.c",
     'add_env(env, &count, "PGREQUIREAUTH", connection_require_auth(connection));', "", ["unit:test_connection"]),
    ("what protects a connection is kept with it", "src/postgres/userprofile.c",
     'json_set_string(object, "channel_binding", c->channel_binding);', "", ["unit:test_userprofile"]),
    ("what a host's name may hold", "src/postgres/connection.c",
     "if ((unsigned char)*c < 0x80 && !strchr(letters, *c)) {",
     "if (false) {", ["unit:test_connection_string", "bad:test_password_in_the_wrong_place"]),
    ("a connection string where a user's name belongs", "src/postgres/connection.c", "return is && !has_mark(text);",
     "return true;", ["unit:test_connection_string", "bad:test_password_in_the_wrong_place"]),
    ("an argument that is a connection string is told", "src/cli/options.c",
     "if (!ok && err && !connection_may_be_told(err->message)) {", "if (false) {",
     ["bad:test_password_in_the_wrong_place"]),
    ("a value of a connection string that is not quoted", "src/postgres/connection_string.c", "if (tell && len >= 1",
     "if (len >= 1", ["unit:test_connection_string"]),
    ("a server that is none and is not quoted", "src/postgres/connection.c",
     "if (connection->host && !connection_is_host(connection->host)) {", "if (false) {",
     ["bad:test_password_in_the_wrong_place"]),
    ("a password that is on no command line", "src/postgres/dump.c", 'mem_strdup("--no-password");',
     'mem_printf("--no-password=%s", spec->connection->password.bytes);', ["unit:test_dump"]),
    ("a password that does not stay in our environment", "src/postgres/connection.c", "machine_unsetenv(*name);", ";",
     ["unit:test_connection"]),
    ("an address of which the host alone is told", "src/cloud/http.c", "*host = mem_strdup(name);",
     "*host = mem_strdup(is_loopback(name) ? url : name);", ["unit:test_http"]),
    ("a stop while connecting", "src/postgres/pg_connect.c",
     "if (cancel_requested(cancel)) {\n            PQfinish(conn);",
     "if (false) {\n            PQfinish(conn);", ["unit:test_signin"]),
    ("the second that a short question may take", "src/postgres/pg.c",
     "pg->patience = END_LIMIT_SECONDS;\n    pg->asks = true;", "pg->asks = true;", ["unit:test_pg"]),
    ("a stop while a statement runs", "src/postgres/pg.c",
     "if (cancel_requested(cancel)) {\n            return stopped(pg, err);\n        }\n        const int unsent",
     "if (false) {\n            return stopped(pg, err);\n        }\n        const int unsent", ["unit:test_pg"]),
    ("the look at the network before a stopped proof clears up", "src/jobs/prove_database.c",
     "if (stop && !pg_answers(pg)) {", "if (false) {", ["network:test_cancel_of_a_proof"]),
    ("the standstill of initdb and pg_ctl", "src/postgres/engine.c", "return !last->stalled;", "return true;",
     ["prove:test_engine_that_hangs"]),
    ("a name that is waited for", "src/jobs/backup_finish.c", "        if (!fs_is_held(&why)) {", "        if (true) {",
     ["faults:test_name_refused"]),
    ("a backup without a name that is kept", "src/jobs/backup_finish.c", "run->kept = true;", "",
     ["faults:test_name_refused"]),
    ("the second reading of what was kept", "src/jobs/backup_finish.c",
     "*same = bytes == manifest->bytes &&", "*same = true ||",
     ["faults:test_name_refused"]),
    ("another computer's that waits for its name", "src/jobs/backup_finish.c",
     "utf8_casecmp(manifest.computer, computer) != 0 ||", "false ||", ["faults:test_name_refused"]),
    ("a folder that is no silent substitute", "src/store/folder.c", "if (fallback && !named) {", "if (!named) {",
     ["unit:test_folder"]),
    ("a substitute that somebody else has made", "src/store/folder.c", "(fs_dir_is_ours(dir) ||", "(true ||",
     ["unit:test_folder"]),
    ("the word in the manifest for another folder", "src/jobs/backup.c", "        run.fallback = true;\n", "",
     ["faults:test_usual_folder_cannot_be_used"]),
    ("what only reads needs no lock", "src/store/folder.c",
     "if (failed.kind != EK_IO || !folder_is_there(folder, NULL)) {", "if (true) {",
     ["unit:test_folder", "faults:test_read_only"]),
    ("what only reads makes no folder", "src/store/folder.c", "    bool ok = fs_stat(dir, &info, &why);\n",
     "    bool ok = fs_make_dirs(dir, NULL) && fs_stat(dir, &info, &why);\n",
     ["unit:test_folder", "faults:test_reading_makes_nothing"]),
    ("a copy that waits is noted before it is tried", "src/jobs/offsite_after.c",
     "if (entry->copy == NULL && !note_waiting(after, entry, 0, NULL, &why)) {", "if (false) {",
     ["unit:test_offsite_after", "sharepoint:test_killed_after_a_backup"]),
    ("only verified backups are copied", "src/jobs/offsite_after.c", "        if (!catalog_is_good(entry)) {\n",
     "        if (false) {\n", ["unit:test_offsite_after"]),
    ("what is uploaded is not removed", "src/jobs/retention_run.c",
     "if (!folder_removal_lock(folder, entry->name, &upload, &uploading)) {", "if (false) {",
     ["unit:test_retention_run", "sharepoint:test_what_is_uploaded_stays"]),
    ("a copy is of these bytes", "src/store/copies.c", "!strcmp(copy->file, file) && copy->bytes == bytes && sha256 &&",
     "!strcmp(copy->file, file) && (copy->bytes == bytes || true) && sha256 &&",
     ["unit:test_copies", "unit:test_catalog"]),
    ("no token to another host", "src/cloud/graph.c", "if (strncmp(link, endpoint, len) != 0 || strncmp(",
     "if (strncmp(", ["unit:test_graph"]),
    ("what was downloaded is what the manifest says", "src/cloud/download.c",
     "*same = strcmp(sha256, d->spec->sha256) == 0 &&", "*same = true ||", ["download:test_damaged_there"]),
    ("a page that is not the file", "src/cloud/download.c", "ok = number(length, &whole) && whole == total;",
     "ok = number(length, &whole);", ["unit:test_download", "download:test_damaged_there"]),
    ("what was brought back is pinned", "src/jobs/offsite_back.c", "        manifest->pinned = true;\n", "",
     ["download:test_there_and_back"]),
    ("settings that cannot be reached are not missing", "src/store/settings.c",
     "if (!folder_is_there(folder, err) || !fs_list(folder, find_copy, &copy, err)) {",
     "if (!fs_list(folder, find_copy, &copy, NULL) && false) {", ["faults:test_share_that_blinks"]),
    ("an alarm that cannot be reached still stops", "src/jobs/retention_run.c",
     "why.kind != EK_NOT_FOUND || !folder_is_there(folder, &why)", "why.kind != EK_NOT_FOUND",
     ["faults:test_share_that_blinks"]),
    ("a log that cannot be reached does not begin anew", "src/store/auditlog.c",
     "failed.kind == EK_NOT_FOUND && folder_is_there(folder, &failed)", "failed.kind == EK_NOT_FOUND",
     ["faults:test_share_that_blinks"]),
    ("both names in one transaction", "src/jobs/swap.c", 'return pg_query(pg, "BEGIN", NULL, 0, NULL, NULL, err) &&',
     "return", ["rfaults:test_killed_at_every_step", "rhostile:test_killed_before_each_statement"]),
    ("the end of the others' sessions while the names change", "src/jobs/swap.c",
     "bool ok = swap_ender_start(pg, swap->live, swap->coming, cancel, &ender, err);", "bool ok = true;",
     ["restore:test_clients_that_come_again"]),
    ("one restore of a database at a time", "src/jobs/swap.c", "        if (locked) {", "        if (locked || true) {",
     ["rkinds:test_in_the_way", "rhostile:test_another_program_meanwhile"]),
    ("whose database a mark was made for", "src/jobs/swap_mark.c", 'json_int(mark, "oid", 0) != oid', "false",
     ["unit:test_swap_mark"]),
    ("that only what is under way is mended", "src/jobs/swap_mark.c",
     'json_string(item->mark, "by", NULL) != NULL &&', "true &&", ["unit:test_swap_mark"]),
    ("that only a whole one gets the name", "src/jobs/swap_mark.c",
     '!json_bool((*coming)->mark, "whole", false)', "false", ["unit:test_swap_mark"]),
    ("that a half one is not declared whole", "src/jobs/swap_mark.c",
     'mark_is(live, "coming") && json_bool(live->mark, "whole", false)', 'mark_is(live, "coming")',
     ["unit:test_swap_mark"]),
    ("a left database that somebody has named", "src/jobs/swap.c",
     "} else if (!is_named_coming(item->name, live)) {", "} else if (false) {",
     ["rhostile:test_renamed_by_hand"]),
    ("a statement that stands in a text", "src/jobs/load_sql.c", "const char *end = token_end(to, first);",
     "const char *end = to + 1;", ["unit:test_load_sql"]),
    ("whose marks count", "src/jobs/swap.c", "coalesce(d.datdba = l.datdba OR",
     "coalesce(true OR d.datdba = l.datdba OR", ["rhostile:test_marks_that_lie"]),
    ("marks of others, while the live one is there", "src/jobs/swap.c", "(d.gone AND $2::bool)", "$2::bool",
     ["rhostile:test_marks_that_lie"]),
    ("a gone one's comment and limit", "src/jobs/restore.c", "if (!run->has_live && !restore_dress(run, err)) {",
     "if (false) {", ["restore:test_the_database_is_gone"]),
    ("the newest that is kept", "src/jobs/restore_kept.c", "for (size_t i = 1; sure && i < count; i++) {",
     "for (size_t i = 0; sure && i < count; i++) {", ["unit:test_restore_kept", "rkept:test_their_time_is_over"]),
    ("a clock that went back", "src/jobs/restore_kept.c", "sure = sure && kept[i].age >= 0;", "",
     ["unit:test_restore_kept", "rkept:test_when_in_doubt_they_stay"]),
    ("settings that nobody chose", "src/jobs/restore_kept.c", "} else if (settings.unsure != NULL) {",
     "} else if (false) {", ["unit:test_restore_kept", "rkept:test_when_in_doubt_they_stay"]),
    ("what is kept while the live one is gone", "src/jobs/restore_kept.c", "    if (ok && oid == 0) {",
     "    if (false) {", ["rkept:test_when_in_doubt_they_stay"]),
    ("one transaction for the tables", "src/jobs/restore_tables.c",
     'pg_query(copy.to, "BEGIN", NULL, 0, load->cancel, NULL, err) &&', "", ["rtables:test_lost_at_the_end"]),
    ("a table's rows through its root", "src/jobs/restore_tables.c", "ok = check_way_in(pick, entry, err);", "",
     ["unit:test_restore_tables", "rtables:test_refused"]),
    ("the text form of the copy", "src/jobs/restore_tables.c", "SET extra_float_digits = 3; SET bytea_output = 'hex';",
     "SET bytea_output = 'escape'; SET datestyle = 'SQL, MDY';", ["rtables:test_to_look_at_them"]),
    ("the safety backup's proof", "src/jobs/restore.c", " || !prove_safety_backup(run, err)", "",
     ["rsafety:test_it_is_proven"]),
    ("a safety backup that removes nothing", "src/jobs/restore.c", "BackupSpec spec = {.keep_all = true};",
     "BackupSpec spec = {.keep_all = false};", ["rhostile:test_the_safety_backup_removes_nothing"]),
    ("a backup of another database", "src/jobs/restore.c", "bool kin = pg_row_count(rows) == 0;", "bool kin = true;",
     ["rkinds:test_refused"]),
    ("the rights that are lent for owners", "src/jobs/restore_database.c",
     "return ok && lend_rights(run, true, err);", "return ok;", ["rkinds:test_owners_of_others"]),
    ("the rights that were lent are taken back", "src/jobs/restore_database.c",
     "bool ok = lend_rights(run, false, err);", "bool ok = true;", ["rkinds:test_owners_of_others"]),
    ("row security that is forced again", "src/jobs/load_finish.c",
     "ok = pg_query(run->pg, run->forced[i], NULL, 0, run->cancel, NULL, err);", ";",
     ["rkinds:test_databases_that_are_hard"]),
    ("what the database has beside its contents", "src/jobs/restore_database.c",
     "return ok && carry_settings(run, err);", "return ok;", ["restore:test_there_and_back"]),
    ("what a lost database had beside its contents", "src/jobs/restore_database.c",
     "return restore_carry_from_backup(run, load->database, false, err);", "return true;",
     ["restore:test_the_database_is_gone"]),
    ("a slot that stays due is not run over and over", "src/schedule/keeper.c",
     "keeper->next <= now && not_before(keeper, now) <= now;", "keeper->next <= now;", ["unit:test_keeper"]),
    ("no slot where nobody has set a schedule", "src/schedule/keeper.c", "plan->on && ledger_begun(ledger);",
     "plan->on;", ["unit:test_keeper"]),
    ("a pause keeps slots from being run", "src/schedule/due.c", " && look->paused == 0;", ";",
     ["unit:test_due", "unit:test_run", "unit:test_keeper"]),
    ("a pause by a wrong clock ends", "src/schedule/due.c", " && ledger->paused_until <= now + DUE_PAUSE", "",
     ["unit:test_due", "unit:test_keeper"]),
    ("the same failure is told once", "src/schedule/notice.c", "(!same(facts->failed, memory->cause) ||",
     "(true ||", ["unit:test_notice"]),
    ("who sees the window is told nothing beside it", "src/schedule/notice.c", "if (facts->seen) {", "if (false) {",
     ["unit:test_notice"]),
    ("a proof that is missing is no protection", "src/schedule/protection.c",
     "if (proof->state == FACT_MISSING) {", "if (false) {", ["unit:test_protection"]),
    ("a task that is missing is no protection", "src/schedule/protection.c",
     "if (task != NULL && fact->state == FACT_HOLDS) {", "if (false) {", ["unit:test_protection"]),
    ("health that is not good is no protection", "src/schedule/protection.c",
     "protection->holds = health.state == HEALTH_GOOD;", "protection->holds = true;", ["unit:test_protection"]),
    ("a slot that is overtaken is told, and the newer one run", "src/schedule/run.c", "} while (run->overtaken);",
     "} while (false);", ["unit:test_run"]),
    ("one backup where the ledger cannot be read", "src/schedule/run.c", "if (run->doubt && run->look.slot &&",
     "if (false && run->look.slot &&", ["unit:test_run"]),
    ("what a schedule that is changed leaves behind", "src/jobs/configure.c", "if (!ledger_begun(ledger)) {",
     "if (true) {", ["unit:test_configure"]),
    ("settings that do not say whether copies are wanted", "src/jobs/offsite_after.c",
     '} else if (!settings_knows(&settings, "upload_after_backup") &&', "} else if (false &&",
     ["unit:test_offsite_after"]),
    ("a task that starts while its upload runs", "src/schedule/registration.c",
     "(info->instances == NULL || strcmp(info->instances, TASK_INSTANCES) == 0);", "true;",
     ["unit:test_registration"]),
    ("no task where no connection is saved", "src/schedule/registration.c", "if (!connection_is_saved()) {",
     "if (false) {", ["unit:test_registration"]),
)


def run(argv, log, **more):
    with open(log, "ab") as out:
        return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, **more).returncode


def copy_tree():
    """The sources anew, the objects of the last time: only what changed is compiled."""
    os.makedirs(COPY, exist_ok=True)
    for name in ("src", "include", "tests", "res"):
        shutil.rmtree(os.path.join(COPY, name), ignore_errors=True)
        subprocess.run(["cp", "-a", os.path.join(TOP, name), os.path.join(COPY, name)], check=True)
    for name in ("CMakeLists.txt", "CMakePresets.json"):
        shutil.copy2(os.path.join(TOP, name), COPY)
    for mutant in MUTANTS: # the object may be of the last mutant
        os.utime(os.path.join(COPY, mutant[1]))


def build(targets, log):
    argv = ["cmake", "--build", "build/native", "-j2"]
    for target in sorted(targets):
        argv += ["--target", target]
    return run(argv, log, cwd=COPY)


def red(test, log):
    """Whether the test finds the mutant."""
    kind, name = test.split(":")
    env = dict(os.environ, ASAN_OPTIONS="detect_leaks=1:exitcode=99", CMMS_TEST_THOROUGH="1",
               CMMS_TEST_LIMIT="90") # some hang
    if kind == "unit":
        argv = ["build/native/unit/" + name]
    else:
        argv = ["python3", "tests/e2e/%s.py" % E2E[kind], "native"] + ([name] if name else [])
    return run(["timeout", "120" if kind == "unit" else "900"] + argv, log, cwd=COPY, env=env) != 0


def main():
    wanted = {int(a) for a in sys.argv[1:]}
    copy_tree()
    logs = os.path.join(TOP, "build/logs/mutants")
    shutil.rmtree(logs, ignore_errors=True)
    os.makedirs(logs)
    units = {t.split(":")[1] for m in MUTANTS for t in m[4] if t.startswith("unit:")}
    targets = units | {"cmms-backup-cli", "fault", "fake_tool", "fake_child"}
    log = os.path.join(logs, "build.log")
    if not os.path.exists(os.path.join(COPY, "build/native/build.ninja")):
        # What is taken out leaves things unused.
        run(["cmake", "--preset", "native", "-DCMAKE_C_FLAGS=-Wno-error=unused-function -Wno-error=unused-variable "
             "-Wno-error=unused-parameter -Wno-error=unused-but-set-variable"], log, cwd=COPY)
    if build(targets, log) != 0:
        sys.exit("the copy does not build; the log is " + log)
    survived = 0
    for number, (what, path, old, new, tests) in enumerate(MUTANTS, 1):
        if wanted and number not in wanted:
            continue
        start, log = time.monotonic(), os.path.join(logs, "%02d.log" % number)
        place = os.path.join(COPY, path)
        with open(place, encoding="utf-8") as f:
            text = f.read()
        found = None
        olds, news = ((old,), (new,)) if isinstance(old, str) else (old, new)
        if any(text.count(o) != 1 for o in olds):
            found = "-- the text stands there %s times" % [text.count(o) for o in olds]
            survived += 1
        else:
            mutant = text
            for o, n in zip(olds, news):
                mutant = mutant.replace(o, n)
            with open(place, "w", encoding="utf-8") as f:
                f.write(mutant)
            try:
                need = {t.split(":")[1] for t in tests if t.startswith("unit:")} | {"cmms-backup-cli"}
                if build(need, log) != 0:
                    found = "-- it does not compile"
                    survived += 1
                else:
                    found = next((t for t in tests if red(t, log)), None)
            finally:
                with open(place, "w", encoding="utf-8") as f:
                    f.write(text)
        if found is None:
            found = "SURVIVED " + ", ".join(tests)
            survived += 1
        print("%2d  %-58s %s (%d s)" % (number, what, found, time.monotonic() - start))
        sys.stdout.flush()
    print("%d of %d mutants were not found" % (survived, len(wanted) or len(MUTANTS)))
    sys.exit(1 if survived else 0)


if __name__ == "__main__":
    main()
