#include "platform/loopback.h"

#include <winsock2.h>
#include <windows.h>

#include <objbase.h>
#include <shellapi.h>
#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "platform/clock.h"
#include "platform/wide.h"

#define HEAD_MAX 16384u
#define TARGET_MAX 8192u
#define SLICE_MS 100
#define CLIENT_MS 5000u /* a browser opens connections that it does not use */

struct Loopback {
    SOCKET socket;
};

bool loopback_open(Loopback **out, unsigned *port, Error *err)
{
    struct sockaddr_in address = {0};
    int len = sizeof address;
    SOCKET listener = INVALID_SOCKET;
    WSADATA data;
    int code;

    code = WSAStartup(MAKEWORD(2, 2), &data);
    if (code != 0)
        return error_set_os(err, EK_CONNECT, code, "no port of this computer could be opened for the sign-in");
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = WSASocketW(AF_INET, SOCK_STREAM, 0, NULL, 0, WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
    if (listener == INVALID_SOCKET || bind(listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 8) != 0 || getsockname(listener, (struct sockaddr *)&address, &len) != 0) {
        code = WSAGetLastError();
        if (listener != INVALID_SOCKET)
            closesocket(listener);
        WSACleanup();
        return error_set_os(err, EK_CONNECT, code, "no port of this computer could be opened for the sign-in");
    }
    *out = mem_alloc(sizeof **out);
    (*out)->socket = listener;
    *port = ntohs(address.sin_port);
    return true;
}

void loopback_close(Loopback *loopback)
{
    if (loopback != NULL) {
        closesocket(loopback->socket);
        WSACleanup();
        mem_free(loopback);
    }
}

/* Waits until there is something to read; false when it is time to end. */
static bool await(SOCKET fd, uint64_t until, const Cancel *cancel)
{
    while (!cancel_requested(cancel) && clock_monotonic_ms() < until) {
        WSAPOLLFD wait = {.fd = fd, .events = POLLRDNORM};
        if (WSAPoll(&wait, 1, SLICE_MS) > 0) {
            return true;
        }
    }
    return false;
}

static void answer(SOCKET client, const char *page)
{
    char *text = mem_printf("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %zu\r\n"
                            "Cache-Control: no-store\r\nConnection: close\r\n\r\n%s", strlen(page), page);
    (void)send(client, text, (int)strlen(text), 0);
    mem_free(text);
}

/* One connection. True when what was waited for has come. */
static bool talk(SOCKET client, uint64_t until, LoopbackAnswer (*on_request)(void *context, const char *target),
                 void *context, const Cancel *cancel)
{
    LoopbackAnswer given = {NULL, false};
    StrBuf head;
    strbuf_init(&head, HEAD_MAX);
    while (strstr(head.buf, "\r\n\r\n") == NULL && await(client, until, cancel)) {
        char piece[2048];
        const int got = recv(client, piece, sizeof piece, 0);
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
    while (await(loopback->socket, until, cancel)) {
        const SOCKET client = accept(loopback->socket, NULL, NULL);
        if (client != INVALID_SOCKET) {
            const bool done = talk(client, clock_monotonic_ms() + CLIENT_MS, on_request, context, cancel);
            shutdown(client, SD_SEND); /* the page goes out before the end */
            closesocket(client);
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

/* Called on a worker's thread: what the shell starts may need COM there, and what fails is no reason for a box. */
bool loopback_browse(const char *url)
{
    wchar_t *wide = NULL;
    bool ok = false;

    /* The shell starts whatever an address is for. */
    if (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://127.0.0.1:", 17) != 0)
        return false;
    if (wide_from_utf8_strict(url, &wide)) {
        const HRESULT com = CoInitializeEx(NULL, COINIT_APARTMENTTHREADED | COINIT_DISABLE_OLE1DDE);
        SHELLEXECUTEINFOW info = {.cbSize = sizeof info,
                                  .fMask = SEE_MASK_FLAG_NO_UI | SEE_MASK_NOASYNC,
                                  .lpVerb = L"open",
                                  .lpFile = wide,
                                  .nShow = SW_SHOWNORMAL};
        ok = ShellExecuteExW(&info) != 0;
        if (SUCCEEDED(com))
            CoUninitialize();
    }
    mem_free(wide);
    return ok;
}
