/*
 * pe_imports.c: the import table of a PE image (Microsoft's "PE Format").
 *
 * "MZ" header, at 0x3C the offset of "PE\0\0"; the COFF header; the optional header, whose second data
 * directory is the import table: an array of 20-byte descriptors that ends with an empty one, each with the
 * address (RVA) of a name at offset 12. Addresses are turned into file offsets by the section headers.
 */
#include "postgres/pe_imports.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "base/utf.h"
#include "platform/fs.h"

#define MAX_IMPORTS 512u
#define MAX_NAME 255u
#define MAX_VISITED 64u
#define DESCRIPTOR 20u
#define SECTION 40u

typedef struct Image {
    const unsigned char *bytes;
    size_t len;
    size_t sections; /* offset of the first section header */
    unsigned section_count;
} Image;

void pe_imports_init(PeImports *imports)
{
    imports->names = NULL;
    imports->count = 0;
}

void pe_imports_release(PeImports *imports)
{
    for (size_t i = 0; i < imports->count; i++) {
        mem_free(imports->names[i]);
    }
    mem_free(imports->names);
    pe_imports_init(imports);
}

static bool inside(const Image *image, size_t offset, size_t len)
{
    return offset <= image->len && len <= image->len - offset;
}

static unsigned get16(const Image *image, size_t offset)
{
    return inside(image, offset, 2) ? (unsigned)(image->bytes[offset] | image->bytes[offset + 1] << 8) : 0;
}

static uint32_t get32(const Image *image, size_t offset)
{
    return inside(image, offset, 4) ? get16(image, offset) | (uint32_t)get16(image, offset + 2) << 16 : 0;
}

/* False when no section holds the address in the file. */
static bool file_offset(const Image *image, uint32_t address, size_t *offset)
{
    for (unsigned i = 0; i < image->section_count; i++) {
        const size_t header = image->sections + i * SECTION;
        const uint32_t start = get32(image, header + 12);
        const uint32_t raw_len = get32(image, header + 16);
        if (address >= start && address - start < raw_len) {
            *offset = (size_t)get32(image, header + 20) + (address - start);
            return *offset < image->len;
        }
    }
    return false;
}

static bool damaged(Error *err)
{
    return error_set(err, EK_DAMAGED, "the file is not a whole Windows program");
}

bool pe_imports_parse(const unsigned char *bytes, size_t len, PeImports *imports, Error *err)
{
    Image image = {bytes, len, 0, 0};
    const size_t pe = get32(&image, 0x3C);
    if (len < 0x40 || bytes[0] != 'M' || bytes[1] != 'Z' || !inside(&image, pe, 24) ||
        memcmp(bytes + pe, "PE\0\0", 4) != 0) {
        return damaged(err);
    }
    const size_t optional = pe + 24;
    const unsigned magic = get16(&image, optional);
    const size_t directories = optional + (magic == 0x20B ? 112 : 96);
    if ((magic != 0x20B && magic != 0x10B) || !inside(&image, directories, 16)) {
        return damaged(err);
    }
    image.sections = optional + get16(&image, pe + 20);
    image.section_count = get16(&image, pe + 6);
    if (!inside(&image, image.sections, (size_t)image.section_count * SECTION)) {
        return damaged(err);
    }
    const uint32_t table = get32(&image, directories - 4) < 2 ? 0 : get32(&image, directories + 8);
    PeImports found;
    pe_imports_init(&found);
    size_t capacity = 0;
    for (uint32_t i = 0; table != 0; i++) {
        size_t at = 0;
        size_t name = 0;
        if (i == MAX_IMPORTS || !file_offset(&image, table + i * DESCRIPTOR, &at) || !inside(&image, at, DESCRIPTOR)) {
            pe_imports_release(&found);
            return damaged(err);
        }
        const uint32_t name_address = get32(&image, at + 12);
        if (name_address == 0) {
            break;
        }
        const unsigned char *end = NULL;
        if (file_offset(&image, name_address, &name)) {
            const size_t room = image.len - name < MAX_NAME + 1 ? image.len - name : MAX_NAME + 1;
            end = memchr(bytes + name, '\0', room);
        }
        if (end == NULL) {
            pe_imports_release(&found);
            return damaged(err);
        }
        mem_grow((void **)&found.names, &capacity, found.count + 1, sizeof *found.names);
        StrBuf text;
        strbuf_init(&text, STRBUF_SMALL);
        utf8_add_lossy(&text, (const char *)bytes + name, (size_t)(end - (bytes + name)));
        found.names[found.count++] = strbuf_detach(&text);
    }
    pe_imports_release(imports);
    *imports = found;
    return true;
}

static bool is_api_set(const char *name)
{
    char start[8];
    size_t i = 0;
    for (; i < 7 && name[i] != '\0'; i++) {
        start[i] = name[i];
    }
    start[i] = '\0';
    return utf8_casecmp(start, "api-ms-") == 0 || utf8_casecmp(start, "ext-ms-") == 0;
}

static bool lies_in(const char *dir, const char *name)
{
    char *path = fs_join(dir, name);
    const bool there = fs_exists(path);
    mem_free(path);
    return there;
}

static bool read_imports(const char *path, PeImports *imports)
{
    StrBuf bytes;
    strbuf_init(&bytes, STRBUF_LARGE);
    const bool ok = fs_read_all(path, STRBUF_LARGE, &bytes, NULL) &&
                    pe_imports_parse((const unsigned char *)bytes.buf, bytes.len, imports, NULL);
    strbuf_release(&bytes);
    return ok;
}

char *pe_imports_missing(const char *program, const char *const *dirs, size_t dir_count)
{
    char *visited[MAX_VISITED] = {NULL}; /* the program, then the DLLs beside it, in the order found */
    size_t count = 0;
    char *missing = NULL;
    char *own_dir = fs_dir_name(program);
    visited[count++] = mem_strdup(fs_base_name(program));
    for (size_t next = 0; next < count && missing == NULL; next++) {
        PeImports imports;
        pe_imports_init(&imports);
        char *path = fs_join(own_dir, visited[next]);
        if (!read_imports(path, &imports)) {
            pe_imports_release(&imports);
        }
        for (size_t i = 0; i < imports.count && missing == NULL; i++) {
            const char *name = imports.names[i];
            bool found = is_api_set(name);
            if (!found && lies_in(own_dir, name)) {
                found = true;
                bool known = count == MAX_VISITED;
                for (size_t k = 0; k < count && !known; k++) {
                    known = utf8_casecmp(visited[k], name) == 0;
                }
                if (!known) {
                    visited[count++] = mem_strdup(name);
                }
            }
            for (size_t k = 0; k < dir_count && !found; k++) {
                found = lies_in(dirs[k], name);
            }
            if (!found) {
                missing = mem_strdup(name);
            }
        }
        pe_imports_release(&imports);
        mem_free(path);
    }
    for (size_t i = 0; i < count; i++) {
        mem_free(visited[i]);
    }
    mem_free(own_dir);
    return missing;
}
