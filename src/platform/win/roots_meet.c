/*
 * roots_meet.c: has Windows fetch the root of a server's certificate.
 *
 * Windows' store holds the roots that it has met; what else it trusts it fetches when its own functions build a chain
 * that needs one (CertGetCertificateChain). libpq's OpenSSL asks none of them. So the server's certificates are had by
 * a handshake of Windows' own TLS, which checks nothing and after which nothing is sent, and are handed to that
 * function. What it thinks of them does not matter: libpq checks, by what is in the store then.
 */
#define SECURITY_WIN32 1

#include <winsock2.h>

#include <ws2tcpip.h>

#include <windows.h>

#include <wincrypt.h>

#include <security.h>

#include <schannel.h>

#include <string.h>

#include "base/mem.h"
#include "platform/clock.h"
#include "platform/netwait.h"
#include "platform/wide.h"
#include "win_private.h"

#define LIMIT_MS 10000u   /* for all of it but Windows' own fetching */
#define MOST_BYTES 65536u /* of the server's answers that are not read yet */
#define MOST_STEPS 40     /* of a handshake */
#define WANTED                                                                                                       \
    (ISC_REQ_STREAM | ISC_REQ_CONFIDENTIALITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT |                     \
     ISC_REQ_ALLOCATE_MEMORY | ISC_REQ_MANUAL_CRED_VALIDATION)

typedef void (*Function)(void);

typedef struct Visit {
    const SecurityFunctionTableW *tls;
    SOCKET socket;
    const Cancel *cancel;
    uint64_t end;
    size_t len;
    char bytes[MOST_BYTES];
} Visit;

static bool ready(const Visit *visit, unsigned want)
{
    const uint64_t now = clock_monotonic_ms();

    return now < visit->end && net_wait((intptr_t)visit->socket, want, (unsigned)(visit->end - now), visit->cancel);
}

static bool send_all(const Visit *visit, const char *bytes, size_t len)
{
    while (len > 0) {
        int sent;

        if (!ready(visit, NET_WRITE))
            return false;
        sent = send(visit->socket, bytes, (int)len, 0);
        if (sent < 0 && WSAGetLastError() != WSAEWOULDBLOCK)
            return false;
        if (sent > 0) {
            bytes += sent;
            len -= (size_t)sent;
        }
    }
    return true;
}

static bool receive(Visit *visit, size_t most)
{
    const size_t room = MOST_BYTES - visit->len;
    int got;

    if (room == 0 || !ready(visit, NET_READ))
        return false;
    got = recv(visit->socket, visit->bytes + visit->len, (int)(most < room ? most : room), 0);
    if (got <= 0)
        return false;
    visit->len += (size_t)got;
    return true;
}

static bool dial_one(Visit *visit, const ADDRINFOW *address)
{
    u_long on = 1;
    int failure = 0;
    int size = sizeof failure;

    visit->socket = socket(address->ai_family, SOCK_STREAM, IPPROTO_TCP);
    if (visit->socket == INVALID_SOCKET)
        return false;
    if (ioctlsocket(visit->socket, (long)FIONBIO, &on) == 0 &&
        (connect(visit->socket, address->ai_addr, (int)address->ai_addrlen) == 0 ||
         WSAGetLastError() == WSAEWOULDBLOCK) &&
        ready(visit, NET_WRITE) &&
        getsockopt(visit->socket, SOL_SOCKET, SO_ERROR, (char *)&failure, &size) == 0 && failure == 0)
        return true;
    closesocket(visit->socket);
    visit->socket = INVALID_SOCKET;
    return false;
}

static bool dial(Visit *visit, const char *host, const char *port)
{
    const ADDRINFOW hints = {
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    wchar_t *service = wide_from_utf8(port);
    char *addresses = NULL;
    bool ok = false;

    if (net_lookup(host, LIMIT_MS, visit->cancel, &addresses) == NET_FOUND) {
        for (char *at = addresses; at != NULL && !ok;) {
            char *comma = strchr(at, ',');
            wchar_t *wide;
            ADDRINFOW *list = NULL;

            if (comma != NULL)
                *comma = '\0';
            wide = wide_from_utf8(at);
            if (GetAddrInfoW(wide, service, &hints, &list) == 0) {
                ok = dial_one(visit, list);
                FreeAddrInfoW(list);
            }
            mem_free(wide);
            at = comma == NULL ? NULL : comma + 1;
        }
    }
    mem_free(addresses);
    mem_free(service);
    return ok;
}

/* PostgreSQL's SSLRequest, to which one letter answers. */
static bool ask_for_tls(Visit *visit)
{
    static const char request[8] = {0, 0, 0, 8, 4, (char)0xd2, 0x16, 0x2f};
    const bool ok = send_all(visit, request, sizeof request) && receive(visit, 1) && visit->bytes[0] == 'S';

    visit->len = 0;
    return ok;
}

/* *made: there is a context, which the caller deletes. */
static bool shake_hands(Visit *visit, CredHandle *credentials, wchar_t *host, CtxtHandle *context, bool *made)
{
    for (int step = 0; step < MOST_STEPS; step++) {
        SecBuffer out = {0, SECBUFFER_TOKEN, NULL};
        SecBuffer in[2] = {{(ULONG)visit->len, SECBUFFER_TOKEN, visit->bytes}, {0, SECBUFFER_EMPTY, NULL}};
        SecBufferDesc output = {SECBUFFER_VERSION, 1, &out};
        SecBufferDesc input = {SECBUFFER_VERSION, 2, in};
        ULONG attributes = 0;
        const bool first = !*made;
        const SECURITY_STATUS status =
            visit->tls->InitializeSecurityContextW(credentials, first ? NULL : context, host, WANTED, 0, 0,
                                                   first ? NULL : &input, 0, context, &output, &attributes, NULL);
        bool sent = true;
        size_t rest = 0;

        if (status == SEC_E_INCOMPLETE_MESSAGE) {
            if (!receive(visit, MOST_BYTES))
                return false;
            continue;
        }
        *made = *made || status == SEC_E_OK || status == SEC_I_CONTINUE_NEEDED;
        if (out.pvBuffer != NULL) {
            sent = send_all(visit, out.pvBuffer, out.cbBuffer);
            visit->tls->FreeContextBuffer(out.pvBuffer);
        }
        if (status == SEC_I_INCOMPLETE_CREDENTIALS) /* it would like a certificate of ours: once more, without */
            continue;
        if (!sent || (status != SEC_E_OK && status != SEC_I_CONTINUE_NEEDED))
            return false;
        if (status == SEC_E_OK)
            return true;
        if (!first && in[1].BufferType == SECBUFFER_EXTRA && in[1].cbBuffer <= visit->len)
            rest = in[1].cbBuffer;
        memmove(visit->bytes, visit->bytes + visit->len - rest, rest);
        visit->len = rest;
        if (rest == 0 && !receive(visit, MOST_BYTES))
            return false;
    }
    return false;
}

/* Windows fetches what is missing, within its own time limits and as far as its policies allow. */
static void build_chain(const CERT_CONTEXT *certificate)
{
    static char for_servers[] = szOID_PKIX_KP_SERVER_AUTH;
    char *usages[] = {for_servers};
    CERT_CHAIN_PARA wanted = {.cbSize = sizeof wanted,
                              .RequestedUsage = {.dwType = USAGE_MATCH_TYPE_OR,
                                                 .Usage = {.cUsageIdentifier = 1, .rgpszUsageIdentifier = usages}}};
    const CERT_CHAIN_CONTEXT *chain = NULL;

    if (CertGetCertificateChain(NULL, certificate, NULL, certificate->hCertStore, &wanted, 0, NULL, &chain))
        CertFreeCertificateChain(chain);
}

static void look_at_certificates(Visit *visit, const char *host)
{
    SCHANNEL_CRED how = {.dwVersion = SCHANNEL_CRED_VERSION,
                         .dwFlags = SCH_CRED_MANUAL_CRED_VALIDATION | SCH_CRED_NO_DEFAULT_CREDS};
    wchar_t package[] = UNISP_NAME_W;
    wchar_t *name = wide_from_utf8(host);
    const SecurityFunctionTableW *tls = visit->tls;
    const CERT_CONTEXT *certificate = NULL;
    CredHandle credentials;
    CtxtHandle context;
    bool made = false;

    if (tls->AcquireCredentialsHandleW(NULL, package, SECPKG_CRED_OUTBOUND, NULL, &how, NULL, NULL, &credentials,
                                       NULL) == SEC_E_OK) {
        if (shake_hands(visit, &credentials, name, &context, &made) &&
            tls->QueryContextAttributesW(&context, SECPKG_ATTR_REMOTE_CERT_CONTEXT, (void *)&certificate) ==
                SEC_E_OK &&
            certificate != NULL) {
            build_chain(certificate);
            CertFreeCertificateContext(certificate);
        }
        if (made)
            tls->DeleteSecurityContext(&context);
        tls->FreeCredentialsHandle(&credentials);
    }
    mem_free(name);
}

/* Loaded now, since it takes long to come up: no start of the program is to wait for it. */
static const SecurityFunctionTableW *find_tls(void)
{
    HMODULE module = LoadLibraryExW(L"secur32.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
    INIT_SECURITY_INTERFACE_W find =
        module == NULL ? NULL : (INIT_SECURITY_INTERFACE_W)(Function)GetProcAddress(module, "InitSecurityInterfaceW");

    return find == NULL ? NULL : find();
}

void roots_meet(const char *host, const char *port, const Cancel *cancel)
{
    Visit *visit = mem_alloc(sizeof *visit);
    WSADATA data;

    visit->tls = find_tls();
    visit->socket = INVALID_SOCKET;
    visit->cancel = cancel;
    visit->end = clock_monotonic_ms() + LIMIT_MS;
    if (visit->tls != NULL && WSAStartup(MAKEWORD(2, 2), &data) == 0) {
        if (dial(visit, host, port)) {
            if (ask_for_tls(visit))
                look_at_certificates(visit, host);
            closesocket(visit->socket);
        }
        WSACleanup();
    }
    mem_free(visit);
}
