/* fuzz_connection.c: any bytes as a connection string and as the profile. A secret that stands where a password does,
 * with any bytes behind it, comes to light neither in an error nor as a host, a user or a database. */
#undef NDEBUG /* the checks are the point, in every build */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "postgres/connection.h"
#include "postgres/userprofile.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void use(const Connection *connection)
{
    char **env = connection_env(connection, "cmms-backup");
    char *target = connection_secret_target(connection);
    assert(!secret_is_set(&connection->password) || connection->password.len > 0);
    assert(connection_port(connection)[0] && connection_host(connection)[0] && connection_sslmode(connection)[0]);
    mem_free(target);
    connection_free_env(env);
}

static void assert_untold(const char *text)
{
    assert(text == NULL || strstr(text, "hunter2") == NULL);
}

static void plant(const char *bytes)
{
    static const char *const forms[][2] = {{"postgresql://u:hunter2", "@h/d"},
                                           {"postgresql://h/d?user=u&password=hunter2", ""},
                                           {"host=h user=u password=hunter2", " dbname=d"},
                                           {"host=h;username=u;password=hunter2", ";database=d"},
                                           {"user=u;password=hunter2", ";host=h;database=d"},
                                           {"Database=d;Password=hunter2", ";Server=h;User Id=u"},
                                           {"DB_HOST=h\nDB_PASSWORD=hunter2", "\nDB_USER=u"},
                                           {"DATABASE_URL=postgresql://u:hunter2", "@h/d"},
                                           {"PGPASSWORD=hunter2", " psql -h h -U u d"},
                                           {"psql 'postgresql://u:hunter2", "@h/d'"}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        char *text = mem_printf("%s%s%s", forms[i][0], bytes, forms[i][1]);
        Connection connection;
        Error err = ERROR_INIT;
        connection_init(&connection);
        if (connection_parse(&connection, text, &err) && connection_resolve(&connection, &err)) {
            char *shown = connection_text(&connection);
            assert_untold(shown);
            assert_untold(connection.sslrootcert);
            mem_free(shown);
        }
        assert_untold(err.message);
        assert_untold(err.detail);
        assert_untold(err.hint);
        error_clear(&err);
        connection_release(&connection);
        mem_free(text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char *text = mem_strndup((const char *)bytes, len);
    Connection connection;
    Error err = ERROR_INIT;
    connection_init(&connection);
    if (connection_parse(&connection, text, &err)) {
        use(&connection);
    } else {
        assert(err.kind == EK_USAGE && !err.detail && !connection.host && !secret_is_set(&connection.password));
    }
    error_clear(&err);
    connection_release(&connection);
    plant(text);
    UserProfile profile;
    userprofile_init(&profile);
    if (userprofile_parse((const char *)bytes, len, &profile, &err)) {
        use(&profile.connection);
        assert(profile.lock_minutes >= 1 && !secret_is_set(&profile.connection.password));
    } else {
        assert(err.kind == EK_SETTINGS);
    }
    error_clear(&err);
    userprofile_release(&profile);
    mem_free(text);
    return 0;
}
