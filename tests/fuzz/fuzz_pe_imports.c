/* fuzz_pe_imports.c: any bytes as a Windows program of which the imports are asked. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf.h"
#include "postgres/pe_imports.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    PeImports imports;
    Error err = ERROR_INIT;
    pe_imports_init(&imports);
    const bool ok = pe_imports_parse(bytes, len, &imports, &err);
    if (ok != (err.kind == EK_NONE) || (!ok && imports.count > 0)) {
        abort();
    }
    for (size_t i = 0; i < imports.count; i++) {
        if (!utf8_valid(imports.names[i], strlen(imports.names[i]))) {
            abort();
        }
    }
    error_clear(&err);
    pe_imports_release(&imports);
    return 0;
}
