#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>

#define EXIT_INTERNAL 1 /* as error_exit_code says of EK_INTERNAL */

/* Not abort(): in a Windows program that has a window it shows a box, and a scheduled run would wait behind that for
 * ever. Nor exit(), which calls what others have registered, with a memory that has run out. */
void mem_out(void)
{
    fputs("cmms-backup: out of memory\n", stderr);
    _Exit(EXIT_INTERNAL);
}

void *mem_alloc(size_t size)
{
    return mem_array(size > 0 ? size : 1, 1);
}

void *mem_array(size_t count, size_t size)
{
    if (count == 0 || size == 0) {
        count = size = 1;
    }
    void *memory = count <= SIZE_MAX / size ? calloc(count, size) : NULL;
    if (!memory) {
        mem_out();
    }
    return memory;
}

void *mem_resize(void *old, size_t count, size_t size)
{
    if (count == 0 || size == 0) {
        count = size = 1;
    }
    void *memory = count <= SIZE_MAX / size ? realloc(old, count * size) : NULL;
    if (!memory) {
        mem_out();
    }
    return memory;
}

char *mem_strdup(const char *text)
{
    return text ? mem_strndup(text, strlen(text)) : NULL;
}

char *mem_strndup(const char *text, size_t len)
{
    if (len == SIZE_MAX) {
        mem_out();
    }
    char *copy = mem_alloc(len + 1);
    if (len > 0) {
        memcpy(copy, text, len);
    }
    return copy;
}

char *mem_printf(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0) {
        mem_out();
    }
    char *text = mem_alloc((size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    return text;
}

void mem_free(void *memory)
{
    free(memory);
}

void mem_grow(void **array, size_t *capacity, size_t need, size_t size)
{
    if (need <= *capacity) {
        return;
    }
    /* Doubling keeps the copying linear; beyond the half of all addresses only the exact need is left. */
    size_t grown = *capacity <= SIZE_MAX / 2 ? *capacity * 2 : need;
    if (grown < 16) {
        grown = 16;
    }
    if (grown < need) {
        grown = need;
    }
    *array = mem_resize(*array, grown, size);
    *capacity = grown;
}
