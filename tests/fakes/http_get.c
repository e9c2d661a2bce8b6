/* http_get.c: http_get URL [CA-FILE]: one request by http.h. "STATUS BODY" on stdout, or the error on stderr. */
#include <stdio.h>

#include "base/mem.h"
#include "cloud/http.h"

int main(int argc, char **argv)
{
    Error err = ERROR_INIT;
    HttpResponse response;
    if (argc < 2) {
        return 2;
    }
    Http *http = http_new();
    const HttpRequest request = {.method = "GET", .url = argv[1], .max_response = 65536};
    http_response_init(&response);
    if (argc > 2) {
        http_set_ca_file(http, argv[2]);
    }
    const bool ok = http_request(http, &request, NULL, &response, &err);
    if (ok) {
        printf("%ld %s\n", response.status, response.body.buf);
    } else {
        char *text = error_text(&err);
        fprintf(stderr, "%s\n", text);
        mem_free(text);
    }
    const int code = ok ? 0 : error_exit_code(err.kind);
    http_response_release(&response);
    http_free(http);
    error_clear(&err);
    return code;
}
