#include "version.h"

#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <lz4.h>
#include <openssl/crypto.h>
#include <zlib.h>
#include <zstd.h>

#include "parts.h" /* written by the build: what the libraries were built from */
#include "base/strbuf.h"
#include "postgres/pg.h"

char *version_parts_text(void)
{
    StrBuf sb;
    strbuf_init(&sb, STRBUF_LINE);
    int pq = pg_library_version();
    strbuf_addf(&sb, "libpq %d.%d\n", pq / 10000, pq % 10000);
    strbuf_addf(&sb, "OpenSSL %s\n", OpenSSL_version(OPENSSL_VERSION_STRING));
    const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);
    strbuf_addf(&sb, "curl %s (%s)\n", curl->version, curl->ssl_version ? curl->ssl_version : "no TLS");
    strbuf_addf(&sb, "zlib %s\n", zlibVersion());
    strbuf_addf(&sb, "zstd %s\n", ZSTD_versionString());
    strbuf_addf(&sb, "lz4 %s\n", LZ4_versionString());
    strbuf_addf(&sb, "cJSON %s\n", cJSON_Version());
    for (size_t i = 0; version_parts[i]; i++) {
        strbuf_addf(&sb, "%s\n", version_parts[i]);
    }
    return strbuf_detach(&sb);
}
