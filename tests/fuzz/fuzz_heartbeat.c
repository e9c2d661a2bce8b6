/* fuzz_heartbeat.c: any bytes as a heartbeat, as the file of what was seen, and as a file of the place at a look. */
#undef NDEBUG /* the checks are the point, in every build */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "store/heartbeat.h"

#define NOW ((int64_t)1796040000)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* Whatever lies there: nobody lived later than now, and nobody's name could do harm. */
static void look(const char *bytes, size_t len, SeenComputers *seen)
{
    static const char file[] = "cmms_heartbeat_PC-07.json";
    SeenLook look;
    seen_begin(seen, "folder:x", NOW, &look);
    seen_file(&look, file, "tag", NOW - 60, bytes, len);
    seen_end(&look, NOW);
    const SeenComputer *computer = seen_find(seen, "PC-07");
    assert(computer == NULL || computer->damaged || computer->retired || computer->last <= NOW);
    char *text = seen_silent_text(seen, "PC-01", NULL, 0);
    for (const char *p = text; p != NULL && *p != '\0'; p++) {
        assert((unsigned char)*p >= 0x20 && (unsigned char)*p < 0x7F);
    }
    mem_free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const char *text = (const char *)bytes;
    SeenComputers seen;
    Heartbeat beat;
    Error err = ERROR_INIT;
    if (heartbeat_parse(text, len, "PC-07", &beat, &err)) {
        assert(err.kind == EK_NONE && strcmp(beat.computer, "PC-07") == 0);
        assert(beat.hours >= 0 && beat.hours <= 62 * 24 && beat.at >= 0 && beat.good >= 0);
        char *again = heartbeat_text(&beat);
        assert(heartbeat_parse(again, strlen(again), "PC-07", &beat, NULL));
        mem_free(again);
    } else {
        assert(err.kind == EK_DAMAGED);
    }
    error_clear(&err);
    seen_init(&seen);
    if (seen_parse(text, len, &seen)) {
        assert(seen.count <= HEARTBEAT_COMPUTERS);
        char *kept = seen_text(&seen);
        assert(seen_parse(kept, strlen(kept), &seen));
        mem_free(kept);
    }
    look(text, len, &seen);
    seen_release(&seen);
    return 0;
}
