/*
 * fuzz_join.c: any bytes as a tar of pg_dump. What is made of one that is taken has a table of contents that the reader
 * of archives takes as well, with the same entries; its rows may still be wrong, which is that reader's to say.
 */
#include <stdlib.h>
#include <string.h>

#include "archive/archive_private.h"
#include "base/mem.h"
#include "base/strbuf.h"

#define MOST (4u * 1024u * 1024u) /* that is made: a little input may be packed very well */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

typedef struct Input {
    const uint8_t *bytes;
    size_t len, step;
} Input;

static bool read_input(void *context, uint64_t offset, void *buf, size_t len, size_t *got, Error *err)
{
    const Input *input = context;
    (void)err;
    const size_t left = offset < input->len ? input->len - (size_t)offset : 0;
    *got = left < len ? left : len;
    *got = *got > input->step ? input->step : *got;
    if (*got > 0) {
        memcpy(buf, input->bytes + offset, *got);
    }
    return true;
}

static bool keep(void *context, const void *bytes, size_t len, Error *err)
{
    StrBuf *made = context;
    if (made->len + len > MOST) {
        return error_set(err, EK_SPACE, "that is enough");
    }
    strbuf_add(made, bytes, len);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const size_t steps[] = {1, 100, 512, 4096, 65536};
    const Input input = {bytes, len, steps[len % (sizeof steps / sizeof steps[0])]};
    Input tar_input = input;
    const ArchiveSource tar = {read_input, &tar_input, len};
    StrBuf made;
    strbuf_init(&made, MOST + 1);
    ArchiveJoin join = {.write = keep, .context = &made};
    Error err = ERROR_INIT;
    const bool ok = archive_join_tar(&tar, &join, &err);
    if (ok != (err.kind == EK_NONE) || (!ok && err.kind != EK_DAMAGED && err.kind != EK_TOOL &&
                                        err.kind != EK_FOREIGN && err.kind != EK_SPACE)) {
        abort();
    }
    if (ok) {
        Input again = {(const uint8_t *)made.buf, made.len, made.len};
        const ArchiveSource source = {read_input, &again, made.len};
        Archive archive;
        archive_init(&archive);
        if (!archive_read_toc_source(&source, &archive, NULL) || archive.compression != ARCHIVE_NONE) {
            abort();
        }
        archive_read_source(&source, &archive, NULL, NULL);
        archive_release(&archive);
    }
    error_clear(&err);
    strbuf_release(&made);
    return 0;
}
