/* console.h: what the console program needs of the platform, which owns main (or wmain). */
#ifndef CMMS_CONSOLE_H
#define CMMS_CONSOLE_H

#include <stdbool.h>

#include "base/secret.h"
#include "platform/cancel.h"

/* The program proper, in src/cli/main.c: argv in UTF-8. Returns the exit code. */
int cli_main(int argc, char **argv);

bool console_is_terminal(int fd);              /* 0, 1 or 2 */
unsigned console_width(void);                  /* columns; 80 where it cannot be told */
bool console_enable_colour(int fd);            /* a terminal that takes ANSI colours; switched on where need be */
/* Whether stdin has come to its end or its writer has gone. Does not wait; what waits there is thrown away. A
 * terminal has no end. */
bool console_input_ended(void);
void console_write(int fd, const char *utf8);  /* to 1 or 2: as UTF-8; as UTF-16 to a Windows console */
void console_cancel_on_interrupt(Cancel *cancel); /* Ctrl+C, Ctrl+Break, closing the console; SIGINT, SIGTERM */
/* Asks for a password without echo. False when there is no terminal to ask on. */
bool console_ask_secret(const char *prompt, Secret *secret);
/* Asks for a line of text; caller frees. False as above, and at the end of the input. */
bool console_ask_line(const char *prompt, char **line);

#endif
