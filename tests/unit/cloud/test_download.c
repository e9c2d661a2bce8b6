/* What of a download needs no server; the rest is e2e/test_download.py's. */
#include "test_util.h"

#include "cloud/download.h"

static void answers_that_fit(void **state)
{
    (void)state;
    static const struct {
        long status;
        const char *headers;
        uint64_t at;
        bool fits;
        uint64_t from;
    } rows[] = {
        {206, "Content-Range: bytes 7-9/10\r\n", 7, true, 7},
        {206, "content-range:bytes 0-9/10\r\n", 0, true, 0},
        {206, "Content-Range: bytes 6-9/10\r\n", 7, false, 0},
        {206, "Content-Range: bytes 7-10/11\r\n", 7, false, 0},
        {206, "Content-Range: bytes 7-9/*\r\n", 7, false, 0},
        {206, "Content-Range: bytes */10\r\n", 7, false, 0},
        {206, "Content-Range: bytes -3-9/10\r\n", 7, false, 0},
        {206, "Content-Range: bytes 0000000000000000000007-9/10\r\n", 7, false, 0},
        {206, "Content-Range: items 7-9/10\r\n", 7, false, 0},
        {206, "Content-Length: 10\r\n", 0, false, 0},
        {200, "Content-Length: 10\r\n", 0, true, 0},
        {200, "Content-Length: 10\r\n", 7, true, 0}, /* the Range was ignored */
        {200, "Content-Length: 11\r\n", 0, false, 0}, /* a page */
        {200, "Content-Type: text/html\r\n", 0, false, 0},
        {200, "Content-Length: 10 \r\n", 0, true, 0},
        {200, "Content-Length: ten\r\n", 0, false, 0},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        HttpResponse response;
        uint64_t from = 99;
        http_response_init(&response);
        response.status = rows[i].status;
        strbuf_addstr(&response.headers, rows[i].headers);
        assert_int_equal(download_fits(&response, rows[i].at, 10, &from), rows[i].fits);
        assert_int_equal(from, rows[i].fits ? rows[i].from : 99);
        http_response_release(&response);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers_that_fit)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
