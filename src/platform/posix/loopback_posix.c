#include "platform/loopback.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "platform/clock.h"

#define HEAD_MAX 16384u
#define TARGET_MAX 8192u
#define SLICE_MS 100
#define CLIENT_MS 5000u /* a browser opens connections that it does not use */

struct Loopback {
    int fd;
};

bool loopback_open(Loopback **out, unsigned *port, Error *err)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 8) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        const int code = errno;
        if (fd >= 0) {
            close(fd);
        }
        return error_set_os(err, EK_CONNECT, code, "no port of this computer could be opened for the sign-in");
    }
    *out = mem_alloc(sizeof **out);
    (*out)->fd = fd;
    *port = ntohs(address.sin_port);
    return true;
}

void loopback_close(Loopback *loopback)
{
    if (loopback != NULL) {
        close(loopback->fd);
        mem_free(loopback);
    }
}

/* Waits until there is something to read; false when it is time to end. */
static bool await(int fd, uint64_t until, const Cancel *cancel)
{
    while (!cancel_requested(cancel) && clock_monotonic_ms() < until) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (poll(&wait, 1, SLICE_MS) > 0) {
            return true;
        }
    }
    return false;
}

static void answer(int client, const char *page)
{
    char *text = mem_printf("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %zu\r\n"
                            "Cache-Control: no-store\r\nConnection: close\r\n\r\n%s", strlen(page), page);
    (void)!send(client, text, strlen(text), MSG_NOSIGNAL);
    mem_free(text);
}

/* One connection. True when what was waited for has come. */
static bool talk(int client, uint64_t until, LoopbackAnswer (*on_request)(void *context, const char *target),
                 void *context, const Cancel *cancel)
{
    LoopbackAnswer given = {NULL, false};
    StrBuf head;
    strbuf_init(&head, HEAD_MAX);
    while (strstr(head.buf, "\r\n\r\n") == NULL && await(client, until, cancel)) {
        char piece[2048];
        const ssize_t got = recv(client, piece, sizeof piece, 0);
        if (got <= 0 || !strbuf_add(&head, piece, (size_t)got)) {
            break;
        }
    }
    if (strstr(head.buf, "\r\n\r\n") != NULL && strncmp(head.buf, "GET /", 5) == 0) {
        const size_t len = strcspn(head.buf + 4, " \r\n");
        if (len < TARGET_MAX) {
            char *target = mem_strndup(head.buf + 4, len);
            given = on_request(context, target);
            mem_free(target);
            answer(client, given.page);
        }
    }
    strbuf_release(&head);
    return given.done;
}

bool loopback_serve(Loopback *loopback, unsigned seconds,
                    LoopbackAnswer (*on_request)(void *context, const char *target), void *context,
                    const Cancel *cancel, Error *err)
{
    const uint64_t until = clock_monotonic_ms() + (uint64_t)seconds * 1000;
    while (await(loopback->fd, until, cancel)) {
        const int client = accept(loopback->fd, NULL, NULL);
        if (client >= 0) {
            const bool done = talk(client, clock_monotonic_ms() + CLIENT_MS, on_request, context, cancel);
            close(client);
            if (done) {
                return true;
            }
        }
    }
    if (cancel_requested(cancel)) {
        return error_set(err, EK_CANCELLED, "stopped at your request");
    }
    error_set(err, EK_CONNECT, "nobody came back from the sign-in in the browser");
    return error_hint(err, "Begin again, and finish the sign-in in the browser of this computer.");
}

bool loopback_browse(const char *url)
{
    (void)url;
    return false; /* the address is shown */
}
