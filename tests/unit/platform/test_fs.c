/* fs.h on both platforms: the platform's half and the portable one. */
#include "test_util.h"

#include "platform/cancel.h"
#include "platform/clock.h"
#include "platform/thread.h"

#ifdef _WIN32
#include <share.h>
#include <stdio.h>

#include "test_env.h"
#else
#include <sys/stat.h>
#endif

#define U_UMLAUT "\xc3\xbc"
#define HAN "\xe4\xb8\xad"

typedef struct Fixture {
    char *dir;
    Error err;
} Fixture;

static int set_up(void **state)
{
    Fixture *f = mem_alloc(sizeof *f);

    f->dir = test_dir_new();
    f->err = (Error)ERROR_INIT;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    Fixture *f = *state;

    test_dir_remove(f->dir);
    error_clear(&f->err);
    mem_free(f);
    return 0;
}

/* A message with a path in it: "could not open \"...\"". Valid until the next call. */
static const char *says(const char *format, const char *path)
{
    static char text[16384];

    snprintf(text, sizeof text, format, path);
    return text;
}

static FsFile *create(Fixture *f, const char *path)
{
    FsFile *file = NULL;

    assert_ok(fs_create_new(path, &file, &f->err), &f->err);
    return file;
}

static FsFile *open_read(Fixture *f, const char *path)
{
    FsFile *file = NULL;

    assert_ok(fs_open_read(path, &file, &f->err), &f->err);
    return file;
}

/* --- one file ------------------------------------------------------------------------------------------ */

static void what_is_written_is_read(void **state)
{
    Fixture *f = *state;
    char *path = fs_join(f->dir, "file");
    FsFile *file = create(f, path);
    char buf[32] = "";
    uint64_t size = 0;
    size_t got = 99;

    assert_ok(fs_write(file, "hello ", 6, &f->err), &f->err);
    assert_ok(fs_write(file, "world\n", 6, &f->err), &f->err);
    assert_ok(fs_write(file, "", 0, &f->err), &f->err);
    assert_ok(fs_flush(file, &f->err), &f->err);
    assert_ok(fs_size(file, &size, &f->err), &f->err);
    assert_int_equal(size, 12);
    assert_ok(fs_read(file, buf, sizeof buf, &got, &f->err), &f->err); /* stands at the end */
    assert_int_equal(got, 0);
    assert_ok(fs_close(file, &f->err), &f->err);

    file = open_read(f, path);
    assert_ok(fs_read(file, buf, 5, &got, &f->err), &f->err);
    assert_int_equal(got, 5);
    assert_memory_equal(buf, "hello", 5);
    /* Reading at an offset leaves the position where it is. */
    assert_ok(fs_read_at(file, 6, buf, 3, &got, &f->err), &f->err);
    assert_int_equal(got, 3);
    assert_memory_equal(buf, "wor", 3);
    assert_ok(fs_read(file, buf, sizeof buf, &got, &f->err), &f->err);
    assert_int_equal(got, 7);
    assert_memory_equal(buf, " world\n", 7);
    assert_ok(fs_read(file, buf, sizeof buf, &got, &f->err), &f->err);
    assert_int_equal(got, 0);
    got = 99;
    assert_ok(fs_read_at(file, 12, buf, sizeof buf, &got, &f->err), &f->err);
    assert_int_equal(got, 0);
    got = 99;
    assert_ok(fs_read_at(file, (uint64_t)1 << 33, buf, sizeof buf, &got, &f->err), &f->err);
    assert_int_equal(got, 0);
    assert_ok(fs_close(file, &f->err), &f->err);
    assert_true(fs_close(NULL, NULL));
    mem_free(path);
}

static void a_read_only_file_is_not_written(void **state)
{
    Fixture *f = *state;
    char *path = fs_join(f->dir, "file");
    FsFile *file;

    test_write(path, "x");
    file = open_read(f, path);
    assert_fails(fs_write(file, "y", 1, &f->err), &f->err, EK_IO, says("could not write \"%s\"", path));
    assert_ok(fs_close(file, &f->err), &f->err);
    assert_text(test_read(path), "x");
    mem_free(path);
}

static void creating_never_overwrites(void **state)
{
    Fixture *f = *state;
    char *path = fs_join(f->dir, "file");
    FsFile *file = NULL;

    test_write(path, "old");
    assert_fails(fs_create_new(path, &file, &f->err), &f->err, EK_IO, says("could not create \"%s\"", path));
    assert_null(file);
    assert_text(test_read(path), "old");
    mem_free(path);
}

static void what_is_appended_goes_behind(void **state)
{
    Fixture *f = *state;
    char *path = fs_join(f->dir, "file"), *gone = fs_join(f->dir, "gone");
    FsFile *file = create(f, path);
    uint64_t size = 0;

    assert_ok(fs_write(file, "one", 3, &f->err) && fs_close(file, &f->err), &f->err);
    assert_ok(fs_open_append(path, &file, &f->err), &f->err);
    assert_ok(fs_size(file, &size, &f->err), &f->err);
    assert_int_equal(size, 3);
    assert_ok(fs_write(file, ", two", 5, &f->err) && fs_write(file, "!", 1, &f->err), &f->err);
    assert_ok(fs_flush(file, &f->err) && fs_close(file, &f->err), &f->err);
    assert_text(test_read(path), "one, two!");
    assert_fails(fs_open_append(gone, &file, &f->err), &f->err, EK_NOT_FOUND, says("could not open \"%s\"", gone));
    assert_false(fs_exists(gone));
    mem_free(gone);
    mem_free(path);
}

static void what_is_not_there_is_not_found(void **state)
{
    Fixture *f = *state;
    char *path = fs_join(f->dir, "no such file");
    char *below = fs_join(path, "deeper");
    const char *paths[] = {path, below};
    FsFile *file = NULL;
    FsInfo info = {.size = 77};
    uint64_t bytes = 77;

    for (size_t i = 0; i < TEST_COUNT(paths); i++) {
        assert_fails(fs_open_read(paths[i], &file, &f->err), &f->err, EK_NOT_FOUND,
                     says("could not open \"%s\"", paths[i]));
        assert_fails(fs_stat(paths[i], &info, &f->err), &f->err, EK_NOT_FOUND,
                     says("could not look at \"%s\"", paths[i]));
        assert_fails(fs_free_space(paths[i], &bytes, &f->err), &f->err, EK_NOT_FOUND,
                     says("could not read the free space of \"%s\"", paths[i]));
        assert_fails(fs_list(paths[i], test_count_entry, &(size_t){0}, &f->err), &f->err, EK_NOT_FOUND,
                     says("could not list the folder \"%s\"", paths[i]));
        assert_false(fs_exists(paths[i]));
        assert_ok(fs_remove(paths[i], &f->err), &f->err);
        assert_ok(fs_remove_tree(paths[0], &f->err), &f->err);
    }
    assert_fails(fs_create_new(below, &file, &f->err), &f->err, EK_NOT_FOUND, says("could not create \"%s\"", below));
    assert_null(file);
    assert_int_equal(info.size, 77);
    assert_int_equal(bytes, 77);
    mem_free(below);
    mem_free(path);
}

static void the_error_names_the_systems_code(void **state)
{
    Fixture *f = *state;
    char *path = fs_join(f->dir, "nothing");
    FsFile *file = NULL;

    assert_false(fs_open_read(path, &file, &f->err));
    assert_int_equal(f->err.os_code, 2); /* ENOENT and ERROR_FILE_NOT_FOUND */
    assert_non_null(strstr(f->err.detail, "(error 2)"));
    mem_free(path);
}

static void others_may_read_while_a_file_is_written(void **state)
{
    Fixture *f = *state;
    char *path = fs_join(f->dir, "growing");
    FsFile *writer = create(f, path);
    FsFile *reader;
    char buf[8];
    size_t got = 0;

    assert_ok(fs_write(writer, "abc", 3, &f->err), &f->err);
    reader = open_read(f, path);
    assert_ok(fs_read(reader, buf, sizeof buf, &got, &f->err), &f->err);
    assert_int_equal(got, 3);
    assert_ok(fs_write(writer, "d", 1, &f->err), &f->err);
    assert_ok(fs_read(reader, buf, sizeof buf, &got, &f->err), &f->err);
    assert_int_equal(got, 1);
    assert_ok(fs_close(reader, &f->err), &f->err);
    assert_ok(fs_close(writer, &f->err), &f->err);
    mem_free(path);
}

static void stat_tells_size_time_and_kind(void **state)
{
    Fixture *f = *state;
    char *path = fs_join(f->dir, "file");
    FsInfo info;

    test_write(path, "12345");
    assert_ok(fs_stat(path, &info, &f->err), &f->err);
    assert_int_equal(info.size, 5);
    assert_false(info.is_dir);
    assert_false(info.is_offline);
    assert_true(llabs((long long)(clock_now() - info.modified)) < 3600);
    assert_ok(fs_stat(f->dir, &info, &f->err), &f->err);
    assert_true(info.is_dir);
    assert_int_equal(info.size, 0);
    mem_free(path);
}

/* --- names --------------------------------------------------------------------------------------------- */

static void hostile_names_work(void **state)
{
    static const char *const names[] = {"Gr" U_UMLAUT "n",      HAN HAN " " HAN,   "two  words",  "100% %PATH%",
                                        "it's; rm -rf & (x) ^", "a.b.c.backup",    "\xf0\x9f\x94\xa7", "#~=+,[]{}@!$",
                                        "cmms_backup_20260119_143052.backup.partial"};
    Fixture *f = *state;

    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        char *dir = fs_join(f->dir, names[i]);
        char *path = fs_join(dir, names[i]);

        assert_ok(fs_make_dirs(dir, &f->err), &f->err);
        test_write(path, names[i]);
        assert_text(test_read(path), names[i]);
        assert_int_equal(test_dir_count(dir), 1);
        mem_free(path);
        mem_free(dir);
    }
    assert_int_equal(test_dir_count(f->dir), TEST_COUNT(names));
}

static void an_empty_name_is_refused(void **state)
{
    Fixture *f = *state;
    FsFile *file = NULL;
    FsInfo info;

    assert_false(fs_open_read("", &file, &f->err));
    assert_int_equal(f->err.kind, EK_NOT_FOUND);
    error_clear(&f->err);
    assert_false(fs_stat("", &info, &f->err));
    assert_int_equal(f->err.kind, EK_NOT_FOUND);
    assert_null(file);
}

static bool copy_name(void *context, const char *name, const FsInfo *info)
{
    (void)info;
    return strbuf_addstr(context, name);
}

static void paths_may_be_longer_than_260_characters(void **state)
{
    static const char part[] = "a folder with a long name and " U_UMLAUT " and " HAN ", forty more to come";
    Fixture *f = *state;
    char *deep = mem_strdup(f->dir);
    char *file, *other, *lock_path;
    FsLock *lock = NULL;
    FsFile *handle = NULL;
    uint64_t space = 0;
    StrBuf names;

    for (size_t i = 0; i < 12; i++) {
        char *next = fs_join(deep, part);

        mem_free(deep);
        deep = next;
    }
    assert_true(strlen(deep) > 700);
    file = fs_join(deep, "file");
    other = fs_join(deep, "other");
    lock_path = fs_join(deep, "lock");
    assert_ok(fs_make_dirs(deep, &f->err), &f->err);
    assert_ok(fs_make_dirs(deep, &f->err), &f->err);
    test_write(file, "deep");
    assert_text(test_read(file), "deep");
    assert_ok(fs_rename(file, other, false, &f->err), &f->err);
    assert_false(fs_exists(file));
    assert_true(fs_exists(other));
    strbuf_init(&names, STRBUF_SMALL);
    assert_ok(fs_list(deep, copy_name, &names, &f->err), &f->err);
    assert_string_equal(names.buf, "other");
    strbuf_release(&names);
    assert_ok(fs_free_space(deep, &space, &f->err), &f->err);
    assert_ok(fs_dir_writable(deep, &f->err), &f->err);
    assert_ok(fs_lock(lock_path, &lock, &f->err), &f->err);
    fs_unlock(lock);
    assert_ok(fs_remove(other, &f->err), &f->err);
    assert_fails(fs_open_read(other, &handle, &f->err), &f->err, EK_NOT_FOUND, says("could not open \"%s\"", other));
    mem_free(lock_path);
    mem_free(other);
    mem_free(file);
    mem_free(deep);
}

static void folders_are_made_with_their_parents(void **state)
{
    Fixture *f = *state;
    char *deep = mem_printf("%s/a/b/c", f->dir);
    char *trailing = mem_printf("%s/d/e/", f->dir);
    char *file = fs_join(f->dir, "file");
    char *below = fs_join(file, "x");
    FsInfo info;

    assert_ok(fs_make_dirs(deep, &f->err), &f->err);
    assert_ok(fs_make_dirs(deep, &f->err), &f->err);
    assert_ok(fs_stat(deep, &info, &f->err), &f->err);
    assert_true(info.is_dir);
    assert_ok(fs_make_dirs(trailing, &f->err), &f->err);
    assert_true(fs_exists(trailing));
    test_write(file, "in the way");
    assert_fails(fs_make_dirs(file, &f->err), &f->err, EK_IO, says("could not make the folder \"%s\"", file));
    assert_false(fs_make_dirs(below, &f->err));
    assert_int_equal(f->err.kind, EK_IO);
    mem_free(below);
    mem_free(file);
    mem_free(trailing);
    mem_free(deep);
}

static bool stop_at_first(void *context, const char *name, const FsInfo *info)
{
    (void)name;
    (void)info;
    (*(size_t *)context)++;
    return false;
}

static bool add_entry(void *context, const char *name, const FsInfo *info)
{
    /* In no order: so each name sets a bit. */
    *(unsigned *)context |= strcmp(name, "dir") == 0 && info->is_dir ? 1u
                            : strcmp(name, "Gr" U_UMLAUT "n") == 0 && !info->is_dir && info->size == 3 ? 2u
                                                                                                      : 4u;
    return true;
}

static void a_folder_is_listed(void **state)
{
    Fixture *f = *state;
    char *dir = fs_join(f->dir, "dir");
    char *file = fs_join(f->dir, "Gr" U_UMLAUT "n");
    unsigned seen = 0;
    size_t count = 0;

    assert_int_equal(test_dir_count(f->dir), 0);
    assert_ok(fs_make_dirs(dir, &f->err), &f->err);
    test_write(file, "abc");
    assert_ok(fs_list(f->dir, add_entry, &seen, &f->err), &f->err);
    assert_int_equal(seen, 3);
    assert_ok(fs_list(f->dir, stop_at_first, &count, &f->err), &f->err);
    assert_int_equal(count, 1);
    mem_free(file);
    mem_free(dir);
}

static void files_are_removed(void **state)
{
    Fixture *f = *state;
    char *file = fs_join(f->dir, "file");
    char *dir = fs_join(f->dir, "dir");

    test_write(file, "x");
    assert_ok(fs_remove(file, &f->err), &f->err);
    assert_false(fs_exists(file));
    assert_ok(fs_remove(file, &f->err), &f->err);
    assert_ok(fs_make_dirs(dir, &f->err), &f->err);
    assert_fails(fs_remove(dir, &f->err), &f->err, EK_IO, says("could not remove \"%s\"", dir));
    assert_true(fs_exists(dir));
    mem_free(dir);
    mem_free(file);
}

static void a_tree_is_removed(void **state)
{
    Fixture *f = *state;
    char *top = fs_join(f->dir, "top");

    for (unsigned i = 0; i < 5; i++) {
        char *dir = mem_printf("%s/d%u/" HAN "/e", top, i);
        char *file = fs_join(dir, "file");

        assert_ok(fs_make_dirs(dir, &f->err), &f->err);
        test_write(file, "x");
        mem_free(file);
        mem_free(dir);
    }
    assert_ok(fs_remove_tree(top, &f->err), &f->err);
    assert_false(fs_exists(top));
    assert_ok(fs_remove_tree(top, &f->err), &f->err);
    assert_int_equal(test_dir_count(f->dir), 0);
    mem_free(top);
}

static void renaming_replaces_only_when_told(void **state)
{
    Fixture *f = *state;
    char *from = fs_join(f->dir, "from");
    char *to = fs_join(f->dir, "to " HAN);
    char *message = mem_printf("could not rename \"%s\" to \"%s\"", from, to);

    assert_fails(fs_rename(from, to, true, &f->err), &f->err, EK_NOT_FOUND, message);
    test_write(from, "new");
    test_write(to, "old");
    assert_fails(fs_rename(from, to, false, &f->err), &f->err, EK_IO, message);
    assert_text(test_read(from), "new");
    assert_text(test_read(to), "old");
    assert_ok(fs_rename(from, to, true, &f->err), &f->err);
    assert_false(fs_exists(from));
    assert_text(test_read(to), "new");
    assert_ok(fs_rename(to, from, false, &f->err), &f->err);
    assert_text(test_read(from), "new");
    assert_int_equal(test_dir_count(f->dir), 1);
    mem_free(message);
    mem_free(to);
    mem_free(from);
}

#ifdef _WIN32
typedef struct Holder {
    FsFile *file;
    Cancel *stop;
} Holder;

static void let_go_after_a_while(void *argument)
{
    Holder *holder = argument;

    cancel_wait(holder->stop, 300);
    fs_close(holder->file, NULL);
}

/* As a virus scanner does it: a file that is being made shares no renaming. */
static void renaming_waits_for_a_file_that_is_held_open(void **state)
{
    Fixture *f = *state;
    char *from = fs_join(f->dir, "from");
    char *to = fs_join(f->dir, "to");
    Holder holder = {create(f, from), cancel_new()};
    Thread *thread = thread_start(let_go_after_a_while, &holder);

    assert_ok(fs_rename(from, to, true, &f->err), &f->err);
    thread_join(thread);
    assert_true(fs_exists(to));
    cancel_free(holder.stop);
    mem_free(to);
    mem_free(from);
}

/* Else a scanner that looks at the file of fs_dir_writable would send the backups to another folder. */
static void removing_waits_for_a_file_that_is_held_open(void **state)
{
    Fixture *f = *state;
    char *path = fs_join(f->dir, "held");
    Holder holder = {create(f, path), cancel_new()};
    Thread *thread = thread_start(let_go_after_a_while, &holder);

    assert_ok(fs_remove(path, &f->err), &f->err);
    thread_join(thread);
    assert_false(fs_exists(path));
    cancel_free(holder.stop);
    mem_free(path);
}

/* A drive or a share that is not there says nothing of what it holds: only of a folder that is there can it be said
 * that it lacks a file. */
static void what_cannot_be_reached_is_not_missing(void **state)
{
    static const char *const away[] = {"Q:\\file", "Q:\\dir\\file", "\\\\nohost.invalid\\share\\file",
                                       "\\\\nohost.invalid\\share\\dir\\file", "\\\\?\\Q:\\dir\\file"};
    Fixture *f = *state;
    char *nowhere = fs_join(f->dir, "nowhere\\dir\\file"), *relative = mem_strdup("nowhere\\dir\\file");
    const char *const missing[] = {nowhere, relative};
    FsFile *file = NULL;
    FsInfo info;

    for (size_t i = 0; i < TEST_COUNT(away) + TEST_COUNT(missing); i++) {
        const bool is_away = i < TEST_COUNT(away);
        const char *path = is_away ? away[i] : missing[i - TEST_COUNT(away)];
        const ErrorKind kind = is_away ? EK_IO : EK_NOT_FOUND;
        bool removed;

        assert_false(fs_open_read(path, &file, &f->err));
        if (f->err.kind != kind)
            print_error("%s: %s\n", path, f->err.detail);
        assert_int_equal(f->err.kind, kind);
        error_clear(&f->err);
        assert_false(fs_stat(path, &info, &f->err));
        assert_int_equal(f->err.kind, kind);
        error_clear(&f->err);
        removed = fs_remove(path, &f->err);
        assert_int_equal(removed, !is_away);
        error_clear(&f->err);
    }
    mem_free(relative);
    mem_free(nowhere);
}

static void close_after_a_while(void *argument)
{
    cancel_wait(NULL, 300);
    fclose(argument);
}

/* Shut for everybody else. */
static FILE *open_alone(const char *path)
{
    wchar_t *wide = test_widen(path);
    FILE *file = _wfsopen(wide, L"r", _SH_DENYRW);

    mem_free(wide);
    assert_non_null(file);
    return file;
}

/* As in the moment in which a file is replaced. */
static void reading_waits_for_a_file_that_may_not_be_opened(void **state)
{
    Fixture *f = *state;
    char *path = fs_join(f->dir, "held");
    FsFile *file = create(f, path);

    fs_close(file, NULL);
    FILE *held = open_alone(path);
    Thread *thread = thread_start(close_after_a_while, held);
    assert_ok(fs_open_read(path, &file, &f->err), &f->err);
    thread_join(thread);
    fs_close(file, NULL);
    /* One that stays shut is given up in words. */
    held = open_alone(path);
    assert_false(fs_open_read(path, &file, &f->err));
    assert_int_equal(f->err.os_code, 32);
    error_clear(&f->err);
    fclose(held);
    mem_free(path);
}

static void renaming_gives_up_in_words(void **state)
{
    Fixture *f = *state;
    char *from = fs_join(f->dir, "from");
    char *to = fs_join(f->dir, "to");
    char *message = mem_printf("could not rename \"%s\" to \"%s\"", from, to);
    FsFile *held = create(f, from);

    assert_false(fs_rename(from, to, true, &f->err));
    assert_int_equal(f->err.os_code, 32);
    assert_string_equal(f->err.hint, "Another program, such as a virus scanner or a sync client, holds the file open, "
                                     "or you may not write in this folder. Close that program and try again.");
    assert_error(&f->err, EK_IO, message);
    assert_true(fs_exists(from));
    assert_false(fs_exists(to));
    fs_close(held, NULL);
    mem_free(message);
    mem_free(to);
    mem_free(from);
}

static void both_separators_and_the_long_prefix_work(void **state)
{
    Fixture *f = *state;
    char *mixed = mem_printf("%s/a\\b/c", f->dir);
    char *plain = mem_printf("%s\\a\\b\\c", f->dir);
    char *prefixed = mem_printf("\\\\?\\%s", plain);

    assert_ok(fs_make_dirs(mixed, &f->err), &f->err);
    assert_true(fs_exists(plain));
    assert_true(fs_exists(prefixed));
    mem_free(prefixed);
    mem_free(plain);
    mem_free(mixed);
}

static void a_name_that_is_not_utf8_is_refused(void **state)
{
    Fixture *f = *state;
    FsFile *file = NULL;

    assert_fails(fs_open_read("C:\\bad \xff", &file, &f->err), &f->err, EK_IO,
                 "the name of a file or folder is not valid UTF-8");
}
#endif

static void free_space_is_told(void **state)
{
    Fixture *f = *state;
    uint64_t bytes = 0;

    assert_ok(fs_free_space(f->dir, &bytes, &f->err), &f->err);
    assert_true(bytes > 0);
}

/* --- locks --------------------------------------------------------------------------------------------- */

static void a_lock_keeps_others_out(void **state)
{
    Fixture *f = *state;
    char *path = fs_join(f->dir, ".lock " U_UMLAUT), *nowhere = fs_join(f->dir, "no such folder/.lock");
    FsLock *first = NULL;
    FsLock *second = NULL;

    assert_ok(fs_lock(path, &first, &f->err), &f->err);
    assert_fails(fs_lock(path, &second, &f->err), &f->err, EK_BUSY, says("\"%s\" is locked by another job", path));
    assert_null(second);
    fs_unlock(first);
    assert_true(fs_exists(path)); /* it stays, and is no reason to refuse */
    assert_ok(fs_lock(path, &second, &f->err), &f->err);
    fs_unlock(second);
    fs_unlock(NULL);
    assert_false(fs_lock(nowhere, &first, &f->err));
    assert_int_equal(f->err.kind, EK_NOT_FOUND);
    mem_free(nowhere);
    mem_free(path);
}

static void a_lock_file_that_a_crash_left_is_no_reason_to_refuse(void **state)
{
    Fixture *f = *state;
    char *path = fs_join(f->dir, "lock");
    FsLock *lock = NULL;

    test_write(path, "left behind");
    assert_ok(fs_lock(path, &lock, &f->err), &f->err);
    assert_text(test_read(path), "left behind"); /* readable while locked, and kept */
    fs_unlock(lock);
    mem_free(path);
}

/* --- portable ------------------------------------------------------------------------------------------ */

static void reading_all_has_a_cap(void **state)
{
    Fixture *f = *state;
    char *path = fs_join(f->dir, "file");
    StrBuf sb;

    test_write(path, "0123456789");
    strbuf_init(&sb, STRBUF_SMALL);
    strbuf_addstr(&sb, "before ");
    assert_ok(fs_read_all(path, 10, &sb, &f->err), &f->err);
    assert_string_equal(sb.buf, "before 0123456789");
    assert_fails(fs_read_all(path, 9, &sb, &f->err), &f->err, EK_DAMAGED,
                 says("\"%s\" is larger than such a file can be", path));
    assert_string_equal(sb.buf, "before 0123456789");
    strbuf_release(&sb);
    mem_free(path);
}

static void writing_atomically_replaces_and_leaves_nothing(void **state)
{
    Fixture *f = *state;
    char *path = fs_join(f->dir, "settings " HAN);
    char *missing = mem_printf("%s/no/such/dir/file", f->dir);
    char *dir = fs_join(f->dir, "dir");

    test_write(path, "old and longer");
    test_write(path, "new");
    assert_text(test_read(path), "new");
    test_write_bytes(path, "a\0b", 3);
    assert_int_equal(test_dir_count(f->dir), 1);
    assert_false(fs_write_atomic(missing, "x", 1, &f->err));
    assert_int_equal(f->err.kind, EK_NOT_FOUND);
    error_clear(&f->err);
    /* The target cannot be replaced: the temporary file goes as well. */
    assert_ok(fs_make_dirs(dir, &f->err), &f->err);
    assert_false(fs_write_atomic(dir, "x", 1, &f->err));
    assert_int_equal(f->err.kind, EK_IO);
    assert_int_equal(test_dir_count(f->dir), 2);
    mem_free(dir);
    mem_free(missing);
    mem_free(path);
}

#ifndef _WIN32
/* On Windows it is a list of rights, which Wine does not keep. */
static void writing_atomically_keeps_the_rights(void **state)
{
    static const mode_t modes[] = {0640, 0604, 0600, 0444};
    Fixture *f = *state;
    char *path = fs_join(f->dir, "settings");
    struct stat st;

    test_write(path, "old");
    for (size_t i = 0; i < TEST_COUNT(modes); i++) {
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_ok(fs_write_atomic(path, "new", 3, &f->err), &f->err);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, modes[i]);
    }
    mem_free(path);
}
#endif

static void a_writable_folder_is_told_from_others(void **state)
{
    Fixture *f = *state;
    char *missing = fs_join(f->dir, "missing");

    assert_ok(fs_dir_writable(f->dir, &f->err), &f->err);
    assert_int_equal(test_dir_count(f->dir), 0);
    assert_fails(fs_dir_writable(missing, &f->err), &f->err, EK_NOT_FOUND,
                 says("the folder \"%s\" cannot be written to", missing));
    mem_free(missing);
}

static void a_private_folder_is_ours(void **state)
{
    Fixture *f = *state;
    char *parent = fs_join(f->dir, "a");
    char *path = fs_join(parent, "b");
    char *file = fs_join(path, "file");

    assert_ok(fs_make_private_dir(path, &f->err), &f->err);
    assert_ok(fs_make_private_dir(path, &f->err), &f->err); /* it is there */
    assert_true(fs_dir_is_ours(path));
    assert_ok(fs_dir_may_write(path, &f->err), &f->err);
    assert_int_equal(test_dir_count(path), 0);
    test_write(file, "ours");
    assert_text(test_read(file), "ours");
    assert_false(fs_dir_is_ours("nowhere"));
    assert_false(fs_dir_may_write("nowhere", &f->err));
    assert_int_equal(f->err.kind, EK_NOT_FOUND);
    error_clear(&f->err);
    mem_free(file);
    mem_free(path);
    mem_free(parent);
}

static void paths_are_taken_apart(void **state)
{
    static const struct {
        const char *path;
        const char *dir;
        const char *base;
    } table[] = {
        {"file", ".", "file"},
        {"a/b", "a", "b"},
        {"/a/b/c", "/a/b", "c"},
        {"/c", "/", "c"},
        {"a/", "a", ""},
        {"Gr" U_UMLAUT "n/" HAN, "Gr" U_UMLAUT "n", HAN},
#ifdef _WIN32
        {"C:\\dir\\file", "C:\\dir", "file"},
        {"C:\\file", "C:\\", "file"},
        {"C:file", "C:", "file"},
        {"C:/dir\\sub/file", "C:/dir\\sub", "file"},
        {"\\\\server\\share\\file", "\\\\server\\share", "file"},
#endif
    };

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(table); i++) {
        assert_text(fs_dir_name(table[i].path), table[i].dir);
        assert_string_equal(fs_base_name(table[i].path), table[i].base);
    }
}

static void paths_are_joined(void **state)
{
    static const struct {
        const char *dir;
        const char *name;
        const char *path;
    } table[] = {
        {"", "b", "b"},
        {"/", "b", "/b"},
        {"a/", "b", "a/b"},
#ifdef _WIN32
        {"a", "b", "a\\b"},
        {"C:\\", "b", "C:\\b"},
        {"C:", "b", "C:b"},
        {"a\\", "b", "a\\b"},
#else
        {"a", "b", "a/b"},
#endif
    };

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(table); i++)
        assert_text(fs_join(table[i].dir, table[i].name), table[i].path);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_is_written_is_read),
        TEST(a_read_only_file_is_not_written),
        TEST(creating_never_overwrites),
        TEST(what_is_appended_goes_behind), TEST(what_is_not_there_is_not_found),
        TEST(the_error_names_the_systems_code),
        TEST(others_may_read_while_a_file_is_written),
        TEST(stat_tells_size_time_and_kind),
        TEST(hostile_names_work),
        TEST(an_empty_name_is_refused),
        TEST(paths_may_be_longer_than_260_characters),
        TEST(folders_are_made_with_their_parents),
        TEST(a_folder_is_listed),
        TEST(files_are_removed),
        TEST(a_tree_is_removed),
        TEST(renaming_replaces_only_when_told),
#ifdef _WIN32
        TEST(renaming_waits_for_a_file_that_is_held_open),
        TEST(reading_waits_for_a_file_that_may_not_be_opened),
        TEST(removing_waits_for_a_file_that_is_held_open),
        TEST(renaming_gives_up_in_words),
        TEST(what_cannot_be_reached_is_not_missing),
        TEST(both_separators_and_the_long_prefix_work),
        TEST(a_name_that_is_not_utf8_is_refused),
#endif
        TEST(free_space_is_told),
        TEST(a_lock_keeps_others_out),
        TEST(a_lock_file_that_a_crash_left_is_no_reason_to_refuse),
        TEST(reading_all_has_a_cap),
        TEST(writing_atomically_replaces_and_leaves_nothing),
#ifndef _WIN32
        TEST(writing_atomically_keeps_the_rights),
#endif
        TEST(a_writable_folder_is_told_from_others),
        TEST(a_private_folder_is_ours),
        TEST(paths_are_taken_apart),
        TEST(paths_are_joined),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
