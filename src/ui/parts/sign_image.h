/*
 * sign_image.h: signs (emoji and symbols) as small pictures, for controls that would not find them in their font: the
 * list's cells, the buttons.
 */
#ifndef CMMS_UI_SIGN_IMAGE_H
#define CMMS_UI_SIGN_IMAGE_H

#include <windows.h>

#include <commctrl.h>

#include <stdbool.h>
#include <stddef.h>

typedef struct SignImage {
    const wchar_t *sign;
    COLORREF colour; /* CLR_DEFAULT: the system's colour for text */
} SignImage;

#define SIGN_IMAGES_MOST 16
/* Squares of `size` pixels; `plain`: all in the colour of text (high contrast). Destroy with ImageList_Destroy. */
HIMAGELIST sign_images_make(const SignImage *signs, size_t count, int size, bool plain);

/* Puts a sign before a button's text. The button owns it; a new one replaces it. */
void sign_image_set_button(HWND button, const wchar_t *sign, int size);
/* Before a button that has one is destroyed. */
void sign_image_clear_button(HWND button);

#endif
