#include <string.h>

#include "platform/client_certificate.h"

bool certificate_thumbprint(const char *text, char digits[CERTIFICATE_DIGITS + 1], Error *err)
{
    static const char mark[] = "\xE2\x80\x8E"; /* U+200E, copied along from Windows' own dialog */
    char found[CERTIFICATE_DIGITS + 1] = "";
    size_t count = 0;
    bool good = true;
    for (const char *c = text; good && *c != '\0'; c++) {
        if (strncmp(c, mark, sizeof mark - 1) == 0) {
            c += sizeof mark - 2;
        } else if (strchr("0123456789ABCDEFabcdef", *c) != NULL && count < CERTIFICATE_DIGITS) {
            found[count++] = (char)(*c >= 'a' ? *c - 'a' + 'A' : *c);
        } else {
            good = *c == ' ' || *c == ':' || *c == '\t';
        }
    }
    if (!good || count != CERTIFICATE_DIGITS) {
        error_set(err, EK_USAGE, "that is no thumbprint of a certificate");
        return error_hint(err, "It has 40 digits, 0 to 9 and A to F, as the certificate's details show it.");
    }
    memcpy(digits, found, sizeof found);
    return true;
}
