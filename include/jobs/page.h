/*
 * page.h: pages for people, who look at them in a browser, mail and print them: an HTML file that needs nothing beside
 * itself. It has no script and loads nothing, and its head tells the browser to allow neither. What comes from outside
 * (names, messages, whatever a file or a log holds) gets into it through page_text alone.
 */
#ifndef CMMS_PAGE_H
#define CMMS_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"

#define PAGE_SUFFIX ".html"

/* The head, with a title and the rules of its own, which are added to those of all pages (A4, black on white when
 * printed); and the end. `page` is initialised. */
void page_begin(StrBuf *page, const char *title, const char *style);
void page_end(StrBuf *page);

/* A text of any origin, as text and nothing else: what HTML reads as its own is written as a reference, also inside an
 * attribute in quotes; a byte that is not UTF-8 becomes U+FFFD, a control character a space, and what turns the
 * direction of writing round is shown by its number: "[U+202E]". NULL is nothing. */
void page_text(StrBuf *page, const char *text);
/* The same in an element that keeps its direction of writing to itself. */
void page_name(StrBuf *page, const char *text);
/* A row of a table of facts: what it is, and the text. Where that is NULL there is no row. */
void page_row(StrBuf *page, const char *what, const char *text);

/* Words; caller frees. */
char *page_size(uint64_t bytes);       /* "12.4 MB": size_text */
char *page_duration(double seconds);   /* "12 s", "4 min 30 s", "1 h 05 min"; below a second "less than 1 s" */

/* Whether a page may be written under that name, which somebody has chosen: what is there is replaced, so it must end
 * in .html (or .htm), which no backup, manifest or log does. EK_USAGE otherwise. */
bool page_may_be(const char *path, Error *err);
/* Where a page of that name is kept for who only wants to look at it: a folder of this user's own, made. Caller frees.
 * EK_SETTINGS: there is none. */
bool page_own_path(const char *name, char **path, Error *err);
/* Atomic (P6). EK_INTERNAL when the page has grown beyond its cap; nothing is written then. */
bool page_write(const char *path, const StrBuf *page, Error *err);

#endif
