/*
 * proxy.h: the proxy that the system's settings name for an address. libcurl knows the environment's (https_proxy,
 * all_proxy, no_proxy) by itself, and nothing of Windows' own: a proxy or a script (PAC) that the settings name.
 * Those are asked for by WinHTTP, which is loaded when it is first needed. POSIX has none. One that the network offers
 * by itself (WPAD) is never taken: a proxy gets the Windows user's sign-in, and anybody can offer one.
 *
 * For tests CMMS_PROXY stands in for the system: "LIST" or "LIST|BYPASS", in the form of Windows' settings.
 */
#ifndef CMMS_PROXY_H
#define CMMS_PROXY_H

#include <stdbool.h>

#include "platform/cancel.h"

/* "http://HOST:PORT" for an https address; NULL: none, straight, or the environment names one, which goes first. Caller
 * frees. The system is asked at most once a minute for a host, on a thread of its own: a network that looks for a
 * script takes its time. After 15 seconds, or when a stop is requested, it is NULL. */
char *proxy_for(const char *url, const Cancel *cancel);

/* --- in Windows' form -------------------------------------------------------------------------------------- */

/* Of "PROXY:8080" or "http=A:80;https=B:443", separated by ';' or spaces: the first that is for https, with port 80
 * where it names none. NULL: none is. Caller frees. */
char *proxy_pick(const char *list);
/* Whether "*.contoso.com;10.*;<local>" leaves a host out; <local> is a name without a dot. */
bool proxy_is_bypassed(const char *bypass, const char *host);

/* --- by the platform --------------------------------------------------------------------------------------- */

/* What the system says for an https address, in the form of proxy_pick and of proxy_is_bypassed; either may stay NULL.
 * Blocks as long as the system does. Caller frees. */
void proxy_ask_system(const char *url, char **list, char **bypass);

#endif
