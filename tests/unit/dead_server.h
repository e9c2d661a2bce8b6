/*
 * dead_server.h: a PostgreSQL server behind a network that dies: it takes every connection, and answers nothing, or
 * nothing after it has let the client in. A thread of its own, on a loopback port.
 */
#ifndef CMMS_DEAD_SERVER_H
#define CMMS_DEAD_SERVER_H

#include "base/mem.h"
#include "platform/cancel.h"
#include "platform/thread.h"
#include "postgres/connection.h"
#include "test_util.h"

#ifdef _WIN32
#include <winsock2.h>
#include <ws2tcpip.h>
typedef SOCKET Socket;
#define close_socket closesocket
#define SEND_FLAGS 0
#else
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
typedef int Socket;
#define INVALID_SOCKET (-1)
#define close_socket close
#define SEND_FLAGS MSG_NOSIGNAL
#endif

typedef struct DeadServer {
    bool lets_in;
    Cancel *stop; /* requested when the first thing has come that is not answered */
    Cancel *end;
    Socket listener;
    unsigned port;
    Thread *thread;
} DeadServer;

/* What a server says when it trusts the client: AuthenticationOk, ParameterStatus, BackendKeyData, ReadyForQuery. */
static const char dead_server_welcome[] = "R\0\0\0\x08\0\0\0\0"
                                          "S\0\0\0\x18server_version\0" "17.0\0"
                                          "K\0\0\0\x0C\0\0\0\x07\0\0\0\x07"
                                          "Z\0\0\0\x05I";

static inline void dead_server_run(void *argument)
{
    enum { MOST = 16 };
    DeadServer *server = argument;
    Socket open[MOST];
    int count = 0;
    while (count < MOST && !cancel_requested(server->end)) {
        char bytes[1024];
        const Socket client = accept(server->listener, NULL, NULL);
        if (client == INVALID_SOCKET) {
            break;
        }
        open[count++] = client;
        if (recv(client, bytes, sizeof bytes, 0) > 0 && server->lets_in) {
            send(client, dead_server_welcome, sizeof dead_server_welcome - 1, SEND_FLAGS);
            recv(client, bytes, sizeof bytes, 0);
        }
        cancel_request(server->stop);
    }
    while (count > 0) {
        close_socket(open[--count]);
    }
}

static inline DeadServer *dead_server_new(bool lets_in)
{
#ifdef _WIN32
    WSADATA data;
    assert_int_equal(WSAStartup(MAKEWORD(2, 2), &data), 0);
#endif
    DeadServer *server = mem_alloc(sizeof *server);
    struct sockaddr_in address = {0};
    socklen_t len = sizeof address;
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->lets_in = lets_in;
    server->stop = cancel_new();
    server->end = cancel_new();
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(server->listener != INVALID_SOCKET);
    assert_int_equal(bind(server->listener, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(server->listener, 16), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &len), 0);
    server->port = ntohs(address.sin_port);
    server->thread = thread_start(dead_server_run, server);
    return server;
}

/* Its own Connection, for connection_release. */
static inline Connection dead_server_connection(const DeadServer *server)
{
    Connection connection;
    connection_init(&connection);
    connection.host = mem_strdup("127.0.0.1");
    connection.port = mem_printf("%u", server->port);
    connection.user = mem_strdup("ann");
    connection.database = mem_strdup("cmms");
    connection.sslmode = mem_strdup("disable");
    return connection;
}

/* When all connections are closed. */
static inline void dead_server_free(DeadServer *server)
{
    struct sockaddr_in address = {0};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)server->port);
    cancel_request(server->end);
    const Socket waker = socket(AF_INET, SOCK_STREAM, 0);
    connect(waker, (const struct sockaddr *)&address, sizeof address); /* its accept returns */
    close_socket(waker);
    thread_join(server->thread);
    close_socket(server->listener);
    cancel_free(server->stop);
    cancel_free(server->end);
    mem_free(server);
}

#endif
