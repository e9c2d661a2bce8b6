/* preview_private.h: between preview*.c and their test; nobody else includes it. */
#ifndef CMMS_PREVIEW_PRIVATE_H
#define CMMS_PREVIEW_PRIVATE_H

#include "jobs/preview.h"

/* The table of that name, which is added where there is none yet; its words are set. */
PreviewTable *preview_table(Preview *preview, const char *schema, const char *name);
/* The CMMS's tables first, in the order of preview_words.c; others by name. */
void preview_sort(Preview *preview);

/* Take the text. */
void preview_add_left_out(Preview *preview, char *text);
void preview_add_obstacle(Preview *preview, char *text);
void preview_add_act(Preview *preview, char *text);

#endif
