#include "clipboard.h"

#include <string.h>

#include "base/mem.h"
#include "platform/wide.h"
#include "texts.h"

static bool fail(Error *err)
{
    error_set_os(err, EK_INTERNAL, (long)GetLastError(), TEXT_CLIPBOARD_FAILED);
    return error_hint(err, TEXT_CLIPBOARD_HINT);
}

bool clipboard_set(HWND owner, const char *utf8, Error *err)
{
    wchar_t *wide = wide_from_utf8(utf8);
    size_t size = (wcslen(wide) + 1) * sizeof *wide;
    HGLOBAL memory = GlobalAlloc(GMEM_MOVEABLE, size);
    void *place = memory == NULL ? NULL : GlobalLock(memory);
    bool ok = false;
    if (place != NULL) {
        memcpy(place, wide, size);
        GlobalUnlock(memory);
    }
    mem_free(wide);
    if (place == NULL || !OpenClipboard(owner)) {
        fail(err);
        GlobalFree(memory);
        return false;
    }
    EmptyClipboard();
    ok = SetClipboardData(CF_UNICODETEXT, memory) != NULL || fail(err);
    CloseClipboard();
    if (!ok) {
        GlobalFree(memory); /* else it is the clipboard's */
    }
    return ok;
}
