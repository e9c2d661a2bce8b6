/*
 * proxy_win.c: WinHTTP, from System32 alone, as browsers ask: a script that the settings name goes before the proxy
 * that is written down. Its own requests (for the script) carry the Windows user's sign-in where the network asks for
 * one. A proxy is not looked for (WPAD): what a foreign network answers would be given that sign-in.
 */
#include "platform/proxy.h"

#include <windows.h>

#include <winhttp.h>

#include "base/mem.h"
#include "platform/wide.h"
#include "version.h"

#define STEP_MS 5000 /* of each step of fetching a script */

typedef BOOL(WINAPI *UserConfig)(WINHTTP_CURRENT_USER_IE_PROXY_CONFIG *config);
typedef HINTERNET(WINAPI *Open)(LPCWSTR agent, DWORD access, LPCWSTR proxy, LPCWSTR bypass, DWORD flags);
typedef BOOL(WINAPI *SetTimeouts)(HINTERNET session, int resolve, int connect, int send, int receive);
typedef BOOL(WINAPI *ProxyForUrl)(HINTERNET session, LPCWSTR url, WINHTTP_AUTOPROXY_OPTIONS *options,
                                  WINHTTP_PROXY_INFO *info);
typedef BOOL(WINAPI *Close)(HINTERNET session);

typedef struct WinHttp {
    UserConfig user_config;
    Open open;
    SetTimeouts set_timeouts;
    ProxyForUrl proxy_for_url;
    Close close;
} WinHttp;

typedef void (*Function)(void);

static Function find(HMODULE module, const char *name)
{
    return (Function)GetProcAddress(module, name);
}

static bool find_all(HMODULE module, WinHttp *functions)
{
    functions->user_config = (UserConfig)find(module, "WinHttpGetIEProxyConfigForCurrentUser");
    functions->open = (Open)find(module, "WinHttpOpen");
    functions->set_timeouts = (SetTimeouts)find(module, "WinHttpSetTimeouts");
    functions->proxy_for_url = (ProxyForUrl)find(module, "WinHttpGetProxyForUrl");
    functions->close = (Close)find(module, "WinHttpCloseHandle");
    return functions->user_config != NULL && functions->open != NULL && functions->set_timeouts != NULL &&
           functions->proxy_for_url != NULL && functions->close != NULL;
}

static void take_text(wchar_t *wide, char **text)
{
    if (wide != NULL) {
        *text = wide[0] != 0 ? utf8_from_wide(wide) : NULL;
        GlobalFree(wide);
    }
}

/* False: there is no script, or it could not be had; then what is written down counts. */
static bool by_script(const WinHttp *functions, const char *url, const WINHTTP_CURRENT_USER_IE_PROXY_CONFIG *config,
                      char **list, char **bypass)
{
    WINHTTP_AUTOPROXY_OPTIONS options = {.fAutoLogonIfChallenged = FALSE};
    WINHTTP_PROXY_INFO info = {.dwAccessType = 0};
    if (config->lpszAutoConfigUrl != NULL && config->lpszAutoConfigUrl[0] != 0) {
        options.dwFlags |= WINHTTP_AUTOPROXY_CONFIG_URL;
        options.lpszAutoConfigUrl = config->lpszAutoConfigUrl;
    }
    HINTERNET session = options.dwFlags == 0 ? NULL
                                             : functions->open(L"" CMMS_USER_AGENT, WINHTTP_ACCESS_TYPE_NO_PROXY,
                                                               WINHTTP_NO_PROXY_NAME, WINHTTP_NO_PROXY_BYPASS, 0);
    if (session == NULL) {
        return false;
    }
    wchar_t *wide = wide_from_utf8(url);
    functions->set_timeouts(session, STEP_MS, STEP_MS, STEP_MS, STEP_MS);
    BOOL found = functions->proxy_for_url(session, wide, &options, &info);
    if (!found && GetLastError() == ERROR_WINHTTP_LOGIN_FAILURE) {
        options.fAutoLogonIfChallenged = TRUE; /* Microsoft's advice: only then, as it goes past the cache */
        found = functions->proxy_for_url(session, wide, &options, &info);
    }
    if (found) {
        take_text(info.lpszProxy, list);
        take_text(info.lpszProxyBypass, bypass);
    }
    mem_free(wide);
    functions->close(session);
    return found;
}

void proxy_ask_system(const char *url, char **list, char **bypass)
{
    WinHttp functions;
    WINHTTP_CURRENT_USER_IE_PROXY_CONFIG config = {.fAutoDetect = FALSE};
    *list = NULL;
    *bypass = NULL;
    HMODULE module = LoadLibraryExW(L"winhttp.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
    if (module == NULL) {
        return;
    }
    /* The module stays: its threads may still be at work on a script. */
    if (!find_all(module, &functions) || !functions.user_config(&config)) {
        return;
    }
    const bool by_itself = by_script(&functions, url, &config, list, bypass);
    if (!by_itself) {
        take_text(config.lpszProxy, list);
        take_text(config.lpszProxyBypass, bypass);
    } else {
        GlobalFree(config.lpszProxy);
        GlobalFree(config.lpszProxyBypass);
    }
    GlobalFree(config.lpszAutoConfigUrl);
}
