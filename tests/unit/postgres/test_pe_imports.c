#include "test_util.h"

#include "postgres/pe_imports.h"

#define IMAGE_LEN 0x600u

static void put16(unsigned char *image, size_t at, unsigned value)
{
    image[at] = (unsigned char)(value & 0xFF);
    image[at + 1] = (unsigned char)(value >> 8 & 0xFF);
}

static void put32(unsigned char *image, size_t at, uint32_t value)
{
    put16(image, at, value & 0xFFFF);
    put16(image, at + 2, value >> 16);
}

/* A PE32+ image with one section (address 0x1000, at 0x200 in the file) that holds the import table. */
static void make_image(unsigned char image[IMAGE_LEN], const char *const *names, size_t count)
{
    memset(image, 0, IMAGE_LEN);
    image[0] = 'M';
    image[1] = 'Z';
    put32(image, 0x3C, 0x80);
    memcpy(image + 0x80, "PE\0\0", 4);
    put16(image, 0x86, 1);          /* sections */
    put16(image, 0x94, 240);        /* size of the optional header */
    const size_t optional = 0x98;
    put16(image, optional, 0x20B);
    put32(image, optional + 108, 16);       /* directories */
    put32(image, optional + 120, 0x1000);   /* imports */
    const size_t section = optional + 240;
    put32(image, section + 12, 0x1000);
    put32(image, section + 16, 0x400);
    put32(image, section + 20, 0x200);
    size_t text = 0x400;
    for (size_t i = 0; i < count; i++) {
        put32(image, 0x200 + i * 20 + 12, (uint32_t)(text - 0x200 + 0x1000));
        memcpy(image + text, names[i], strlen(names[i]) + 1);
        text += strlen(names[i]) + 1;
    }
}

static void reads_names(void **state)
{
    (void)state;
    static const char *const names[] = {"KERNEL32.dll", "LIBPQ.dll", "api-ms-win-crt-runtime-l1-1-0.dll"};
    unsigned char image[IMAGE_LEN];
    make_image(image, names, 3);
    PeImports imports;
    pe_imports_init(&imports);
    Error err = ERROR_INIT;
    assert_ok(pe_imports_parse(image, sizeof image, &imports, &err), &err);
    assert_int_equal(imports.count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(imports.names[i], names[i]);
    }
    pe_imports_release(&imports);
}

/* Cut anywhere, or with any byte turned round, it is read or refused, and never beyond its end. */
static void doubts_every_byte(void **state)
{
    (void)state;
    static const char *const names[] = {"LIBPQ.dll"};
    unsigned char image[IMAGE_LEN];
    make_image(image, names, 1);
    for (size_t len = 0; len < IMAGE_LEN; len += len < 0x240 ? 1 : 37) {
        unsigned char *part = mem_alloc(len); /* of its own, so that a sanitizer sees its end */
        memcpy(part, image, len);
        PeImports imports;
        pe_imports_init(&imports);
        Error err = ERROR_INIT;
        if (len < 0x40a) {
            assert_fails(pe_imports_parse(part, len, &imports, &err), &err, EK_DAMAGED,
                         "the file is not a whole Windows program");
        } else {
            assert_ok(pe_imports_parse(part, len, &imports, &err), &err);
        }
        pe_imports_release(&imports);
        mem_free(part);
    }
    for (size_t at = 0; at < 0x420; at++) {
        unsigned char *turned = mem_alloc(IMAGE_LEN);
        memcpy(turned, image, IMAGE_LEN);
        turned[at] = (unsigned char)~turned[at];
        PeImports imports;
        pe_imports_init(&imports);
        pe_imports_parse(turned, IMAGE_LEN, &imports, NULL);
        pe_imports_release(&imports);
        mem_free(turned);
    }
}

/* program → mine.dll (beside it) → absent.dll (nowhere) */
static void names_the_missing_one(void **state)
{
    (void)state;
    static const char *const of_program[] = {"SYSTEM.dll", "api-ms-win-core-x.dll", "mine.dll"};
    static const char *const of_mine[] = {"SYSTEM.dll", "absent.dll"};
    char *dir = test_dir_new();
    char *system = fs_join(dir, "system");
    char *program = fs_join(dir, "pg_dump.exe");
    char *mine = fs_join(dir, "mine.dll");
    char *absent = fs_join(system, "absent.dll");
    char *system_dll = fs_join(system, "SYSTEM.dll");
    const char *const dirs[] = {system};
    unsigned char image[IMAGE_LEN];
    Error err = ERROR_INIT;
    assert_ok(fs_make_dirs(system, &err), &err);
    make_image(image, of_program, 3);
    test_write_bytes(program, image, sizeof image);
    assert_text(pe_imports_missing(program, dirs, 1), "SYSTEM.dll");
    test_write(system_dll, "");
    assert_text(pe_imports_missing(program, dirs, 1), "mine.dll");
    make_image(image, of_mine, 2);
    test_write_bytes(mine, image, sizeof image);
    assert_text(pe_imports_missing(program, dirs, 1), "absent.dll");
    test_write(absent, "");
    assert_null(pe_imports_missing(program, dirs, 1));
    test_write(program, "not a program");
    assert_null(pe_imports_missing(program, dirs, 1));
    mem_free(system);
    mem_free(program);
    mem_free(mine);
    mem_free(absent);
    mem_free(system_dll);
    test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads_names), cmocka_unit_test(doubts_every_byte),
                                       cmocka_unit_test(names_the_missing_one)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
