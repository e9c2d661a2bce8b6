/*
 * The window draws itself into a bitmap of 32 bits: PrintWindow, which works behind other windows too. Where it
 * leaves the client area empty (a system whose controls do not draw on request), the pixels are read from the screen.
 */
#define COBJMACROS
#include "screenshot.h"

#include <initguid.h>
#include <wincodec.h>

#include "base/mem.h"
#include "platform/fs.h"
#include "platform/wide.h"
#include "texts.h"

#ifndef PW_RENDERFULLCONTENT
#define PW_RENDERFULLCONTENT 2
#endif

typedef struct Picture {
    int width, height;
    unsigned char *pixels; /* borrowed from the bitmap: BGRX, top row first */
    HBITMAP bitmap;
    HDC dc;
    HGDIOBJ old;
} Picture;

/* Whether the client area, which is `client` within the picture, shows no more than two colours: the window's
 * own and what was not drawn at all. Any text has more. */
static bool is_empty(const Picture *picture, const RECT *client)
{
    size_t row = (size_t)picture->width * 4;
    unsigned char seen[2][3];
    size_t count = 0;
    for (LONG y = client->top; y < client->bottom; y++) {
        for (LONG x = client->left; x < client->right; x++) {
            const unsigned char *pixel = picture->pixels + (size_t)y * row + (size_t)x * 4;
            size_t i = 0;
            while (i < count && memcmp(seen[i], pixel, 3) != 0) {
                i++;
            }
            if (i < count) {
                continue;
            }
            if (count == 2) {
                return false;
            }
            memcpy(seen[count], pixel, 3);
            count++;
        }
    }
    return true;
}

static bool take(HWND window, Picture *picture, Error *err)
{
    RECT rect;
    GetWindowRect(window, &rect);
    picture->width = rect.right - rect.left;
    picture->height = rect.bottom - rect.top;
    BITMAPINFO info = {.bmiHeader = {.biSize = sizeof info.bmiHeader,
                                     .biWidth = picture->width,
                                     .biHeight = -picture->height,
                                     .biPlanes = 1,
                                     .biBitCount = 32,
                                     .biCompression = BI_RGB}};
    void *bits = NULL;
    picture->dc = CreateCompatibleDC(NULL);
    picture->bitmap = CreateDIBSection(picture->dc, &info, DIB_RGB_COLORS, &bits, NULL, 0);
    if (picture->bitmap == NULL) {
        return error_set_os(err, EK_INTERNAL, (long)GetLastError(), TEXT_PICTURE_FAILED);
    }
    picture->pixels = bits;
    picture->old = SelectObject(picture->dc, picture->bitmap);
    RECT client;
    GetClientRect(window, &client);
    MapWindowPoints(window, NULL, (POINT *)&client, 2);
    OffsetRect(&client, -rect.left, -rect.top);
    bool done = PrintWindow(window, picture->dc, PW_RENDERFULLCONTENT) != 0;
    GdiFlush();
    if (!done || is_empty(picture, &client)) {
        HDC screen = GetDC(NULL);
        BitBlt(picture->dc, 0, 0, picture->width, picture->height, screen, rect.left, rect.top, SRCCOPY);
        GdiFlush();
        ReleaseDC(NULL, screen);
    }
    return true;
}

static void picture_release(Picture *picture)
{
    if (picture->old != NULL) {
        SelectObject(picture->dc, picture->old);
    }
    if (picture->bitmap != NULL) {
        DeleteObject(picture->bitmap);
    }
    if (picture->dc != NULL) {
        DeleteDC(picture->dc);
    }
}

static bool save_bmp(const Picture *picture, const char *path, Error *err)
{
    DWORD size = (DWORD)picture->width * (DWORD)picture->height * 4;
    BITMAPINFOHEADER info = {.biSize = sizeof info,
                             .biWidth = picture->width,
                             .biHeight = -picture->height,
                             .biPlanes = 1,
                             .biBitCount = 32,
                             .biCompression = BI_RGB,
                             .biSizeImage = size};
    /* BITMAPFILEHEADER by hand: its layout is packed, which C cannot say without a compiler's help. */
    DWORD offset = 14 + (DWORD)sizeof info;
    DWORD total = offset + size;
    unsigned char head[14] = {'B', 'M'};
    for (unsigned i = 0; i < 4; i++) {
        head[2 + i] = (unsigned char)(total >> (8 * i));
        head[10 + i] = (unsigned char)(offset >> (8 * i));
    }
    StrBuf sb;
    strbuf_init(&sb, (size_t)total);
    strbuf_add(&sb, head, sizeof head);
    strbuf_add(&sb, &info, sizeof info);
    strbuf_add(&sb, picture->pixels, size);
    bool ok = fs_write_atomic(path, sb.buf, sb.len, err);
    strbuf_release(&sb);
    return ok;
}

static bool save_png(const Picture *picture, const char *path, Error *err)
{
    bool ok = false;
    wchar_t *wide = NULL;
    IWICImagingFactory *factory = NULL;
    IWICStream *stream = NULL;
    IWICBitmapEncoder *encoder = NULL;
    IWICBitmapFrameEncode *frame = NULL;
    IWICBitmap *bitmap = NULL;
    WICPixelFormatGUID format = GUID_WICPixelFormat24bppBGR;
    IWICFormatConverter *converter = NULL;
    UINT width = (UINT)picture->width;
    UINT height = (UINT)picture->height;
    HRESULT hr;
    if (!wide_path(path, &wide, err)) {
        goto out;
    }
    hr = CoCreateInstance(&CLSID_WICImagingFactory, NULL, CLSCTX_INPROC_SERVER, &IID_IWICImagingFactory,
                          (void **)&factory);
    if (SUCCEEDED(hr)) {
        hr = IWICImagingFactory_CreateStream(factory, &stream);
    }
    if (SUCCEEDED(hr)) {
        hr = IWICStream_InitializeFromFilename(stream, wide, GENERIC_WRITE);
    }
    if (SUCCEEDED(hr)) {
        hr = IWICImagingFactory_CreateEncoder(factory, &GUID_ContainerFormatPng, NULL, &encoder);
    }
    if (SUCCEEDED(hr)) {
        hr = IWICBitmapEncoder_Initialize(encoder, (IStream *)stream, WICBitmapEncoderNoCache);
    }
    if (SUCCEEDED(hr)) {
        hr = IWICBitmapEncoder_CreateNewFrame(encoder, &frame, NULL);
    }
    if (SUCCEEDED(hr)) {
        hr = IWICBitmapFrameEncode_Initialize(frame, NULL);
    }
    if (SUCCEEDED(hr)) {
        hr = IWICBitmapFrameEncode_SetSize(frame, width, height);
    }
    if (SUCCEEDED(hr)) {
        hr = IWICBitmapFrameEncode_SetPixelFormat(frame, &format);
    }
    if (SUCCEEDED(hr)) {
        hr = IWICImagingFactory_CreateBitmapFromMemory(factory, width, height, &GUID_WICPixelFormat32bppBGR, width * 4,
                                                       width * height * 4, picture->pixels, &bitmap);
    }
    if (SUCCEEDED(hr)) {
        hr = IWICImagingFactory_CreateFormatConverter(factory, &converter);
    }
    if (SUCCEEDED(hr)) {
        hr = IWICFormatConverter_Initialize(converter, (IWICBitmapSource *)bitmap, &format, WICBitmapDitherTypeNone,
                                            NULL, 0, WICBitmapPaletteTypeCustom);
    }
    if (SUCCEEDED(hr)) {
        hr = IWICBitmapFrameEncode_WriteSource(frame, (IWICBitmapSource *)converter, NULL);
    }
    if (SUCCEEDED(hr)) {
        hr = IWICBitmapFrameEncode_Commit(frame);
    }
    if (SUCCEEDED(hr)) {
        hr = IWICBitmapEncoder_Commit(encoder);
    }
    ok = SUCCEEDED(hr) || error_set_os(err, EK_IO, (long)hr, TEXT_PICTURE_UNWRITTEN, path);
out:
    if (converter != NULL) {
        IWICFormatConverter_Release(converter);
    }
    if (bitmap != NULL) {
        IWICBitmap_Release(bitmap);
    }
    if (frame != NULL) {
        IWICBitmapFrameEncode_Release(frame);
    }
    if (encoder != NULL) {
        IWICBitmapEncoder_Release(encoder);
    }
    if (stream != NULL) {
        IWICStream_Release(stream);
    }
    if (factory != NULL) {
        IWICImagingFactory_Release(factory);
    }
    mem_free(wide);
    return ok;
}

bool screenshot_save(HWND window, const char *path, Error *err)
{
    Picture picture = {0};
    RedrawWindow(window, NULL, NULL, RDW_INVALIDATE | RDW_ERASE | RDW_FRAME | RDW_ALLCHILDREN | RDW_UPDATENOW);
    GdiFlush();
    bool ok = take(window, &picture, err);
    if (ok) {
        size_t length = strlen(path);
        bool png = length >= 4 && _stricmp(path + length - 4, ".png") == 0;
        ok = png ? save_png(&picture, path, err) : save_bmp(&picture, path, err);
    }
    picture_release(&picture);
    return ok;
}
