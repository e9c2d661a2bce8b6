/*
 * Signs are drawn white on black in the emoji font, through Uniscribe as in sign_label.c, side by side in one bitmap;
 * how bright a pixel became is its opacity in the wanted colour. The image list takes the bitmap as a whole: one call
 * an image made a third of the window's start.
 */
#include "sign_image.h"

#include <assert.h>
#include <usp10.h>

static void draw(HDC dc, const wchar_t *sign, int left, int size)
{
    int length = (int)wcslen(sign);
    SCRIPT_STRING_ANALYSIS analysis = NULL;
    if (SUCCEEDED(ScriptStringAnalyse(dc, sign, length, length * 3 + 16, -1, SSA_GLYPHS | SSA_FALLBACK, 0, NULL, NULL,
                                      NULL, NULL, NULL, &analysis))) {
        const SIZE *extent = ScriptString_pSize(analysis);
        const RECT cell = {left, 0, left + size, size};
        int x = extent == NULL ? 0 : (size - extent->cx) / 2;
        int y = extent == NULL ? 0 : (size - extent->cy) / 2;
        ScriptStringOut(analysis, left + x, y, ETO_CLIPPED, &cell, 0, 0, FALSE);
        ScriptStringFree(&analysis);
    }
}

/* From brightness to opacity, in place or into another cell. */
static void colour_cell(DWORD *pixels, int count, int from, int to, COLORREF colour, int size)
{
    const DWORD rgb = (DWORD)GetRValue(colour) << 16 | (DWORD)GetGValue(colour) << 8 | (DWORD)GetBValue(colour);
    for (int y = 0; y < size; y++) {
        DWORD *row = pixels + (size_t)y * (size_t)(count * size);
        for (int x = 0; x < size; x++) {
            row[to * size + x] = (row[from * size + x] & 0xFF00) << 16 | rgb;
        }
    }
}

/* `count` images; as many signs, or one for all. */
static HIMAGELIST make_list(const wchar_t *const *signs, bool one, const COLORREF *colours, int count, int size)
{
    BITMAPINFO info = {.bmiHeader = {.biSize = sizeof info.bmiHeader,
                                     .biWidth = size * count,
                                     .biHeight = -size,
                                     .biPlanes = 1,
                                     .biBitCount = 32,
                                     .biCompression = BI_RGB}};
    LOGFONTW font = {.lfHeight = -(size * 13 / 16), .lfQuality = ANTIALIASED_QUALITY, .lfCharSet = DEFAULT_CHARSET};
    swprintf(font.lfFaceName, LF_FACESIZE, L"%ls", L"Segoe UI Emoji");
    HIMAGELIST list = ImageList_Create(size, size, ILC_COLOR32, count, 0);
    HDC dc = CreateCompatibleDC(NULL);
    HFONT emoji = CreateFontIndirectW(&font);
    void *bits = NULL;
    HBITMAP bitmap = CreateDIBSection(dc, &info, DIB_RGB_COLORS, &bits, NULL, 0);
    if (list != NULL && bitmap != NULL) {
        HGDIOBJ old_bitmap = SelectObject(dc, bitmap);
        HGDIOBJ old_font = SelectObject(dc, emoji);
        SetTextColor(dc, RGB(255, 255, 255));
        SetBkMode(dc, TRANSPARENT);
        for (int i = 0; i < (one ? 1 : count); i++) {
            draw(dc, signs[i], i * size, size);
        }
        GdiFlush();
        SelectObject(dc, old_font);
        SelectObject(dc, old_bitmap);
        for (int i = count - 1; i >= 0; i--) { /* the first last: the others may be made of it */
            colour_cell(bits, count, one ? 0 : i, i, colours[i], size);
        }
        ImageList_Add(list, bitmap, NULL);
    }
    DeleteObject(bitmap);
    DeleteObject(emoji);
    DeleteDC(dc);
    return list;
}

HIMAGELIST sign_images_make(const SignImage *signs, size_t count, int size, bool plain)
{
    const wchar_t *texts[SIGN_IMAGES_MOST];
    COLORREF colours[SIGN_IMAGES_MOST];
    assert(count <= SIGN_IMAGES_MOST);
    for (size_t i = 0; i < count; i++) {
        bool own = !plain && signs[i].colour != CLR_DEFAULT;
        texts[i] = signs[i].sign;
        colours[i] = own ? signs[i].colour : GetSysColor(COLOR_WINDOWTEXT);
    }
    return make_list(texts, false, colours, (int)count, size);
}

void sign_image_clear_button(HWND button)
{
    BUTTON_IMAGELIST old = {0};
    SendMessageW(button, BCM_GETIMAGELIST, 0, (LPARAM)&old);
    if (old.himl != NULL) {
        BUTTON_IMAGELIST none = {0};
        SendMessageW(button, BCM_SETIMAGELIST, 0, (LPARAM)&none);
        ImageList_Destroy(old.himl);
    }
}

void sign_image_set_button(HWND button, const wchar_t *sign, int size)
{
    sign_image_clear_button(button);
    /* For: normal, under the pointer, pressed, disabled, default, under a pen. */
    const COLORREF text = GetSysColor(COLOR_BTNTEXT);
    const COLORREF colours[] = {text, text, text, GetSysColor(COLOR_GRAYTEXT), text, text};
    HIMAGELIST list = make_list(&sign, true, colours, sizeof colours / sizeof *colours, size);
    BUTTON_IMAGELIST images = {.himl = list,
                               .margin = {size / 4, 0, size / 8, 0},
                               .uAlign = BUTTON_IMAGELIST_ALIGN_LEFT};
    SendMessageW(button, BCM_SETIMAGELIST, 0, (LPARAM)&images);
}
