#include "test_util.h"

#include "cloud/address.h"

static void understands_links(void **state)
{
    (void)state;
    static const struct {
        const char *link, *host, *path; /* path NULL: a sharing link */
    } cases[] = {
        {"https://contoso.sharepoint.com/sites/Maintenance/Shared%20Documents/Backups", "contoso.sharepoint.com",
         "/sites/Maintenance/Shared Documents/Backups"},
        {"  HTTPS://Contoso.SharePoint.com/sites/M/ \n", "contoso.sharepoint.com", "/sites/M"},
        {"https://contoso.sharepoint.com", "contoso.sharepoint.com", ""},
        {"https://contoso.sharepoint.com//sites//M//", "contoso.sharepoint.com", "/sites/M"},
        {"https://contoso.sharepoint.com/sites/M/Docs/Forms/AllItems.aspx", "contoso.sharepoint.com",
         "/sites/M/Docs"},
        {"https://contoso.sharepoint.com/sites/M/Docs/Forms/AllItems.aspx?viewid=1&id=%2Fsites%2FM%2FDocs%2Fa%20%23%25"
         "%26%27%C3%BC&x=1", "contoso.sharepoint.com", "/sites/M/Docs/a #%&'\xC3\xBC"},
        {"https://contoso.sharepoint.com/sites/M/Docs/Forms/AllItems.aspx?RootFolder=%2Fsites%2FM%2FDocs%2Fb+c#x",
         "contoso.sharepoint.com", "/sites/M/Docs/b+c"},
        {"https://contoso.sharepoint.com/sites/M/Docs/Forms/AllItems.aspx?id=%2F..%2Fx", "contoso.sharepoint.com",
         "/sites/M/Docs"},
        {"https://contoso.sharepoint.com/:f:/r/sites/M/Shared%20Documents/B?csf=1&web=1&e=abc",
         "contoso.sharepoint.com", "/sites/M/Shared Documents/B"},
        {"https://contoso.sharepoint.com/:f:/s/M/EabcDEF_-123?e=xyz", "contoso.sharepoint.com", NULL},
        {"https://contoso-my.sharepoint.com/personal/ann_contoso_com/Documents", "contoso-my.sharepoint.com",
         "/personal/ann_contoso_com/Documents"},
        {"https://contoso.sharepoint.com/sites/M/Docs/Lists", "contoso.sharepoint.com", "/sites/M/Docs/Lists"},
        {"https://contoso.sharepoint.us/sites/M", "contoso.sharepoint.us", "/sites/M"},
        {"http://127.0.0.1:8080/sites/M", "127.0.0.1:8080", "/sites/M"},
        {"http://localhost:8080/sites/M", "localhost:8080", "/sites/M"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        CloudAddress address;
        Error err = ERROR_INIT;
        cloud_address_init(&address);
        assert_ok(cloud_address_parse(cases[i].link, &address, &err), &err);
        assert_string_equal(address.host, cases[i].host);
        if (cases[i].path == NULL) {
            assert_null(address.path);
        } else {
            assert_string_equal(address.path, cases[i].path);
        }
        cloud_address_release(&address);
    }
}

static void makes_the_token_of_a_link(void **state)
{
    (void)state;
    CloudAddress address;
    Error err = ERROR_INIT;
    cloud_address_init(&address);
    assert_ok(cloud_address_parse("https://contoso.sharepoint.com/sites/Maintenance/Shared%20Documents/Backups",
                                  &address, &err), &err);
    assert_string_equal(address.share, "u!aHR0cHM6Ly9jb250b3NvLnNoYXJlcG9pbnQuY29tL3NpdGVzL01haW50ZW5hbmNlL1NoYXJlZC"
                                       "UyMERvY3VtZW50cy9CYWNrdXBz");
    cloud_address_release(&address);
}

static void names_what_a_link_is_else(void **state)
{
    (void)state;
    static const struct {
        const char *link, *message;
    } cases[] = {
        {"", "this is not a link to SharePoint"},
        {"Documents/Backups", "this is not a link to SharePoint"},
        {"https://", "this is not a link to SharePoint"},
        {"https://\xFF.sharepoint.com/", "this is not a link to SharePoint"},
        {"https://contoso.sharepoint.com@evil.example/", "this is not a link to SharePoint"},
        {"https://contoso.sharepoint.com:444/", "this is not a link to SharePoint"},
        {"http://contoso.sharepoint.com/sites/M", "the link does not begin with https"},
        {"http://127.evil.example/", "the link does not begin with https"},
        {"https://example.org/sites/M", "example.org is not a SharePoint"},
        {"https://sharepoint.com/sites/M", "sharepoint.com is not a SharePoint"},
        {"https://.sharepoint.com/sites/M", ".sharepoint.com is not a SharePoint"},
        {"https://evilsharepoint.com/sites/M", "evilsharepoint.com is not a SharePoint"},
        {"https://1drv.ms/f/s!abc", "the link leads to a private OneDrive, not to SharePoint"},
        {"https://teams.microsoft.com/l/channel/x", "the link leads to Teams, not to SharePoint"},
        {"https://contoso.sharepoint.com/:x:/s/M/Eabc", "the link leads to a file or a page, not to a folder"},
        {"https://contoso.sharepoint.com/:u:/r/sites/M/x", "the link leads to a file or a page, not to a folder"},
        {"https://contoso.sharepoint.com/sites/M/_layouts/15/Doc.aspx?x=1",
         "the link leads to a page, not to a folder"},
        {"https://contoso.sharepoint.com/sites/M/SitePages/Home.aspx", "the link leads to a page, not to a folder"},
        {"https://contoso.sharepoint.com/sites/M/Lists/Tasks/AllItems.aspx",
         "the link leads to a list, not to a library of documents"},
        {"https://contoso.sharepoint.com/sites/M/../N", "the link is damaged"},
        {"https://contoso.sharepoint.com/sites/M%2", "the link is damaged"},
        {"https://contoso.sharepoint.com/sites/M%00", "the link is damaged"},
        {"https://contoso.sharepoint.com/sites/%C3", "the link is damaged"},
        {"https://contoso.sharepoint.com/sites/a\\b", "the link is damaged"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        CloudAddress address;
        Error err = ERROR_INIT;
        cloud_address_init(&address);
        assert_fails(cloud_address_parse(cases[i].link, &address, &err), &err, EK_USAGE, cases[i].message);
        assert_null(address.host);
    }
    StrBuf deep;
    strbuf_init(&deep, STRBUF_LINE);
    strbuf_addstr(&deep, "https://contoso.sharepoint.com/");
    for (int i = 0; i < 400; i++) {
        strbuf_addstr(&deep, "%C3%BC");
    }
    CloudAddress address;
    Error err = ERROR_INIT;
    cloud_address_init(&address);
    assert_fails(cloud_address_parse(deep.buf, &address, &err), &err, EK_USAGE,
                 "the link leads deeper than the 400 characters that SharePoint takes");
    strbuf_setlen(&deep, deep.len - 6); /* its slash is one */
    assert_ok(cloud_address_parse(deep.buf, &address, &err), &err);
    cloud_address_release(&address);
    strbuf_release(&deep);
}

static void knows_sharepoints_names(void **state)
{
    (void)state;
    static const char *const good[] = {"cmms_backup_20260119_143052.backup", "a # % & ' \xC3\xBC", "COM", "COM10",
                                       "CON.txt", "lock", "x.manifest.json.partial"};
    static const char *const bad[] = {"", "a*b", "a:b", "a<b", "a>b", "a?b", "a/b", "a\\b", "a|b", "a\"b", " a", "a ",
                                      "a.", ".lock", "con", "PRN", "aux", "Nul", "com0", "LPT9", "a_vti_b",
                                      "Desktop.ini", "~$a", "a\tb", "\xFF"};
    for (size_t i = 0; i < TEST_COUNT(good); i++) {
        Error err = ERROR_INIT;
        assert_ok(cloud_name_check(good[i], &err), &err);
    }
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        assert_false(cloud_name_check(bad[i], NULL));
    }
    Error err = ERROR_INIT;
    assert_false(cloud_name_check("a.", &err));
    assert_string_equal(err.detail, "it ends with a full stop");
    assert_error(&err, EK_USAGE, "SharePoint does not take the name \"a.\"");
    char *longest = mem_alloc(257);
    for (size_t i = 0; i < 256; i++) {
        longest[i] = 'a';
    }
    assert_false(cloud_name_check(longest, NULL));
    longest[255] = '\0';
    assert_true(cloud_name_check(longest, NULL));
    mem_free(longest);
}

static void encodes_by_segment(void **state)
{
    (void)state;
    StrBuf sb;
    strbuf_init(&sb, STRBUF_SMALL);
    cloud_encode_path(&sb, "/a b/#%&'+\xC3\xBC/x~-._9");
    assert_string_equal(sb.buf, "/a%20b/%23%25%26%27%2B%C3%BC/x~-._9");
    strbuf_clear(&sb);
    cloud_encode(&sb, "a/b");
    assert_string_equal(sb.buf, "a%2Fb");
    strbuf_release(&sb);
}

static void knows_the_hosts(void **state)
{
    (void)state;
    static const char *const loopback[] = {"localhost", "LOCALHOST:8", "127.0.0.1", "127.1.2.3:80", "[::1]", "[::1]:9"};
    static const char *const others[] = {"127.evil.example", "127.0.0.1.evil", "127.0.0", "127.0.0.1:", "127.0.0.1:x",
                                         "127..0.1", "localhost.evil", "[::2]", "[::1", "128.0.0.1", "", "127."};
    for (size_t i = 0; i < TEST_COUNT(loopback); i++) {
        assert_true(cloud_is_loopback(loopback[i]));
    }
    for (size_t i = 0; i < TEST_COUNT(others); i++) {
        assert_false(cloud_is_loopback(others[i]));
    }
    assert_text(cloud_url_host("https://A.sharepoint.com/x"), "a.sharepoint.com");
    assert_text(cloud_url_host("http://127.0.0.1:80?x"), "127.0.0.1:80");
    assert_null(cloud_url_host("http://a.sharepoint.com/x"));
    assert_null(cloud_url_host("https://u@a.sharepoint.com/x"));
    assert_string_equal(cloud_endpoints_of("c.sharepoint-mil.us")->graph, "https://dod-graph.microsoft.us");
    assert_string_equal(cloud_endpoints_of("c.sharepoint.cn")->login, "https://login.chinacloudapi.cn");
    assert_null(cloud_endpoints_of("127.0.0.1"));
    assert_string_equal(cloud_endpoints("global")->graph, "https://graph.microsoft.com");
    assert_string_equal(cloud_endpoints("gcc-high")->login, "https://login.microsoftonline.us");
    assert_null(cloud_endpoints("moon"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(understands_links),        cmocka_unit_test(makes_the_token_of_a_link),
        cmocka_unit_test(names_what_a_link_is_else), cmocka_unit_test(knows_sharepoints_names),
        cmocka_unit_test(encodes_by_segment),       cmocka_unit_test(knows_the_hosts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
