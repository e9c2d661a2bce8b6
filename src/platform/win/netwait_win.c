/*
 * netwait_win.c: select() and GetAddrInfoW().
 *
 * Not WSAPoll: before Windows 10 2004 it does not report a connection that was refused. select tells that in
 * the third set.
 */
#include <winsock2.h>

#include <ws2tcpip.h>

#include "platform/netwait.h"

#include "base/mem.h"
#include "base/strbuf.h"
#include "platform/wide.h"

#define MOST_ADDRESSES 8

bool net_ready(intptr_t socket, unsigned want, unsigned ms)
{
    fd_set reads = {.fd_count = 0}, writes = {.fd_count = 0}, failures = {.fd_count = 0};
    const struct timeval limit = {.tv_sec = 0, .tv_usec = (long)ms * 1000};

    if ((want & NET_READ) != 0) {
        reads.fd_count = 1;
        reads.fd_array[0] = (SOCKET)socket;
    }
    if ((want & NET_WRITE) != 0) {
        writes.fd_count = 1;
        writes.fd_array[0] = (SOCKET)socket;
    }
    failures.fd_count = 1;
    failures.fd_array[0] = (SOCKET)socket;
    return select(0, &reads, &writes, &failures, &limit) != 0; /* also when it is not a socket any more */
}

/* Resolves, Winsock being there. */
static bool resolve(const wchar_t *host, char **text)
{
    const ADDRINFOW hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    ADDRINFOW *list = NULL;
    StrBuf addresses;
    int count = 0;
    const int code = GetAddrInfoW(host, NULL, &hints, &list);

    if (code != 0) {
        *text = code == WSATRY_AGAIN ? mem_strdup("temporary failure in name resolution")
                                     : mem_printf("Windows error %d", code);
        return false;
    }
    strbuf_init(&addresses, STRBUF_LINE);
    for (const ADDRINFOW *at = list; at != NULL && count < MOST_ADDRESSES; at = at->ai_next) {
        wchar_t number[NI_MAXHOST];

        if (GetNameInfoW(at->ai_addr, (socklen_t)at->ai_addrlen, number, NI_MAXHOST, NULL, 0, NI_NUMERICHOST) == 0) {
            char *utf8 = utf8_from_wide(number);

            strbuf_addf(&addresses, "%s%s", count++ > 0 ? "," : "", utf8);
            mem_free(utf8);
        }
    }
    FreeAddrInfoW(list);
    *text = count > 0 ? strbuf_detach(&addresses) : mem_strdup("the name has no address");
    strbuf_release(&addresses);
    return count > 0;
}

bool net_resolve(const char *host, char **text)
{
    WSADATA data;
    wchar_t *wide = NULL;
    bool found = false;

    if (!wide_from_utf8_strict(host, &wide) || WSAStartup(MAKEWORD(2, 2), &data) != 0) {
        *text = mem_strdup("the system's network is not there");
    } else {
        found = resolve(wide, text);
        WSACleanup();
    }
    mem_free(wide);
    return found;
}
