/* fuzz_address.c: any bytes as a pasted link. What is taken is a SharePoint's or loopback's, and its path is clean. */
#undef NDEBUG /* the checks are the point, in every build */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf.h"
#include "cloud/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char *text = mem_strndup((const char *)bytes, len);
    CloudAddress address;
    Error err = ERROR_INIT;
    cloud_address_init(&address);
    if (cloud_address_parse(text, &address, &err)) {
        assert(cloud_is_sharepoint(address.host) || cloud_is_loopback(address.host));
        assert(strncmp(address.share, "u!", 2) == 0 && strpbrk(address.share, "+/=") == NULL);
        if (address.path != NULL) {
            const size_t path_len = strlen(address.path);
            StrBuf encoded;
            assert(utf8_valid(address.path, path_len) && cloud_path_length(address.path) <= CLOUD_PATH_MAX);
            assert(path_len == 0 || (address.path[0] == '/' && address.path[path_len - 1] != '/'));
            assert(strstr(address.path, "/../") == NULL && strstr(address.path, "//") == NULL);
            strbuf_init(&encoded, STRBUF_LINE);
            cloud_encode_path(&encoded, address.path);
            assert(strpbrk(encoded.buf, " ?#&'\\") == NULL);
            strbuf_release(&encoded);
        }
    } else {
        assert(err.kind == EK_USAGE && err.hint && !address.host && !address.path && !address.share);
    }
    error_clear(&err);
    (void)cloud_name_check(text, NULL);
    cloud_address_release(&address);
    mem_free(text);
    return 0;
}
