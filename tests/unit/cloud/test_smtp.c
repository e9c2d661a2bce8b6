#include "test_util.h"

#include "cloud/smtp.h"

static void addresses(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        bool good;
    } rows[] = {
        {"smtp://mail.example.com", true}, {"smtps://mail.example.com:465", true}, {"smtps://mail.example.com/", true},
        {"smtps://[::1]:465", true},       {"mail.example.com", false},            {"SMTPS://mail.example.com", false},
        {"smtps://a@mail.example.com", false}, {"smtps://mail.example.com/x", false}, {"smtps:///", false},
        {"smtps://mail.example.com?x", false}, {"http://mail.example.com", false},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        Error err = ERROR_INIT;
        if (rows[i].good) {
            assert_ok(smtp_address_check(rows[i].address, &err), &err);
        } else {
            assert_fails(smtp_address_check(rows[i].address, &err), &err, EK_SETTINGS,
                         "the address of the mail server cannot be used");
        }
    }
}

static void nobody_answers(void **state)
{
    (void)state;
    const SmtpMail mail = {.address = "smtps://127.0.0.1:1", .from = "a@b.c", .to = "d@e.f", .text = "x\r\n",
                           .seconds = 20};
    Error err = ERROR_INIT;
    assert_fails(smtp_send(&mail, NULL, &err), &err, EK_CONNECT, "nothing answers at 127.0.0.1:1");
    const SmtpMail other = {.address = "https://127.0.0.1:1", .from = "a@b.c", .to = "d@e.f", .text = "x\r\n",
                            .seconds = 20};
    assert_fails(smtp_send(&other, NULL, &err), &err, EK_SETTINGS, "the address of the mail server cannot be used");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(addresses), cmocka_unit_test(nobody_answers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
