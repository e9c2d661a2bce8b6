#include "cloud/smtp.h"

#include <string.h>

#include <curl/curl.h>

#include "base/mem.h"
#include "cloud/receiver.h"
#include "http_private.h"

#define CONNECT_SECONDS 15L
#define ADDRESS_MAX 300u

bool smtp_available(void)
{
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
    bool plain = false, over_tls = false;
    for (const char *const *name = info->protocols; name != NULL && *name != NULL; name++) {
        plain = plain || strcmp(*name, "smtp") == 0;
        over_tls = over_tls || strcmp(*name, "smtps") == 0;
    }
    return plain && over_tls;
}

/* The host of an address of this kind, with its port; caller frees; NULL: it is another. */
static char *host_of(const char *address)
{
    static const char *const schemes[] = {"smtp://", "smtps://"};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        const size_t len = strlen(schemes[i]);
        if (strncmp(address, schemes[i], len) == 0 && strlen(address) <= ADDRESS_MAX) {
            const char *host = address + len;
            size_t host_len = strlen(host);
            host_len -= host_len > 0 && host[host_len - 1] == '/';
            const size_t good = strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]");
            return host_len > 0 && good == host_len ? mem_strndup(host, host_len) : NULL;
        }
    }
    return NULL;
}

bool smtp_address_check(const char *address, Error *err)
{
    char *host = host_of(address);
    if (host == NULL) {
        error_set(err, EK_SETTINGS, "the address of the mail server cannot be used");
        return error_hint(err, "It is smtps://SERVER or smtp://SERVER, with a port if need be.");
    }
    mem_free(host);
    return true;
}

typedef struct Reading {
    const char *text;
    size_t at, len;
} Reading;

static size_t give_mail(char *buf, size_t size, size_t count, void *context)
{
    Reading *reading = context;
    const size_t room = size * count, left = reading->len - reading->at;
    const size_t len = room < left ? room : left;
    memcpy(buf, reading->text + reading->at, len);
    reading->at += len;
    return len;
}

/* Nothing that the server says is kept. */
static size_t drop(char *bytes, size_t size, size_t count, void *context)
{
    (void)bytes;
    (void)context;
    return size * count;
}

static struct curl_slist *recipients_of(const char *to)
{
    struct curl_slist *list = NULL;
    for (char *one; (one = message_next_address(&to)) != NULL; mem_free(one)) {
        char *path = mem_printf("<%s>", one);
        struct curl_slist *longer = curl_slist_append(list, path);
        mem_free(path);
        if (longer == NULL) {
            mem_out();
        }
        list = longer;
    }
    return list;
}

static bool explain(CURLcode code, long status, const char *host, Error *err)
{
    switch (code) {
    case CURLE_USE_SSL_FAILED:
        error_set(err, EK_CONNECT, "the mail server %s offers no encryption", host);
        return error_hint(err, "Nothing was sent. Use smtps://, or another port of it (587).");
    case CURLE_LOGIN_DENIED:
        error_set(err, EK_REFUSED, "the mail server %s does not take the user name or the password", host);
        return error_hint(err, "Many providers want a password of its own for a program.");
    case CURLE_SEND_ERROR: /* what the server answers to the sender, a recipient or the mail */
    case CURLE_RECV_ERROR:
    case CURLE_WEIRD_SERVER_REPLY:
        if (status >= 400) {
            error_set(err, EK_REFUSED, "the mail server %s does not take the mail (status %ld)", host, status);
            return error_hint(err, "Compare sender, recipients and user name; many servers take only a sender that "
                                   "belongs to the user.");
        }
        break;
    case CURLE_UNSUPPORTED_PROTOCOL:
        return error_set(err, EK_SETTINGS, "this program was built with a libcurl that cannot send mail");
    default: break;
    }
    return http_explain(code, host, "", err);
}

/* `easy` is set up; what it points to lives until this returns. */
static bool transfer(CURL *easy, const char *host, const Cancel *cancel, Error *err)
{
    CURLM *multi = curl_multi_init();
    CURLcode code = CURLE_OK;
    long status = 0;
    if (multi == NULL || curl_multi_add_handle(multi, easy) != CURLM_OK) {
        mem_out();
    }
    bool ok = http_drive(multi, cancel, &code, err);
    if (ok && code != CURLE_OK) {
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        ok = explain(code, status, host, err);
    }
    curl_multi_remove_handle(multi, easy);
    curl_multi_cleanup(multi);
    return ok;
}

bool smtp_send(const SmtpMail *mail, const Cancel *cancel, Error *err)
{
    if (!smtp_available()) {
        error_set(err, EK_SETTINGS, "this program was built with a libcurl that cannot send mail");
        return error_hint(err, "Use a webhook, or mail by the sign-in to Microsoft.");
    }
    if (!smtp_address_check(mail->address, err)) {
        return false;
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        mem_out();
    }
    CURL *easy = curl_easy_init();
    if (easy == NULL) {
        mem_out();
    }
    char *host = host_of(mail->address);
    char *sender = mem_printf("<%s>", mail->from);
    struct curl_slist *recipients = recipients_of(mail->to);
    Reading reading = {mail->text, 0, strlen(mail->text)};
    CURLcode code = CURLE_OK;
#define SET(option, value) (code = code == CURLE_OK ? curl_easy_setopt(easy, option, value) : code)
    SET(CURLOPT_URL, mail->address);
    SET(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    SET(CURLOPT_USE_SSL, (long)CURLUSESSL_ALL); /* without STARTTLS it ends before a name or a password is said */
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_QUICK_EXIT, 1L);
    SET(CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
    SET(CURLOPT_TIMEOUT, mail->seconds);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSL_OPTIONS, (long)CURLSSLOPT_REVOKE_BEST_EFFORT);
    SET(CURLOPT_PROXY, ""); /* one for the web takes no mail */
    if (mail->ca_file != NULL) {
        SET(CURLOPT_CAINFO, mail->ca_file);
    }
    if (mail->user != NULL) {
        SET(CURLOPT_USERNAME, mail->user);
        SET(CURLOPT_PASSWORD, mail->password != NULL && secret_is_set(mail->password) ? mail->password->bytes : "");
    }
    SET(CURLOPT_MAIL_FROM, sender);
    SET(CURLOPT_MAIL_RCPT, recipients);
    SET(CURLOPT_UPLOAD, 1L);
    SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)reading.len);
    SET(CURLOPT_READFUNCTION, give_mail);
    SET(CURLOPT_READDATA, &reading);
    SET(CURLOPT_WRITEFUNCTION, drop);
#undef SET
    const bool ok = code == CURLE_OK ? transfer(easy, host, cancel, err) : explain(code, 0, host, err);
    curl_easy_cleanup(easy);
    curl_slist_free_all(recipients);
    curl_global_cleanup();
    mem_free(sender);
    mem_free(host);
    return ok;
}
