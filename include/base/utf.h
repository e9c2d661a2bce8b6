/*
 * utf.h: UTF-8 is the only encoding inside. Text from outside is checked strictly where it is data (settings,
 * manifests, names) and repaired only where it is a message of a tool.
 */
#ifndef CMMS_UTF_H
#define CMMS_UTF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"
#include "compiler.h"

/* Strict: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool utf8_valid(CMMS_READS(len) const char *bytes, size_t len);
/* The bytes before the first that is not UTF-8. */
size_t utf8_valid_prefix(CMMS_READS(len) const char *bytes, size_t len);

/* Appends bytes as UTF-8: valid sequences as they are, each other byte as U+FFFD. Control characters but tab
 * and line feed (also DEL and C1) become spaces, so that a hostile message cannot steer a console. False when
 * the cap was met; what came before is added. */
bool utf8_add_lossy(StrBuf *sb, CMMS_READS(len) const char *bytes, size_t len);

/* Text in an encoding that is not known, one to one as UTF-8: valid sequences stay, each other byte becomes U+FFFD and
 * its two hex digits, and U+FFFD itself comes twice. So different bytes are different text, which goes into a manifest,
 * and from which the bytes can be had again. A caller that has UTF-8 must not ask for it. Caller frees. */
CMMS_NEVER_NULL char *utf8_shown(CMMS_READS(len) const char *bytes, size_t len);
CMMS_NEVER_NULL char *utf8_unshown(const char *text); /* what is not of that form stays as it is */

/* Compares names the way a person expects: ASCII letters without regard to case. */
int utf8_casecmp(const char *a, const char *b);

#endif
