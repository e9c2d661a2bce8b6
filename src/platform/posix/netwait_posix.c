/* netwait_posix.c: poll() and getaddrinfo(). */
#include "platform/netwait.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "base/strbuf.h"

#define MOST_ADDRESSES 8

bool net_ready(intptr_t socket, unsigned want, unsigned ms)
{
    struct pollfd poll_for = {.fd = (int)socket, .events = 0, .revents = 0};
    if ((want & NET_READ) != 0) {
        poll_for.events = (short)(poll_for.events | POLLIN);
    }
    if ((want & NET_WRITE) != 0) {
        poll_for.events = (short)(poll_for.events | POLLOUT);
    }
    const int ready = poll(&poll_for, 1, (int)ms);
    return ready > 0 || (ready < 0 && errno != EINTR);
}

bool net_resolve(const char *host, char **text)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    const int code = getaddrinfo(host, NULL, &hints, &list);
    if (code != 0) {
        *text = mem_strdup(code == EAI_AGAIN ? "temporary failure in name resolution" : gai_strerror(code));
        return false;
    }
    StrBuf addresses;
    int count = 0;
    strbuf_init(&addresses, STRBUF_LINE);
    for (const struct addrinfo *at = list; at != NULL && count < MOST_ADDRESSES; at = at->ai_next) {
        char number[NI_MAXHOST];
        if (getnameinfo(at->ai_addr, at->ai_addrlen, number, sizeof number, NULL, 0, NI_NUMERICHOST) == 0) {
            strbuf_addf(&addresses, "%s%s", count++ > 0 ? "," : "", number);
        }
    }
    freeaddrinfo(list);
    *text = count > 0 ? strbuf_detach(&addresses) : mem_strdup("the name has no address");
    strbuf_release(&addresses);
    return count > 0;
}
