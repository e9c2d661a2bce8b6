/*
 * locale_text.h: numbers and times as the user's own settings write them, for the screen only; files and logs have ISO
 * forms (clock.h). Texts are UTF-8, caller frees.
 */
#ifndef CMMS_UI_LOCALE_TEXT_H
#define CMMS_UI_LOCALE_TEXT_H

#include <stdint.h>

char *locale_number(double value, int decimals);  /* "1,234.50" */
char *locale_date(int64_t unix_seconds);          /* the short date, local time */
char *locale_date_time(int64_t unix_seconds);     /* with hours and minutes */

#endif
