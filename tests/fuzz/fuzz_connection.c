/* fuzz_connection.c: any bytes as a connection string and as the profile. */
#undef NDEBUG /* the checks are the point, in every build */
#include <assert.h>
#include <stdint.h>

#include "connection.h"
#include "mem.h"
#include "userprofile.h"

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
