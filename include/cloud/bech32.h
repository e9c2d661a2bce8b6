/*
 * bech32.h: BIP 173's bech32, in which age writes its keys: letters and digits that are hard to mistake, with a
 * checksum that finds a mistyped one.
 */
#ifndef CMMS_BECH32_H
#define CMMS_BECH32_H

#include <stdbool.h>
#include <stddef.h>

#define BECH32_MAX 90u /* characters of a whole text, by BIP 173 */

/* "PREFIX1DATA": the prefix (in the text's case, NUL-terminated) and the data in fives of bits, without the checksum.
 * False: it is none, is mistyped, or mixes capitals with small letters; the outputs are as they were. */
bool bech32_decode(const char *text, char prefix[BECH32_MAX], unsigned char values[BECH32_MAX], size_t *count);

/* The same as bytes; at most `size` of them. False where they do not fit, or what is left over is no plain padding. */
bool bech32_bytes(const unsigned char *values, size_t count, unsigned char *bytes, size_t size, size_t *len);

/* In small letters; what a prefix and `len` bytes give stays below BECH32_MAX, that is the caller's. Caller frees. */
char *bech32_encode(const char *prefix, const unsigned char *bytes, size_t len);

#endif
