#include "test_util.h"

#include "base/hash.h"
#include "base/utf.h"
#include "sample/sample_data.h"

/* The 23 tables of the CMMS. */
static const char *const names[] = {
    "equipment", "pm_completions", "weekly_pm_schedules", "corrective_maintenance", "cm_parts_requests",
    "equipment_missing_parts", "work_orders", "parts_inventory", "mro_inventory", "mro_stock",
    "mro_stock_transactions", "cm_parts_used", "cannot_find_assets", "run_to_failure_assets", "pm_templates",
    "default_pm_checklist", "kpi_definitions", "kpi_manual_data", "kpi_results", "kpi_exports", "users",
    "user_sessions", "audit_log"};

static const SampleTable *find(const char *name)
{
    for (size_t i = 0; i < sample_table_count; i++) {
        if (strcmp(sample_tables[i].name, name) == 0) {
            return &sample_tables[i];
        }
    }
    return NULL;
}

static size_t count_char(const char *text, char c)
{
    size_t count = 0;
    for (; *text; text++) {
        count += *text == c;
    }
    return count;
}

static void every_table_is_there_and_created(void **state)
{
    (void)state;
    assert_int_equal(sample_table_count, TEST_COUNT(names));
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        assert_non_null(find(names[i]));
        char *create = mem_printf("CREATE TABLE %s (", names[i]);
        bool created = false;
        for (const char *const *sql = sample_schema; *sql; sql++) {
            created = created || strstr(*sql, create);
        }
        if (!created) {
            fail_msg("%s is not created", names[i]);
        }
        mem_free(create);
    }
}

/* Every row: as many columns as are named, its number first, valid UTF-8, one line. And never an empty table. */
static void rows_are_well_formed(void **state)
{
    (void)state;
    StrBuf line;
    strbuf_init(&line, STRBUF_LARGE);
    for (size_t t = 0; t < sample_table_count; t++) {
        const SampleTable *table = &sample_tables[t];
        const int64_t count = sample_row_count(table, 1);
        assert_true(count > 0);
        for (int64_t i = 0; i < count; i++) {
            strbuf_clear(&line);
            table->row(&line, 1, i);
            if (count_char(line.buf, '\t') != count_char(table->columns, ',')) {
                fail_msg("row %d of %s has %d columns", (int)i, table->name, (int)count_char(line.buf, '\t') + 1);
            }
            assert_int_equal(strtoll(line.buf, NULL, 10), i + 1);
            assert_true(utf8_valid(line.buf, line.len));
            assert_null(strchr(line.buf, '\n'));
            assert_int_equal(strlen(line.buf), line.len);
        }
    }
    strbuf_release(&line);
}

/* Rows do not depend on one another, nor on how they are asked for. */
static void a_row_can_be_made_alone(void **state)
{
    (void)state;
    const SampleTable *table = find("work_orders");
    StrBuf once, again;
    strbuf_init(&once, STRBUF_LARGE);
    strbuf_init(&again, STRBUF_LARGE);
    table->row(&once, 7, 123);
    table->row(&again, 7, 122);
    assert_string_not_equal(once.buf, again.buf);
    strbuf_clear(&again);
    table->row(&again, 7, 123);
    assert_string_equal(once.buf, again.buf);
    strbuf_release(&once);
    strbuf_release(&again);
}

/* The same data on every system: the sum over all rows of the smallest sample. A change of the sample is a
 * change here. */
static void the_same_everywhere(void **state)
{
    (void)state;
    Sha256 *sha = sha256_new();
    StrBuf line;
    char hex[65];
    size_t bytes = 0;
    strbuf_init(&line, STRBUF_LARGE);
    for (size_t t = 0; t < sample_table_count; t++) {
        for (int64_t i = 0; i < sample_row_count(&sample_tables[t], 1); i++) {
            strbuf_clear(&line);
            sample_tables[t].row(&line, 1, i);
            strbuf_addch(&line, '\n');
            sha256_update(sha, line.buf, line.len);
            bytes += line.len;
        }
    }
    strbuf_release(&line);
    sha256_finish(sha, hex);
    assert_string_equal(hex, "6fb104071af4b78d41fa16c148d897e0528f937bbbc08c084e142cc91583d8fe");
    assert_int_equal(bytes, 3788351);
}

static void it_grows_with_the_size(void **state)
{
    (void)state;
    double small = 0, large = 0;
    for (size_t t = 0; t < sample_table_count; t++) {
        small += (double)(sample_row_count(&sample_tables[t], 100) * sample_tables[t].row_bytes);
        large += (double)(sample_row_count(&sample_tables[t], 100000) * sample_tables[t].row_bytes);
    }
    assert_true(small > 80e6 && small < 125e6);
    assert_true(large > 950 * small && large < 1050 * small);
    assert_int_equal(sample_row_count(find("work_orders"), 100000), 40000000);
}

static void the_users_are_as_documented(void **state)
{
    (void)state;
    StrBuf line;
    strbuf_init(&line, STRBUF_LARGE);
    find("users")->row(&line, 1, 0);
    static const char manager[] = "1\tmanager\taf2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf\t";
    assert_memory_equal(line.buf, manager, sizeof manager - 1);
    assert_non_null(strstr(line.buf, "\tManager\tmanager@example.com\tt\t"));
    strbuf_release(&line);
}

static void photos_are_like_jpeg(void **state)
{
    (void)state;
    StrBuf line;
    strbuf_init(&line, STRBUF_LARGE);
    find("equipment")->row(&line, 1, 0);
    const char *photo = strstr(line.buf, "\t\\\\xffd8ffe000104a464946");
    assert_non_null(photo);
    size_t len = strcspn(photo + 1, "\t");
    assert_true(len / 2 > 20000 && len / 2 < 60100);
    assert_memory_equal(photo + 1 + len - 4, "ffd9", 4);
    strbuf_release(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_table_is_there_and_created),
        cmocka_unit_test(rows_are_well_formed),
        cmocka_unit_test(a_row_can_be_made_alone),
        cmocka_unit_test(the_same_everywhere),
        cmocka_unit_test(it_grows_with_the_size),
        cmocka_unit_test(the_users_are_as_documented),
        cmocka_unit_test(photos_are_like_jpeg),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
