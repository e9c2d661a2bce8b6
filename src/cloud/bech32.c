#include "cloud/bech32.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/secret.h"

#define CHECKSUM 6u /* characters */

static const char letters[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* BIP 173's polymod, one value more. */
static uint32_t step(uint32_t sum, unsigned value)
{
    static const uint32_t generators[] = {0x3b6a57b2u, 0x26508e6du, 0x1ea119fau, 0x3d4233ddu, 0x2a1462b3u};
    const uint32_t top = sum >> 25;
    sum = (sum & 0x1ffffffu) << 5 ^ value;
    for (unsigned i = 0; i < 5; i++) {
        sum ^= (top >> i & 1u) != 0 ? generators[i] : 0;
    }
    return sum;
}

static uint32_t sum_of_prefix(const char *prefix, size_t len)
{
    uint32_t sum = 1;
    for (size_t i = 0; i < len; i++) {
        sum = step(sum, (unsigned)(unsigned char)lower(prefix[i]) >> 5);
    }
    sum = step(sum, 0);
    for (size_t i = 0; i < len; i++) {
        sum = step(sum, (unsigned)(unsigned char)lower(prefix[i]) & 31u);
    }
    return sum;
}

static bool is_of_one_case(const char *text, size_t len)
{
    bool capitals = false, small = false;
    for (size_t i = 0; i < len; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c < 33 || c > 126) {
            return false;
        }
        capitals = capitals || (c >= 'A' && c <= 'Z');
        small = small || (c >= 'a' && c <= 'z');
    }
    return !(capitals && small);
}

bool bech32_decode(const char *text, char prefix[BECH32_MAX], unsigned char values[BECH32_MAX], size_t *count)
{
    const size_t len = strlen(text);
    const char *one = strrchr(text, '1');
    unsigned char found[BECH32_MAX];
    if (len > BECH32_MAX || one == NULL || one == text || !is_of_one_case(text, len)) {
        return false;
    }
    const size_t before = (size_t)(one - text), data = len - before - 1;
    if (data < CHECKSUM) {
        return false;
    }
    uint32_t sum = sum_of_prefix(text, before);
    bool ok = true;
    for (size_t i = 0; i < data && ok; i++) {
        const char *letter = strchr(letters, lower(one[1 + i]));
        ok = letter != NULL;
        if (ok) {
            found[i] = (unsigned char)(letter - letters);
            sum = step(sum, found[i]);
        }
    }
    ok = ok && sum == 1;
    if (ok) {
        memcpy(prefix, text, before);
        prefix[before] = '\0';
        memcpy(values, found, data - CHECKSUM);
        *count = data - CHECKSUM;
    }
    secret_wipe(found, sizeof found); /* it may be a private key */
    return ok;
}

bool bech32_bytes(const unsigned char *values, size_t count, unsigned char *bytes, size_t size, size_t *len)
{
    uint32_t bits = 0;
    unsigned have = 0;
    size_t at = 0;
    if (count * 5 / 8 > size) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        bits = (bits << 5 | values[i]) & 0xfffu;
        have += 5;
        if (have >= 8) {
            have -= 8;
            bytes[at++] = (unsigned char)(bits >> have);
        }
    }
    const bool ok = have < 5 && (bits & ((1u << have) - 1u)) == 0;
    secret_wipe(&bits, sizeof bits);
    if (ok) {
        *len = at;
    }
    return ok;
}

/* Into an array of its own, which does not grow: growing would leave parts of a private key behind. */
char *bech32_encode(const char *prefix, const unsigned char *bytes, size_t len)
{
    char text[BECH32_MAX + 1];
    const size_t before = strlen(prefix);
    uint32_t sum = sum_of_prefix(prefix, before), bits = 0;
    unsigned have = 0;
    size_t at = before;
    if (before + 1 + (len * 8 + 4) / 5 + CHECKSUM > BECH32_MAX) {
        mem_out(); /* the caller's mistake */
    }
    memcpy(text, prefix, before);
    text[at++] = '1';
    for (size_t i = 0; i < len || have > 0;) {
        if (have < 5 && i < len) {
            bits = (bits << 8 | bytes[i++]) & 0xfffffu;
            have += 8;
        } else if (have < 5) {
            bits <<= 5 - have;
            have = 5;
        }
        have -= 5;
        const unsigned value = bits >> have & 31u;
        sum = step(sum, value);
        text[at++] = letters[value];
    }
    for (unsigned i = 0; i < CHECKSUM; i++) {
        sum = step(sum, 0);
    }
    sum ^= 1;
    for (unsigned i = 0; i < CHECKSUM; i++) {
        text[at++] = letters[sum >> 5 * (CHECKSUM - 1 - i) & 31u];
    }
    text[at] = '\0';
    char *made = mem_strdup(text);
    secret_wipe(text, sizeof text);
    secret_wipe(&bits, sizeof bits);
    return made;
}
