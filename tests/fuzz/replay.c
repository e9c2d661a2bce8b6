/*
 * replay.c: gives every file named, and every file in every folder named, to the fuzz target once, and prints how
 * many there were. Linked with each target where libFuzzer is not: so the corpus is part of the normal run.
 * Exits 1 when a file cannot be read or there was none.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "platform/fs.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

typedef struct Replay {
    const char *dir;
    size_t count;
    bool failed;
} Replay;

static void replay_file(Replay *replay, const char *path)
{
    StrBuf bytes;
    Error err = ERROR_INIT;
    strbuf_init(&bytes, STRBUF_LARGE);
    if (fs_read_all(path, STRBUF_LARGE, &bytes, &err)) {
        /* A copy of the exact size, so that reading beyond it is seen. */
        uint8_t *exact = mem_alloc(bytes.len);
        memcpy(exact, bytes.buf, bytes.len);
        LLVMFuzzerTestOneInput(exact, bytes.len);
        mem_free(exact);
        replay->count++;
    } else {
        char *text = error_text(&err);
        fprintf(stderr, "%s: %s\n", path, text);
        mem_free(text);
        error_clear(&err);
        replay->failed = true;
    }
    strbuf_release(&bytes);
}

static bool visit(void *context, const char *name, const FsInfo *info)
{
    Replay *replay = context;
    if (!info->is_dir) {
        char *path = fs_join(replay->dir, name);
        replay_file(replay, path);
        mem_free(path);
    }
    return true;
}

int main(int argc, char **argv)
{
    Replay replay = {.dir = NULL};
    for (int i = 1; i < argc; i++) {
        FsInfo info;
        Error err = ERROR_INIT;
        if (!fs_stat(argv[i], &info, &err)) {
            fprintf(stderr, "%s: %s\n", argv[i], err.message);
            error_clear(&err);
            replay.failed = true;
        } else if (!info.is_dir) {
            replay_file(&replay, argv[i]);
        } else {
            replay.dir = argv[i];
            if (!fs_list(argv[i], visit, &replay, &err)) {
                fprintf(stderr, "%s: %s\n", argv[i], err.message);
                error_clear(&err);
                replay.failed = true;
            }
        }
    }
    printf("%s %s: %zu inputs replayed\n", replay.failed || replay.count == 0 ? "not ok" : "ok",
           fs_base_name(argv[0]), replay.count);
    return replay.failed || replay.count == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
