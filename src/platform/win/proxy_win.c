/*
 * proxy_win.c: the user's Internet settings, by WinHTTP, which is loaded when it is first needed: from Windows' own
 * folder, since it is no KnownDLL.
 */
#include "platform/proxy.h"

#include <windows.h>

#include <winhttp.h>

#include "base/mem.h"
#include "platform/wide.h"

typedef BOOL(WINAPI *SettingsOf)(WINHTTP_CURRENT_USER_IE_PROXY_CONFIG *);
typedef HINTERNET(WINAPI *Open)(LPCWSTR, DWORD, LPCWSTR, LPCWSTR, DWORD);
typedef BOOL(WINAPI *AskScript)(HINTERNET, LPCWSTR, WINHTTP_AUTOPROXY_OPTIONS *, WINHTTP_PROXY_INFO *);
typedef BOOL(WINAPI *Close)(HINTERNET);
typedef void (*Function)(void);

typedef struct WinHttp {
    SettingsOf settings;
    Open open;
    AskScript ask_script;
    Close close;
} WinHttp;

static bool find(WinHttp *http)
{
    HMODULE module = LoadLibraryExW(L"winhttp.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32); /* stays */

    if (module == NULL)
        return false;
    http->settings = (SettingsOf)(Function)GetProcAddress(module, "WinHttpGetIEProxyConfigForCurrentUser");
    http->open = (Open)(Function)GetProcAddress(module, "WinHttpOpen");
    http->ask_script = (AskScript)(Function)GetProcAddress(module, "WinHttpGetProxyForUrl");
    http->close = (Close)(Function)GetProcAddress(module, "WinHttpCloseHandle");
    return http->settings != NULL && http->open != NULL && http->ask_script != NULL && http->close != NULL;
}

static char *choose(const wchar_t *list, const wchar_t *bypass, const char *host)
{
    char *list_text = list == NULL ? NULL : utf8_from_wide(list);
    char *bypass_text = bypass == NULL ? NULL : utf8_from_wide(bypass);
    char *proxy = proxy_choose(list_text, bypass_text, host);

    mem_free(bypass_text);
    mem_free(list_text);
    return proxy;
}

/* False where it cannot be asked: then what else is set counts. */
static bool by_script(const WinHttp *http, const wchar_t *script, const char *host, char **proxy)
{
    WINHTTP_AUTOPROXY_OPTIONS options = {.dwFlags = WINHTTP_AUTOPROXY_CONFIG_URL, .lpszAutoConfigUrl = script};
    WINHTTP_PROXY_INFO info = {.dwAccessType = 0};
    HINTERNET session = http->open(NULL, WINHTTP_ACCESS_TYPE_NO_PROXY, NULL, NULL, 0);
    char *url = mem_printf("https://%s/", host); /* the rest of an address may be secret */
    wchar_t *wide = wide_from_utf8(url);
    bool told = false;

    if (session != NULL) {
        told = http->ask_script(session, wide, &options, &info);
        http->close(session);
    }
    if (told)
        *proxy = choose(info.lpszProxy, info.lpszProxyBypass, host);
    if (info.lpszProxy != NULL)
        GlobalFree(info.lpszProxy);
    if (info.lpszProxyBypass != NULL)
        GlobalFree(info.lpszProxyBypass);
    mem_free(wide);
    mem_free(url);
    return told;
}

char *proxy_for(const char *host)
{
    WINHTTP_CURRENT_USER_IE_PROXY_CONFIG settings = {.fAutoDetect = FALSE};
    WinHttp http;
    char *proxy = NULL;

    if (!find(&http) || !http.settings(&settings))
        return NULL;
    if (settings.lpszAutoConfigUrl == NULL || !by_script(&http, settings.lpszAutoConfigUrl, host, &proxy))
        proxy = choose(settings.lpszProxy, settings.lpszProxyBypass, host);
    if (settings.lpszAutoConfigUrl != NULL)
        GlobalFree(settings.lpszAutoConfigUrl);
    if (settings.lpszProxy != NULL)
        GlobalFree(settings.lpszProxy);
    if (settings.lpszProxyBypass != NULL)
        GlobalFree(settings.lpszProxyBypass);
    return proxy;
}
