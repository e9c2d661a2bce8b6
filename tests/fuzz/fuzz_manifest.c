/* fuzz_manifest.c: any bytes as a manifest. What is accepted must read back the same once it is written. */
#undef NDEBUG /* the checks are the point, in every build */
#include <assert.h>
#include <stdint.h>

#include "base/mem.h"
#include "store/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    Manifest manifest, again;
    Error err = ERROR_INIT;
    manifest_init(&manifest);
    manifest_init(&again);
    if (manifest_parse((const char *)bytes, len, &manifest, &err)) {
        char *text = manifest_text(&manifest);
        bool same = manifest_parse(text, strlen(text), &again, &err);
        assert(same);
        char *second = manifest_text(&again);
        assert(!strcmp(text, second));
        mem_free(second);
        mem_free(text);
    } else {
        assert((err.kind == EK_DAMAGED || err.kind == EK_TOOL) && manifest.file == NULL); /* or a newer version's */
    }
    error_clear(&err);
    manifest_release(&again);
    manifest_release(&manifest);
    return 0;
}
