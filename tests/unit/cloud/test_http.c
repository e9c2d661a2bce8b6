/*
 * Against a server of our own on loopback: a thread that takes one connection after the other, reads one request
 * and sends an answer by the request's path. Plain http, which is for loopback only; TLS is tried end to end.
 */
#include "test_util.h"

#include "cloud/http.h"
#include "platform/cancel.h"
#include "platform/thread.h"
#include "test_env.h"

#ifdef _WIN32
#include <winsock2.h>
#include <ws2tcpip.h>
typedef SOCKET Socket;
typedef int SendLen;
#define close_socket closesocket
#else
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
typedef int Socket;
typedef size_t SendLen;
#define INVALID_SOCKET (-1)
#define close_socket close
#endif

typedef struct Server {
    Socket listener;
    unsigned port;
    Thread *thread;
    Mutex *mutex;
    StrBuf request; /* the last one; under mutex */
    Cancel *cancel; /* requested by the answer to /hang */
} Server;

static void send_text(Socket socket, const char *text)
{
    send(socket, text, (SendLen)strlen(text), 0);
}

/* One request, whole: head and, by Content-Length, body. */
static bool receive(Socket socket, StrBuf *request)
{
    size_t wanted = 0;
    for (;;) {
        char piece[4096];
        const long got = (long)recv(socket, piece, sizeof piece, 0);
        if (got <= 0 || !strbuf_add(request, piece, (size_t)got)) {
            return false;
        }
        const char *end = strstr(request->buf, "\r\n\r\n");
        if (end != NULL && wanted == 0) {
            const char *length = strstr(request->buf, "Content-Length: ");
            wanted = (size_t)(end + 4 - request->buf) + (length == NULL ? 0 : (size_t)strtoul(length + 16, NULL, 10));
        }
        if (wanted > 0 && request->len >= wanted) {
            return true;
        }
    }
}

static void answer(Server *server, Socket socket, const char *request)
{
    const char *path = strchr(request, '/');
    if (strncmp(path, "/plain", 6) == 0) {
        send_text(socket, "HTTP/1.1 200 OK\r\nX-Kind: first\r\nContent-Length: 5\r\nx-kind:  second \r\n\r\nhello");
    } else if (strncmp(path, "/moved", 6) == 0) {
        send_text(socket, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
    } else if (strncmp(path, "/interim", 8) == 0) {
        send_text(socket, "HTTP/1.1 100 Continue\r\nX-Kind: interim\r\n\r\nHTTP/1.1 202 Accepted\r\n"
                          "Content-Length: 0\r\n\r\n");
    } else if (strncmp(path, "/short", 6) == 0) {
        send_text(socket, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nnot all");
    } else if (strncmp(path, "/refused", 8) == 0) {
        send_text(socket, "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    } else if (strncmp(path, "/hang", 5) == 0) {
        cancel_request(server->cancel);
        char byte;
        while (recv(socket, &byte, 1, 0) > 0) { /* until the client goes */
        }
    } /* else: closed without an answer */
}

static void serve(void *argument)
{
    Server *server = argument;
    for (;;) {
        Socket socket = accept(server->listener, NULL, NULL);
        if (socket == INVALID_SOCKET) {
            return;
        }
        StrBuf request;
        strbuf_init(&request, STRBUF_LARGE);
        const bool whole = receive(socket, &request);
        const bool quit = whole && strncmp(request.buf, "QUIT ", 5) == 0;
        mutex_lock(server->mutex);
        strbuf_clear(&server->request);
        strbuf_add(&server->request, request.buf, request.len);
        mutex_unlock(server->mutex);
        if (whole && !quit) {
            answer(server, socket, request.buf);
        }
        strbuf_release(&request);
        close_socket(socket);
        if (quit) {
            return;
        }
    }
}

static int start_server(void **state)
{
    Http *http = http_new(); /* starts Winsock for us as well */
    Server *server = mem_alloc(sizeof *server);
    struct sockaddr_in address = {0};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t len = sizeof address;
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    if (server->listener == INVALID_SOCKET ||
        bind(server->listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(server->listener, 5) != 0 || getsockname(server->listener, (struct sockaddr *)&address, &len) != 0) {
        return -1;
    }
    server->port = ntohs(address.sin_port);
    server->mutex = mutex_new();
    server->cancel = cancel_new();
    strbuf_init(&server->request, STRBUF_LARGE);
    server->thread = thread_start(serve, server);
    *state = server;
    http_free(http);
    return 0;
}

static bool ask(Server *server, const char *method, const char *path, const char *body, const Cancel *cancel,
                HttpResponse *response, Error *err)
{
    static const char *const headers[] = {"X-Ours: yes", NULL};
    Http *http = http_new();
    char *url = mem_printf("http://127.0.0.1:%u%s", server->port, path);
    const HttpRequest request = {method, url, headers, body, body == NULL ? 0 : strlen(body), 100, NULL, NULL, 0};
    const bool ok = http_request(http, &request, cancel, response, err);
    mem_free(url);
    http_free(http);
    return ok;
}

static int stop_server(void **state)
{
    Server *server = *state;
    HttpResponse response;
    http_response_init(&response);
    ask(server, "QUIT", "/", NULL, NULL, &response, NULL);
    http_response_release(&response);
    thread_join(server->thread);
    close_socket(server->listener);
    mutex_free(server->mutex);
    cancel_free(server->cancel);
    strbuf_release(&server->request);
    mem_free(server);
    return 0;
}

static void receives_an_answer(void **state)
{
    Server *server = *state;
    HttpResponse response;
    http_response_init(&response);
    Error err = ERROR_INIT;
    assert_ok(ask(server, "GET", "/plain", NULL, NULL, &response, &err), &err);
    assert_int_equal(response.status, 200);
    assert_string_equal(response.body.buf, "hello");
    assert_text(http_header(&response, "X-KIND"), "second");
    assert_null(http_header(&response, "X"));
    http_response_release(&response);
}

static void sends_a_body_and_headers(void **state)
{
    Server *server = *state;
    HttpResponse response;
    http_response_init(&response);
    Error err = ERROR_INIT;
    assert_ok(ask(server, "PUT", "/plain", "some bytes", NULL, &response, &err), &err);
    mutex_lock(server->mutex);
    char *request = mem_strdup(server->request.buf);
    mutex_unlock(server->mutex);
    assert_int_equal(strncmp(request, "PUT /plain HTTP/1.1\r\n", 21), 0);
    assert_non_null(strstr(request, "\r\nX-Ours: yes\r\n"));
    assert_non_null(strstr(request, "\r\nContent-Length: 10\r\n"));
    assert_null(strstr(request, "Content-Type"));
    assert_null(strstr(request, "Expect"));
    assert_non_null(strstr(request, "\r\n\r\nsome bytes"));
    mem_free(request);
    http_response_release(&response);
}

static void sends_an_empty_body_with_its_length(void **state)
{
    Server *server = *state;
    HttpResponse response;
    http_response_init(&response);
    Error err = ERROR_INIT;
    assert_ok(ask(server, "POST", "/plain", NULL, NULL, &response, &err), &err);
    mutex_lock(server->mutex);
    assert_non_null(strstr(server->request.buf, "\r\nContent-Length: 0\r\n"));
    mutex_unlock(server->mutex);
    http_response_release(&response);
}

static bool read_letters(void *context, uint64_t at, void *buf, size_t len, Error *err)
{
    for (size_t i = 0; i < len; i++) {
        ((char *)buf)[i] = (char)('a' + (at + i) % 26);
    }
    return *(const bool *)context || error_set(err, EK_IO, "the disk is gone");
}

static uint64_t most_sent;

static void note_sent(void *context, uint64_t bytes)
{
    (void)context;
    most_sent = bytes;
}

static void streams_a_body(void **state)
{
    Server *server = *state;
    HttpResponse response;
    http_response_init(&response);
    Http *http = http_new();
    char *url = mem_printf("http://127.0.0.1:%u/plain", server->port);
    bool readable = true;
    const HttpBody stream = {read_letters, note_sent, &readable, NULL};
    const HttpRequest request = {"PUT", url, NULL, NULL, 3000000, 100, &stream, NULL, 0};
    Error err = ERROR_INIT;
    assert_ok(http_request(http, &request, NULL, &response, &err), &err);
    assert_int_equal(most_sent, 3000000);
    mutex_lock(server->mutex);
    assert_non_null(strstr(server->request.buf, "\r\nContent-Length: 3000000\r\n"));
    assert_null(strstr(server->request.buf, "chunked"));
    const char *body = strstr(server->request.buf, "\r\n\r\n") + 4;
    for (size_t i = 0; i < 3000000; i++) {
        if (body[i] != (char)('a' + i % 26)) {
            fail_msg("byte %zu differs", i);
        }
    }
    mutex_unlock(server->mutex);
    readable = false;
    assert_fails(http_request(http, &request, NULL, &response, &err), &err, EK_IO, "the disk is gone");
    mem_free(url);
    http_free(http);
    http_response_release(&response);
}

static unsigned asked; /* how often it was asked what may go */

/* Every second time nothing. */
static size_t allow_some(void *context, size_t wanted)
{
    (void)context;
    return asked++ % 2 == 0 ? 0 : wanted < 70000 ? wanted : 70000;
}

static size_t allow_nothing(void *context, size_t wanted)
{
    Cancel *cancel = context;
    (void)wanted;
    if (++asked == 3) {
        cancel_request(cancel);
    }
    return 0;
}

static bool read_zeros(void *context, uint64_t at, void *buf, size_t len, Error *err)
{
    (void)context;
    (void)at;
    (void)err;
    memset(buf, '0', len);
    return true;
}

/* A sender that holds its stream back is asked again, and whoever stops it meanwhile is heard. */
static void a_stream_may_be_held_back(void **state)
{
    Server *server = *state;
    HttpResponse response;
    http_response_init(&response);
    Http *http = http_new();
    Cancel *cancel = cancel_new();
    char *url = mem_printf("http://127.0.0.1:%u/plain", server->port);
    bool readable = true;
    const HttpBody some = {read_letters, note_sent, &readable, allow_some};
    const HttpBody nothing = {read_zeros, NULL, cancel, allow_nothing};
    HttpRequest request = {"PUT", url, NULL, NULL, 700000, 100, &some, NULL, 0};
    Error err = ERROR_INIT;
    asked = 0;
    assert_ok(http_request(http, &request, NULL, &response, &err), &err);
    assert_int_equal(response.status, 200);
    assert_int_equal(most_sent, 700000);
    assert_true(asked >= 20);
    mutex_lock(server->mutex);
    assert_non_null(strstr(server->request.buf, "\r\nContent-Length: 700000\r\n"));
    assert_int_equal(strlen(strstr(server->request.buf, "\r\n\r\n") + 4), 700000);
    mutex_unlock(server->mutex);
    asked = 0;
    request.stream = &nothing;
    assert_fails(http_request(http, &request, cancel, &response, &err), &err, EK_CANCELLED, "stopped at your request");
    mem_free(url);
    cancel_free(cancel);
    http_free(http);
    http_response_release(&response);
}

typedef struct Taken {
    StrBuf bytes;
    long status;
    bool good;
} Taken;

static bool take(void *context, const HttpResponse *so_far, const void *bytes, size_t len, Error *err)
{
    Taken *taken = context;
    taken->status = so_far->status;
    char *kind = http_header(so_far, "X-Kind"); /* the headers are there before the body */
    strbuf_addf(&taken->bytes, "[%s]", kind == NULL ? "" : kind);
    mem_free(kind);
    strbuf_add(&taken->bytes, bytes, len);
    return taken->good || error_set(err, EK_SPACE, "the disk is full");
}

/* A good answer's body goes to the take, however large; that of another is in the response. */
static void takes_a_body(void **state)
{
    Server *server = *state;
    HttpResponse response;
    http_response_init(&response);
    Http *http = http_new();
    char *plain = mem_printf("http://127.0.0.1:%u/plain", server->port);
    char *refused = mem_printf("http://127.0.0.1:%u/refused", server->port);
    char *cut = mem_printf("http://127.0.0.1:%u/short", server->port);
    Taken taken = {.good = true};
    const HttpTake to = {take, &taken};
    Error err = ERROR_INIT;
    strbuf_init(&taken.bytes, STRBUF_SMALL);
    HttpRequest request = {.method = "GET", .url = plain, .max_response = 4, .take = &to};
    assert_ok(http_request(http, &request, NULL, &response, &err), &err);
    assert_int_equal(response.status, 200);
    assert_int_equal(taken.status, 200);
    assert_int_equal(response.body.len, 0);
    assert_string_equal(taken.bytes.buf, "[second]hello");
    strbuf_clear(&taken.bytes);
    request.url = cut; /* what came before the end has been taken */
    assert_fails(http_request(http, &request, NULL, &response, &err), &err, EK_CONNECT,
                 "the connection to 127.0.0.1 was lost");
    assert_string_equal(taken.bytes.buf, "[]not all");
    strbuf_clear(&taken.bytes);
    request.url = refused;
    assert_ok(http_request(http, &request, NULL, &response, &err), &err);
    assert_int_equal(response.status, 403);
    assert_string_equal(response.body.buf, "no");
    assert_int_equal(taken.bytes.len, 0);
    request.url = plain;
    taken.good = false;
    assert_fails(http_request(http, &request, NULL, &response, &err), &err, EK_SPACE, "the disk is full");
    strbuf_release(&taken.bytes);
    mem_free(cut);
    mem_free(refused);
    mem_free(plain);
    http_free(http);
    http_response_release(&response);
}

static void does_not_follow(void **state)
{
    Server *server = *state;
    HttpResponse response;
    http_response_init(&response);
    Error err = ERROR_INIT;
    assert_ok(ask(server, "GET", "/moved", NULL, NULL, &response, &err), &err);
    assert_int_equal(response.status, 302);
    assert_text(http_header(&response, "location"), "http://127.0.0.1:1/");
    http_response_release(&response);
}

static void forgets_interim_answers(void **state)
{
    Server *server = *state;
    HttpResponse response;
    http_response_init(&response);
    Error err = ERROR_INIT;
    assert_ok(ask(server, "GET", "/interim", NULL, NULL, &response, &err), &err);
    assert_int_equal(response.status, 202);
    assert_null(http_header(&response, "X-Kind"));
    http_response_release(&response);
}

static void caps_the_answer(void **state)
{
    Server *server = *state;
    HttpResponse response;
    http_response_init(&response);
    Http *http = http_new();
    char *url = mem_printf("http://127.0.0.1:%u/plain", server->port);
    const HttpRequest request = {"GET", url, NULL, NULL, 0, 4, NULL, NULL, 0};
    Error err = ERROR_INIT;
    assert_fails(http_request(http, &request, NULL, &response, &err), &err, EK_DAMAGED,
                 "the answer of 127.0.0.1 is too large");
    assert_int_equal(response.status, 0);
    mem_free(url);
    http_free(http);
    http_response_release(&response);
}

static void notices_a_lost_connection(void **state)
{
    Server *server = *state;
    HttpResponse response;
    http_response_init(&response);
    Error err = ERROR_INIT;
    assert_fails(ask(server, "GET", "/short", NULL, NULL, &response, &err), &err, EK_CONNECT,
                 "the connection to 127.0.0.1 was lost");
    assert_fails(ask(server, "GET", "/closed", NULL, NULL, &response, &err), &err, EK_CONNECT,
                 "the connection to 127.0.0.1 was lost");
    http_response_release(&response);
}

static void can_be_stopped(void **state)
{
    Server *server = *state;
    HttpResponse response;
    http_response_init(&response);
    Error err = ERROR_INIT;
    assert_fails(ask(server, "GET", "/hang", NULL, server->cancel, &response, &err), &err, EK_CANCELLED,
                 "stopped at your request");
    http_response_release(&response);
}

static void refuses_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *url, *message;
        ErrorKind kind;
    } cases[] = {
        {"http://example.org/x?secret=1", "the address of a request to example.org does not begin with https",
         EK_USAGE},
        {"http://localhost.example.org/", "the address of a request to localhost.example.org does not begin with https",
         EK_USAGE},
        {"http://127.example.org/", "the address of a request to 127.example.org does not begin with https", EK_USAGE},
        {"ftp://127.0.0.1/", "the address of a request to 127.0.0.1 does not begin with https", EK_USAGE},
        {"nonsense", "the address of a request is not valid", EK_USAGE},
        {"", "the address of a request is not valid", EK_USAGE},
        {"http://127.0.0.1:1/?secret=1", "nothing answers at 127.0.0.1", EK_CONNECT},
    };
    Http *http = http_new();
    HttpResponse response;
    http_response_init(&response);
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        const HttpRequest request = {"GET", cases[i].url, NULL, NULL, 0, 100, NULL, NULL, 0};
        Error err = ERROR_INIT;
        assert_false(http_request(http, &request, NULL, &response, &err));
        assert_true(err.detail == NULL || strstr(err.detail, "secret") == NULL);
        assert_error(&err, cases[i].kind, cases[i].message);
    }
    http_response_release(&response);
    http_free(http);
}

/* Whoever is away is named: not the one behind it, of whom nothing is known. */
static void a_proxy_that_is_away(void **state)
{
    (void)state;
    const HttpRequest request = {"GET", "https://contoso.example/", NULL, NULL, 0, 100, NULL, NULL, 0};
    Http *http = http_new();
    HttpResponse response;
    Error err = ERROR_INIT;
    http_response_init(&response);
    test_setenv("https_proxy", NULL);
    test_setenv("HTTPS_PROXY", NULL);
    test_setenv("all_proxy", NULL);
    test_setenv("ALL_PROXY", NULL);
    test_setenv("CMMS_PROXY", "127.0.0.1:1");
    assert_false(http_request(http, &request, NULL, &response, &err));
    test_setenv("CMMS_PROXY", NULL);
    assert_error(&err, EK_CONNECT, "nothing answers at 127.0.0.1:1, the proxy that leads to contoso.example");
    http_response_release(&response);
    http_free(http);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(receives_an_answer),
        cmocka_unit_test(sends_a_body_and_headers),
        cmocka_unit_test(sends_an_empty_body_with_its_length),
        cmocka_unit_test(streams_a_body),
        cmocka_unit_test(a_stream_may_be_held_back),
        cmocka_unit_test(takes_a_body),
        cmocka_unit_test(does_not_follow),
        cmocka_unit_test(forgets_interim_answers),
        cmocka_unit_test(caps_the_answer),
        cmocka_unit_test(notices_a_lost_connection),
        cmocka_unit_test(can_be_stopped),
        cmocka_unit_test(refuses_addresses),
        cmocka_unit_test(a_proxy_that_is_away)};
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
