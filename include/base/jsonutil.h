/* jsonutil.h: what we ask of cJSON again and again, with types checked. Objects are borrowed. */
#ifndef CMMS_JSONUTIL_H
#define CMMS_JSONUTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/error.h"
#include "compiler.h"

/* Parses exactly one JSON value of strict UTF-8, nesting at most 64 deep; a byte order mark before it is
 * accepted, "\u0000" is not. EK_DAMAGED names the offset. */
CMMS_WHEN_TRUE bool json_parse(CMMS_READS(len) const char *bytes, size_t len, CMMS_OUT cJSON **out, Error *err);

/* Members of an object; the fallback when they are absent or of another type. Strings are borrowed. */
const char *json_string(const cJSON *object, const char *name, const char *fallback);
bool json_bool(const cJSON *object, const char *name, bool fallback);
int64_t json_int(const cJSON *object, const char *name, int64_t fallback); /* whole numbers up to 2^53 */
double json_number(const cJSON *object, const char *name, double fallback);

void json_set_string(cJSON *object, const char *name, CMMS_OPT const char *value); /* replaces; NULL value: JSON null */
void json_set_bool(cJSON *object, const char *name, bool value);
void json_set_int(cJSON *object, const char *name, int64_t value);
void json_set_number(cJSON *object, const char *name, double value);

/* Indented by two spaces, one line end at the end; caller frees. Only ASCII: other characters are written as
 * \uXXXX, because the predecessor reads its files in the code page of the PC. */
CMMS_NEVER_NULL char *json_text(const cJSON *value);

#endif
