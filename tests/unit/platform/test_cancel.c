#include "test_util.h"

#include "platform/cancel.h"
#include "platform/thread.h"

static void starts_unrequested(void **state)
{
    (void)state;
    Cancel *cancel = cancel_new();
    assert_false(cancel_requested(cancel));
    assert_false(cancel_wait(cancel, 0));
    assert_false(cancel_wait(cancel, 2));
    cancel_request(cancel);
    assert_true(cancel_requested(cancel));
    assert_true(cancel_wait(cancel, 0));
    cancel_request(cancel); /* twice is once */
    assert_true(cancel_wait(cancel, 60000));
    cancel_free(cancel);
}

static void null_is_never(void **state)
{
    (void)state;
    assert_false(cancel_requested(NULL));
    assert_false(cancel_wait(NULL, 1));
    cancel_free(NULL);
}

static void request_it(void *argument)
{
    cancel_request(argument);
}

static void another_thread_ends_the_wait(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        Cancel *cancel = cancel_new();
        Thread *thread = thread_start(request_it, cancel);
        assert_true(cancel_wait(cancel, 60000));
        thread_join(thread);
        cancel_free(cancel);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_unrequested),
        cmocka_unit_test(null_is_never),
        cmocka_unit_test(another_thread_ends_the_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
