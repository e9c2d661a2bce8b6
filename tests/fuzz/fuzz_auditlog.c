/* fuzz_auditlog.c: any bytes as backup_log.json. */
#undef NDEBUG /* the checks are the point, in every build */
#include <assert.h>
#include <stdint.h>

#include "store/auditlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    size_t entries = SIZE_MAX;
    Error err = ERROR_INIT;
    if (auditlog_check_text((const char *)bytes, len, &entries, &err)) {
        assert(err.kind == EK_NONE && entries <= len);
    } else {
        assert(err.kind == EK_DAMAGED && entries == SIZE_MAX);
    }
    error_clear(&err);
    return 0;
}
