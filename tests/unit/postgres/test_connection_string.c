#include "test_util.h"

#include "postgres/connection.h"

#define PERCENT_HINT \
    "Characters such as @ : / ? # and % in the user name or password are written in percent form (@ is %40)."
#define PORT_HINT "Write it as a number behind the host (host:5432), or leave it out: then it is 5432."
#define FORM_HINT "It has the form postgresql://user:password@host/database."

static void assert_same(const char *what, const char *got, const char *expected)
{
    if (!got != !expected || (got && strcmp(got, expected) != 0)) {
        print_error("%s is \"%s\", not \"%s\"\n", what, got ? got : "(NULL)", expected ? expected : "(NULL)");
        fail();
    }
}

#define NEON "ep-cool-darkness-123456-pooler.us-east-2.aws.neon.tech"

static void understood(void **state)
{
    (void)state;
    static const struct {
        const char *text, *user, *password, *host, *port, *database, *sslmode;
    } rows[] = {
        {"postgresql://u:p@h/d", "u", "p", "h", NULL, "d", NULL},
        {"postgres://u:p@h:6543/d?sslmode=require", "u", "p", "h", "6543", "d", "require"},
        {"postgresql://u@h", "u", NULL, "h", NULL, NULL, NULL},
        {"postgresql://u@h/", "u", NULL, "h", NULL, NULL, NULL},
        {"postgresql://u:@h:/d", "u", NULL, "h", NULL, "d", NULL},
        {"postgresql://u:p@[::1]:5433/d", "u", "p", "::1", "5433", "d", NULL},
        {"postgresql://u@[2001:db8::7]", "u", NULL, "2001:db8::7", NULL, NULL, NULL},
        {"postgresql://u%40x:p%40%3A%2F%3F%25@h/d%20b", "u@x", "p@:/?%", "h", NULL, "d b", NULL},
        {"postgresql://j%C3%BCrgen:x@h", "j\xC3\xBCrgen", "x", "h", NULL, NULL, NULL},
        {"postgresql://u:p:q@h/d", "u", "p:q", "h", NULL, "d", NULL},
        {"postgresql://u:p?q#r@h/d", "u", "p?q#r", "h", NULL, "d", NULL},
        {"postgresql://u:p@ss@h:5433/d", "u", "p@ss", "h", "5433", "d", NULL},
        {"postgresql://u:p@h?application_name=a@b", "u", "p", "h", NULL, NULL, NULL},
        {"postgresql://h/d?user=u&password=p%26q&port=7", "u", "p&q", "h", "7", "d", NULL},
        {"postgresql:///d?host=/var/run/postgresql&user=u", "u", NULL, "/var/run/postgresql", NULL, "d", NULL},
        {"postgresql://u@%2Ftmp%2Fmy%20dir/d", "u", NULL, "/tmp/my dir", NULL, "d", NULL},
        {"postgresql://u:p@h/d?ssl=true", "u", "p", "h", NULL, "d", "require"},
        {"jdbc:postgresql://h:5432/d?user=u&password=p&sslmode=require", "u", "p", "h", "5432", "d", "require"},
        {"postgresql://u:p@h/d?sslmode=require&channel_binding=require&connect_timeout=10&application_name=x&"
         "target_session_attrs=any&keepalives=1&sslnegotiation=postgres",
         "u", "p", "h", NULL, "d", "require"},
        {"psql 'postgresql://neondb_owner:npg_x@" NEON "/neondb?sslmode=require&channel_binding=require'",
         "neondb_owner", "npg_x", NEON, NULL, "neondb", "require"},
        {"psql \"postgresql://u:p@h/d\"", "u", "p", "h", NULL, "d", NULL},
        {"psql postgresql://u:p@h/d\r\n", "u", "p", "h", NULL, "d", NULL},
        {"  'postgresql://u:p@h/d'  ", "u", "p", "h", NULL, "d", NULL},
        {"DATABASE_URL=\"postgresql://u:p@h/d\"", "u", "p", "h", NULL, "d", NULL},
        {"DATABASE_URL=postgresql://u:p@h/d", "u", "p", "h", NULL, "d", NULL},
        {"export DATABASE_URL='postgresql://u:p@h/d'", "u", "p", "h", NULL, "d", NULL},
        {"host=h port=5433 user=u password=p dbname=d sslmode=verify-full", "u", "p", "h", "5433", "d",
         "verify-full"},
        {" host = h\tuser= u\ndbname =d ", "u", NULL, "h", NULL, "d", NULL},
        {"user='a b' password='it\\'s \\\\ =' host=h", "a b", "it's \\ =", "h", NULL, NULL, NULL},
        {"password=p\\ q user=u\\'s host=h", "u's", "p q", "h", NULL, NULL, NULL},
        {"password=p; host=h", NULL, "p", "h", NULL, NULL, NULL},
        {"host=h user=u password=p;", "u", "p;", "h", NULL, NULL, NULL},
        {"host=h user=u password=a;b dbname=d", "u", "a;b", "h", NULL, "d", NULL},
        {"user='' host=h", NULL, NULL, "h", NULL, NULL, NULL},
        {"dbname=d", NULL, NULL, NULL, NULL, "d", NULL},
        {"psql \"host=h user=u\"", "u", NULL, "h", NULL, NULL, NULL},
        /* ADO.NET and ODBC */
        {"host=h;username=u;password=p;database=d", "u", "p", "h", NULL, "d", NULL},
        {"Host=h:5433; Username=u; Password=p=q; Database=d; SSL Mode=VerifyFull; Trust Server Certificate=true;", "u",
         "p=q", "h", "5433", "d", "verify-full"},
        {"Server=h;Port=5433;User Id=u;Password='p;''q';Database=\"d e\";SslMode=Require;Pooling=true", "u", "p;'q",
         "h", "5433", "d e", "require"},
        {"Driver={PostgreSQL Unicode};Server=h;Port=5433;Uid=u;Pwd={p}};q};Database=d;", "u", "p};q", "h", "5433", "d",
         NULL},
        {"Driver={PostgreSQL Unicode(x64)};Server=h;Port=5433;Uid=u;Pwd=p;Database=d;", "u", "p", "h", "5433", "d",
         NULL},
        /* commands */
        {"psql -h h -p 5433 -U u -d d", "u", NULL, "h", "5433", "d", NULL},
        {"psql -hh -p5433 -Uu d", "u", NULL, "h", "5433", "d", NULL},
        {"$ psql --host=h --username u --dbname=d -W", "u", NULL, "h", NULL, "d", NULL},
        {"PGPASSWORD='p q' psql -h h d u", "u", "p q", "h", NULL, "d", NULL},
        {"\"C:\\Program Files\\PostgreSQL\\17\\bin\\psql.exe\" -h h -U u \"d e\"", "u", NULL, "h", NULL, "d e", NULL},
        {"pg_dump -Fc -v \\\n  -h h -U u \\\n  -d d -f cmms.dump", "u", NULL, "h", NULL, "d", NULL},
        {"pg_dump \"postgresql://u:p@h/d?sslmode=require\" > cmms.sql", "u", "p", "h", NULL, "d", "require"},
        {"psql -d \"host=h user=u password=p\"", "u", "p", "h", NULL, NULL, NULL},
        /* lines of an .env file */
        {"PGHOST='h'\nPGDATABASE='d'\nPGUSER='u'\nPGPASSWORD='p#q'\nPGSSLMODE='require'\n", "u", "p#q", "h", NULL, "d",
         "require"},
        {"# ours\r\nDB_CONNECTION=pgsql\r\nDB_HOST=h\r\nDB_PORT=5433 # the port\r\nDB_DATABASE=d\r\nDB_USERNAME=u\r\n"
         "DB_PASSWORD=p q\r\n", "u", "p q", "h", "5433", "d", NULL},
        {"PGHOST=h PGUSER=u PGPASSWORD=p PGDATABASE=d", "u", "p", "h", NULL, "d", NULL},
        {"# postgresql://x:y@z/w\nDATABASE_URL=\"postgresql://u:p@h/d\"\nREDIS_URL=redis://x:y@z\n", "u", "p", "h",
         NULL, "d", NULL},
        {"DATABASE_URL=postgresql://u:p@" NEON "/d\nPOSTGRES_URL_NON_POOLING="
         "postgresql://u:p@ep-cool-darkness-123456.us-east-2.aws.neon.tech/d\nPGHOST_UNPOOLED=other", "u", "p", NEON,
         NULL, "d", NULL},
        {"$env:DATABASE_URL = \"postgresql://u:p@h/d\"", "u", "p", "h", NULL, "d", NULL},
        {"set DATABASE_URL=postgresql://u:p@h/d", "u", "p", "h", NULL, "d", NULL},
        {"ConnectionStrings__Default=Host=h;Username=u;Password=p;Database=d", "u", "p", "h", NULL, "d", NULL},
        /* around an address */
        {"  \"DATABASE_URL\": \"postgresql://u:p@h/d\",", "u", "p", "h", NULL, "d", NULL},
        {"url: postgresql://u:p@h/d", "u", "p", "h", NULL, "d", NULL},
        {"datasource db {\n  provider = \"postgresql\"\n  url = \"postgresql://u:p@h/d\"\n}", "u", "p", "h", NULL, "d",
         NULL},
        {"postgresql+psycopg2://u:p@h/d", "u", "p", "h", NULL, "d", NULL},
        {"postgresql://u:p@h/d?sslmode=require&amp;channel_binding=require&amp;port=5433", "u", "p", "h", "5433", "d",
         "require"},
        {"postgresql://u:a&amp;b@h/d", "u", "a&amp;b", "h", NULL, "d", NULL},
        {"postgresql://u:p@h/d?schema=public&pgbouncer=true&connection_limit=1&pool_timeout=0&sslaccept=strict&"
         "sslmode=no-verify", "u", "p", "h", NULL, "d", "require"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Connection c;
        Error err = ERROR_INIT;
        connection_init(&c);
        if (!connection_parse(&c, rows[i].text, &err)) {
            print_error("row %d: %s\n", (int)i, rows[i].text);
        }
        assert_int_equal(err.kind, EK_NONE);
        assert_same("user", c.user, rows[i].user);
        assert_same("password", c.password.bytes, rows[i].password);
        assert_same("host", c.host, rows[i].host);
        assert_same("port", c.port, rows[i].port);
        assert_same("database", c.database, rows[i].database);
        assert_same("sslmode", c.string_sslmode, rows[i].sslmode);
        connection_release(&c);
    }
}

static void other_parts(void **state)
{
    (void)state;
    Connection c;
    Error err = ERROR_INIT;
    connection_init(&c);
    assert_ok(connection_parse(&c, "postgresql://u@h/d?sslrootcert=C%3A%5Croots.pem&channel_binding=require&"
                                   "options=endpoint%3Dep-x%20-c%20a%3Db", &err), &err);
    assert_string_equal(c.sslrootcert, "C:\\roots.pem");
    assert_string_equal(c.channel_binding, "require");
    assert_string_equal(c.options, "endpoint=ep-x -c a=b");
    connection_release(&c);
}

/* Later sources win, and only where they say something. */
static void over_what_is_there(void **state)
{
    (void)state;
    Connection c;
    Error err = ERROR_INIT;
    connection_init(&c);
    assert_ok(connection_parse(&c, "postgresql://u:p@h:1/d?sslmode=require", &err), &err);
    assert_ok(connection_parse(&c, "postgresql:///other", &err), &err);
    assert_ok(connection_parse(&c, "port=2", &err), &err);
    assert_string_equal(c.user, "u");
    assert_string_equal(c.password.bytes, "p");
    assert_string_equal(c.host, "h");
    assert_string_equal(c.port, "2");
    assert_string_equal(c.database, "other");
    assert_string_equal(c.string_sslmode, "require");
    connection_release(&c);
}

/* Every row holds SECRET somewhere: what is said must not. */
static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message, *hint;
    } rows[] = {
        {"", "the connection string is empty", NULL},
        {"psql ''", "the connection string is empty", NULL},
        {"postgresql://u:SECRET@/d", "the connection string names no host", FORM_HINT},
        {"postgresql://", "the connection string names no host", FORM_HINT},
        {"postgresql://h/SECRET", "the connection string names no user", FORM_HINT},
        {"postgresql://:SECRET@h/d", "the connection string names no user", FORM_HINT},
        {"postgresql://u:SECRET@a,b/d", "the connection string names more than one host",
         "Name the one server whose database is to be backed up."},
        {"postgresql://u:SECRET@a:1,b:2/d",
         "the port in the connection string is not a number from 1 to 65535", PORT_HINT},
        {"host=a,b password=SECRET", "the connection string names more than one host",
         "Name the one server whose database is to be backed up."},
        {"postgresql://u:SEC/RET@h/d", "the connection string has an @ behind the slash of the database's name",
         PERCENT_HINT},
        {"postgresql://u:12/SECRET@h/d", "the connection string has an @ behind the slash of the database's name",
         PERCENT_HINT},
        {"postgresql://u:SECRET", "the port in the connection string is not a number from 1 to 65535", PORT_HINT},
        {"postgresql://u:SECRET@h:0/d", "the port in the connection string is not a number from 1 to 65535",
         PORT_HINT},
        {"postgresql://u:SECRET@h:65536/d", "the port in the connection string is not a number from 1 to 65535",
         PORT_HINT},
        {"postgresql://u:SECRET@h: 5/d", "the port in the connection string is not a number from 1 to 65535",
         PORT_HINT},
        {"postgresql://u:SECRET@h x/d", "the host in the connection string is not a host's name", PERCENT_HINT},
        {"postgresql://u:p%40SECRET%@h/d", "the password in the connection string has a wrong percent form",
         "A percent sign itself is written %25."},
        {"postgresql://u:SECRET%4@h/d", "the password in the connection string has a wrong percent form",
         "A percent sign itself is written %25."},
        {"postgresql://u:SECRET%zz@h/d", "the password in the connection string has a wrong percent form",
         "A percent sign itself is written %25."},
        {"postgresql://u:SECRET%00@h/d", "the password in the connection string has a wrong percent form",
         "A percent sign itself is written %25."},
        {"postgresql://u:SECRET%ff@h/d", "the password in the connection string has a wrong percent form",
         "A percent sign itself is written %25."},
        {"postgresql://u%:SECRET@h/d", "the user name in the connection string has a wrong percent form",
         "A percent sign itself is written %25."},
        {"postgresql://u:SECRET@[::1/d", "the connection string's \"[\" has no \"]\" after it", NULL},
        {"postgresql://u:SECRET@[::1]5/d", "the host in the connection string is not a host's name", PERCENT_HINT},
        {"postgresql://u:SECRET@h/d?sslmode", "a part after the \"?\" of the connection string has no name or no value",
         NULL},
        {"postgresql://u:SECRET@h/d?=x", "a part after the \"?\" of the connection string has no name or no value",
         NULL},
        {"postgresql://u:SECRET@h/d?sslmode=on", "sslmode in the connection string must be disable, allow, prefer, "
                                                 "require, verify-ca or verify-full", NULL},
        {"postgresql://u:SECRET@h/d?channel_binding=yes",
         "channel_binding in the connection string must be disable, prefer or require", NULL},
        {"postgresql://u:SECRET@h/d?ssl=false", "ssl in the connection string can only be true", NULL},
        {"postgresql://u:SECRET@h/d?sslcert=SECRET", "the connection string's \"sslcert\" is not supported", NULL},
        {"postgresql://u:SECRET@h/d?hostaddr=127.0.0.1", "the connection string's \"hostaddr\" is not supported", NULL},
        {"postgresql://u:SECRET@h/d?SECRET=1", "the connection string has a part that is not known", NULL},
        {"postgresql://h/d?user=u&password=x&secret=1", "the connection string has a part that is not known", NULL},
        {"service=SECRET", "the connection string's \"service\" is not supported", NULL},
        {"host=h;username=u;password=SEC;RETSECRET;database=d",
         "the host in the connection string is not a host's name", PERCENT_HINT},
        {"user=u;password=SEC;RETSECRET;database=d", "the user in the connection string is not a name", PERCENT_HINT},
        {"dbname=d;password=SECRET;nonsense", "the database in the connection string is not a name", PERCENT_HINT},
        {"sslrootcert=x;password=SECRET;nonsense", "sslrootcert in the connection string is not a file's name", NULL},
        {"jdbc:postgresql://u@h:5432/d;user=u;password=SECRET",
         "the database in the connection string is not a name", PERCENT_HINT},
        {"postgresql://u;password=SECRET@h/d", "the user in the connection string is not a name", PERCENT_HINT},
        {"postgresql://u@SECRET!/d", "the host in the connection string is not a host's name", PERCENT_HINT},
        {"Host=h;Password=SECRET;Integrated Security=true", "the connection string has a part that is not known",
         FORM_HINT},
        {"psql -h h -U u -d d --SECRET=1", "an option of the command that was pasted is not known",
         "Leave only -h, -p, -U and -d, or paste the address (postgresql://...)."},
        {"psql -h h d u SECRET", "the connection string has a part that is not known", FORM_HINT},
        {"psql -h \"h SECRET", "a quoted value in the connection string has no end", NULL},
        {"mysql -h h -u u -pSECRET", "part 1 of the connection string is not of the form name=value",
         "A value that holds a space stands in single quotes."},
        {"SOMETHING=else\nAPI_KEY=SECRET\n", "the connection string has a part that is not known", FORM_HINT},
        {"A=postgresql://u:SECRET@h/d\nB=postgresql://u:SECRET@h/e", "what was pasted names more than one database",
         "Paste the one address of the database that is to be backed up."},
        {"DB_HOST=h\nDB_PORT=SECRET\n", "the port in the connection string is not a number from 1 to 65535",
         PORT_HINT},
        {"host=h password=my SECRET", "part 3 of the connection string is not of the form name=value",
         "A value that holds a space stands in single quotes."},
        {"host=h password=my secret=SECRET", "the connection string has a part that is not known", NULL},
        {"host=h password='SECRET", "a quoted value in the connection string has no end", NULL},
        {"SECRET", "part 1 of the connection string is not of the form name=value",
         "A value that holds a space stands in single quotes."},
        {"=SECRET", "part 1 of the connection string is not of the form name=value",
         "A value that holds a space stands in single quotes."},
        {"https://u:SECRET@h/d?a=b", "the connection string has a part that is not known", NULL},
        {"postgresql://u:SECRET\xFF@h/d", "the connection string is not UTF-8", NULL},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Connection c;
        Error err = ERROR_INIT;
        connection_init(&c);
        secret_set(&c.password, "as it was", 9);
        if (connection_parse(&c, rows[i].text, &err)) {
            print_error("row %d was accepted: %s\n", (int)i, rows[i].text);
            fail();
        }
        char *text = error_text(&err);
        if (strstr(text, "SECRET") || strstr(text, "secret")) {
            print_error("row %d: the secret is told: %s\n", (int)i, text);
            fail();
        }
        mem_free(text);
        assert_same("hint", err.hint, rows[i].hint);
        assert_null(err.detail);
        assert_error(&err, EK_USAGE, rows[i].message);
        assert_null(c.host);
        assert_null(c.user);
        assert_string_equal(c.password.bytes, "as it was");
        connection_release(&c);
    }
    char *long_text = mem_alloc(9000);
    memset(long_text, 'x', 8999);
    Connection c;
    Error err = ERROR_INIT;
    connection_init(&c);
    assert_fails(connection_parse(&c, long_text, &err), &err, EK_USAGE, "the connection string is too long");
    mem_free(long_text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(understood), cmocka_unit_test(other_parts),
                                       cmocka_unit_test(over_what_is_there), cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
