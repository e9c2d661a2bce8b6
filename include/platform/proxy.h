/*
 * proxy.h: through which proxy a server is reached over https, by the user's Internet settings. On Windows libcurl does
 * not look there. What only the network offers (WPAD) is not asked for: whoever answers first would be in the middle.
 */
#ifndef CMMS_PROXY_H
#define CMMS_PROXY_H

/* "name:port" for this host, or NULL: none, or (elsewhere than on Windows) the environment says, which libcurl reads
 * itself. Where a script is set that decides it is fetched and run by Windows, which may take seconds. Caller frees. */
char *proxy_for(const char *host);

/* The rule of those settings. `list`: "name:port", or "http=name:port;https=name:port"; `bypass`: hosts that need none,
 * "*.example.org;10.*;<local>", where <local> is every name without a dot. Either may be NULL. Caller frees; NULL. */
char *proxy_choose(const char *list, const char *bypass, const char *host);

#endif
