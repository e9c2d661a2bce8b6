/* machine_win.c: what only Windows has. test_machine.c has what both platforms promise. */
#include "test_util.h"

#include <windows.h>

#include "platform/wide.h"
#include "store/folder.h"

#define OURS L"Software\\cmms-backup-test"
#define GUARD L"Microsoft\\Windows Defender\\Windows Defender Exploit Guard\\Controlled Folder Access"

/* For this process HKEY_LOCAL_MACHINE is a key of the test's own; a mark shows it, so that nothing comes into the real
 * one. */
static int set_up(void **state)
{
    const DWORD mark = 1;
    HKEY key = NULL;

    (void)state;
    RegDeleteTreeW(HKEY_CURRENT_USER, OURS);
    if (RegCreateKeyExW(HKEY_CURRENT_USER, OURS, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key, NULL) != ERROR_SUCCESS)
        return 1;
    LSTATUS code = RegOverridePredefKey(HKEY_LOCAL_MACHINE, key);
    RegCloseKey(key);
    if (code == ERROR_SUCCESS)
        code = RegSetKeyValueW(HKEY_CURRENT_USER, OURS L"\\SOFTWARE\\mark", L"mark", REG_DWORD, &mark, sizeof mark);
    if (code == ERROR_SUCCESS)
        code = RegGetValueW(HKEY_LOCAL_MACHINE, L"SOFTWARE\\mark", L"mark", RRF_RT_REG_DWORD, NULL, NULL, NULL);
    return code == ERROR_SUCCESS ? 0 : 1;
}

static int tear_down(void **state)
{
    (void)state;
    RegOverridePredefKey(HKEY_LOCAL_MACHINE, NULL);
    RegDeleteTreeW(HKEY_CURRENT_USER, OURS);
    return 0;
}

static void set(const wchar_t *key, const wchar_t *name, DWORD value)
{
    assert_int_equal(RegSetKeyValueW(HKEY_LOCAL_MACHINE, key, name, REG_DWORD, &value, sizeof value), ERROR_SUCCESS);
}

/* "Controlled folder access": on, only watching, switched off by a policy, on with this program allowed. */
static void documents_are_guarded(void **state)
{
    static const wchar_t by_user[] = L"SOFTWARE\\" GUARD, by_policy[] = L"SOFTWARE\\Policies\\" GUARD;
    static const wchar_t name[] = L"EnableControlledFolderAccess";
    char *program = machine_program_path();
    wchar_t *wide = wide_from_utf8(program);

    (void)state;
    assert_false(machine_guards_documents());
    set(by_user, name, 2);
    assert_false(machine_guards_documents());
    set(by_user, name, 1);
    assert_true(machine_guards_documents());
    set(by_policy, name, 0);
    assert_false(machine_guards_documents());
    set(by_policy, name, 1);
    set(by_user, name, 0);
    assert_true(machine_guards_documents());
    set(L"SOFTWARE\\" GUARD L"\\AllowedApplications", L"C:\\other.exe", 0);
    assert_true(machine_guards_documents());
    set(L"SOFTWARE\\" GUARD L"\\AllowedApplications", wide, 0);
    assert_false(machine_guards_documents());
    mem_free(wide);
    mem_free(program);
}

/* What lies in Documents is guarded then, and a folder there that cannot be used is told so. */
static void a_folder_there_is_guarded(void **state)
{
    char *documents = machine_documents_dir();
    assert_non_null(documents);
    char *inside = fs_join(documents, "AIT_CMMS_Backups");

    (void)state;
    assert_false(folder_is_guarded(inside));
    set(L"SOFTWARE\\" GUARD, L"EnableControlledFolderAccess", 1);
    assert_true(folder_is_guarded(inside));
    assert_false(folder_is_guarded("D:\\Backups"));
    mem_free(inside);
    mem_free(documents);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {TEST(documents_are_guarded), TEST(a_folder_there_is_guarded)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
