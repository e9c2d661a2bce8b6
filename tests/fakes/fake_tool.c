/*
 * fake_tool: a pg_dump and pg_restore that misbehaves on purpose. It answers --version with FAKE_TOOL_VERSION;
 * otherwise FAKE_TOOL_MODE says what it does, whatever its arguments:
 *   empty           writes nothing, exit code 0
 *   garbage         writes bytes that are no archive, exit code 0
 *   short           writes the file FAKE_TOOL_FILE names, exit code 0
 *   fail            one error line, exit code 1
 *   flood-fail      FAKE_TOOL_FLOOD MB of messages (64 if not told), exit code 1
 *   bad-bytes-fail  messages that are not UTF-8 and steer a terminal, exit code 1
 *   hang            a little output, then nothing for ever
 *   say             says FAKE_TOOL_SAYS on stderr, exit code FAKE_TOOL_CODE (1 if not told)
 * With FAKE_TOOL_CLUSTER, and called initdb, it is one that is quick: the cluster of that path becomes that of -D.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
__declspec(dllimport) void __stdcall Sleep(unsigned long milliseconds);
#else
#include <unistd.h>
#endif

static const char *setting(const char *name, const char *fallback)
{
    const char *value = getenv(name);
    return value ? value : fallback;
}

static void sleep_for_ever(void)
{
    for (;;) {
#ifdef _WIN32
        Sleep(1000);
#else
        sleep(1);
#endif
    }
}

static void copy_out(const char *path)
{
    static char buffer[65536];
    FILE *file = fopen(path, "rb");
    size_t got;

    if (!file)
        exit(3);
    while ((got = fread(buffer, 1, sizeof buffer, file)) > 0)
        fwrite(buffer, 1, got, stdout);
    fclose(file);
}

static int give_cluster(int argc, char **argv, const char *ready)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], "-D") == 0 && rename(ready, argv[i + 1]) == 0)
            return 0;
    }
    fprintf(stderr, "initdb: warning: could not be quick\ninitdb: error: could not access directory \"%s\"\n", ready);
    /* As the real one goes on. */
    fputs("child process exited with exit code 1\ninitdb: removing contents of data directory\n", stderr);
    return 1;
}

int main(int argc, char **argv)
{
    const char *mode = setting("FAKE_TOOL_MODE", "fail");
    const char *ready = setting("FAKE_TOOL_CLUSTER", "");

#ifdef _WIN32
    _setmode(_fileno(stdout), _O_BINARY);
#endif
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        printf("%s (PostgreSQL) %s\n", strstr(argv[0], "restore") ? "pg_restore" : "pg_dump",
               setting("FAKE_TOOL_VERSION", "17.5"));
        return 0;
    }
    if (ready[0] != '\0' && strstr(argv[0], "initdb"))
        return give_cluster(argc, argv, ready);
    if (strcmp(mode, "empty") == 0)
        return 0;
    if (strcmp(mode, "garbage") == 0) {
        for (int i = 0; i < 50000; i++)
            putchar((i * 31 + 7) & 255);
        return 0;
    }
    if (strcmp(mode, "short") == 0) {
        copy_out(setting("FAKE_TOOL_FILE", ""));
        return 0;
    }
    if (strcmp(mode, "say") == 0) {
        fputs(setting("FAKE_TOOL_SAYS", ""), stderr);
        return (int)strtol(setting("FAKE_TOOL_CODE", "1"), NULL, 10);
    }
    if (strcmp(mode, "flood-fail") == 0) {
        long lines = strtol(setting("FAKE_TOOL_FLOOD", "64"), NULL, 10) * 1024 * 1024 / 64;

        for (long i = 0; i < lines; i++)
            fprintf(stderr, "pg_dump: message %7ld ......................................\n", i);
    }
    if (strcmp(mode, "bad-bytes-fail") == 0)
        fputs("pg_dump: \x1b[2J\xff\xfe\xc3( \x80\x80 caf\xe9\r\n", stderr);
    if (strcmp(mode, "hang") == 0) {
        fputs("pg_dump: reading schemas\n", stderr);
        fflush(stderr);
        sleep_for_ever();
    }
    fputs("pg_dump: error: this tool fails on purpose\n", stderr);
    return 1;
}
