/*
 * rights_win.c: whose a folder is, who may do what with a file; and a token with fewer rights, for a server that must
 * not be an administrator.
 *
 * The groups that PostgreSQL looks for (Administrators, Power Users) are made deny-only, and every privilege but
 * that of passing through folders is dropped. The default access list of an elevated token names only the
 * Administrators and the system: the child could then not open what it makes itself (its own pipes, its threads'
 * events), so the user is added to it.
 */
#include <windows.h>

#include <aclapi.h>
#include <sddl.h>

#include "base/mem.h"
#include "platform/fs.h"
#include "platform/wide.h"
#include "win_private.h"

static DWORD token_information(HANDLE token, TOKEN_INFORMATION_CLASS kind, void **out)
{
    DWORD size = 0;
    DWORD code = 0;

    GetTokenInformation(token, kind, NULL, 0, &size);
    if (size == 0)
        return GetLastError();
    *out = mem_alloc(size);
    if (!GetTokenInformation(token, kind, *out, size, &size)) {
        code = GetLastError();
        mem_free(*out);
        *out = NULL;
    }
    return code;
}

/* What the token's owner makes, the user may use. */
static DWORD grant_user(HANDLE token)
{
    TOKEN_USER *user = NULL;
    TOKEN_DEFAULT_DACL *old = NULL;
    TOKEN_DEFAULT_DACL new = {NULL};
    EXPLICIT_ACCESSW access = {.grfAccessPermissions = GENERIC_ALL, .grfAccessMode = GRANT_ACCESS};
    DWORD code = token_information(token, TokenUser, (void **)&user);

    if (code == 0)
        code = token_information(token, TokenDefaultDacl, (void **)&old);
    if (code == 0) {
        access.Trustee.TrusteeForm = TRUSTEE_IS_SID;
        access.Trustee.TrusteeType = TRUSTEE_IS_USER;
        access.Trustee.ptstrName = (wchar_t *)user->User.Sid;
        code = SetEntriesInAclW(1, &access, old->DefaultDacl, &new.DefaultDacl);
    }
    if (code == 0 && !SetTokenInformation(token, TokenDefaultDacl, &new, sizeof new))
        code = GetLastError();
    if (new.DefaultDacl != NULL)
        LocalFree(new.DefaultDacl);
    mem_free(old);
    mem_free(user);
    return code;
}

unsigned long token_without_rights(void **out)
{
    static const WELL_KNOWN_SID_TYPE groups[2] = {WinBuiltinAdministratorsSid, WinBuiltinPowerUsersSid};
    SID_AND_ATTRIBUTES drop[2] = {{NULL, 0}, {NULL, 0}};
    HANDLE ours = NULL;
    HANDLE token = NULL;
    DWORD code = 0;

    for (size_t i = 0; i < 2 && code == 0; i++) {
        DWORD size = SECURITY_MAX_SID_SIZE;

        drop[i].Sid = mem_alloc(size);
        if (!CreateWellKnownSid(groups[i], NULL, drop[i].Sid, &size))
            code = GetLastError();
    }
    if (code == 0 && !OpenProcessToken(GetCurrentProcess(),
                                       TOKEN_QUERY | TOKEN_DUPLICATE | TOKEN_ASSIGN_PRIMARY | TOKEN_ADJUST_DEFAULT,
                                       &ours))
        code = GetLastError();
    if (code == 0 && !CreateRestrictedToken(ours, DISABLE_MAX_PRIVILEGE, 2, drop, 0, NULL, 0, NULL, &token))
        code = GetLastError();
    if (code == 0)
        code = grant_user(token);
    if (code == 0) {
        *out = token;
        token = NULL;
    }
    if (token != NULL)
        CloseHandle(token);
    if (ours != NULL)
        CloseHandle(ours);
    for (size_t i = 0; i < 2; i++)
        mem_free(drop[i].Sid);
    return code;
}

/* --- folders ------------------------------------------------------------------------------------------- */

/* NULL: it cannot be asked. The caller frees it with mem_free. */
static TOKEN_USER *current_user(void)
{
    TOKEN_USER *user = NULL;
    HANDLE token = NULL;

    if (OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) {
        token_information(token, TokenUser, (void **)&user);
        CloseHandle(token);
    }
    return user;
}

/* For this user, the system and the administrators, and with nothing that the folder above would add. NULL: the system
 * gives none. The caller frees it with LocalFree. */
static PSECURITY_DESCRIPTOR private_rights(void)
{
    TOKEN_USER *user = current_user();
    PSECURITY_DESCRIPTOR rights = NULL;
    wchar_t *sid = NULL;

    if (user != NULL && ConvertSidToStringSidW(user->User.Sid, &sid)) {
        char *name = utf8_from_wide(sid);
        char *text = mem_printf("D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;%s)", name);
        wchar_t *wide = wide_from_utf8(text);

        if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(wide, SDDL_REVISION_1, &rights, NULL))
            rights = NULL;
        mem_free(wide);
        mem_free(text);
        mem_free(name);
        LocalFree(sid);
    }
    mem_free(user);
    return rights;
}

bool fs_make_private_dir(const char *path, Error *err)
{
    SECURITY_ATTRIBUTES attributes = {sizeof attributes, private_rights(), FALSE};
    char *parent = fs_dir_name(path);
    wchar_t *wide = NULL;
    bool ok = fs_make_dirs(parent, err) && wide_path(path, &wide, err);
    DWORD code = 0;

    if (ok && !CreateDirectoryW(wide, &attributes))
        code = GetLastError();
    if (code != 0 && code != ERROR_ALREADY_EXISTS)
        ok = error_set_os(err, EK_IO, (long)code, "could not make the folder \"%s\"", path);
    if (attributes.lpSecurityDescriptor != NULL)
        LocalFree(attributes.lpSecurityDescriptor);
    mem_free(wide);
    mem_free(parent);
    return ok;
}

bool fs_dir_is_ours(const char *path)
{
    TOKEN_USER *user = current_user();
    PSECURITY_DESCRIPTOR rights = NULL;
    PSID owner = NULL;
    wchar_t *wide = NULL;
    bool ours = false;

    if (user != NULL && wide_path(path, &wide, NULL) &&
        GetNamedSecurityInfoW(wide, SE_FILE_OBJECT, OWNER_SECURITY_INFORMATION, &owner, NULL, NULL, NULL, &rights) ==
            ERROR_SUCCESS)
        ours = EqualSid(owner, user->User.Sid) || IsWellKnownSid(owner, WinBuiltinAdministratorsSid) ||
               IsWellKnownSid(owner, WinLocalSystemSid);
    if (rights != NULL)
        LocalFree(rights);
    mem_free(wide);
    mem_free(user);
    return ours;
}

/* --- files --------------------------------------------------------------------------------------------- */

/* Whether somebody gave the file rights of its own, beside those that come from its folder. */
static bool has_own_rights(PACL list, PSECURITY_DESCRIPTOR rights)
{
    SECURITY_DESCRIPTOR_CONTROL control = 0;
    DWORD revision = 0;

    if (list == NULL || !GetSecurityDescriptorControl(rights, &control, &revision))
        return false;
    if ((control & SE_DACL_PROTECTED) != 0)
        return true;
    for (DWORD i = 0; i < list->AceCount; i++) {
        void *ace = NULL;

        if (GetAce(list, i, &ace) && (((const ACE_HEADER *)ace)->AceFlags & INHERITED_ACE) == 0)
            return true;
    }
    return false;
}

/* A file that is renamed over another brings the rights that it got from its folder when it was made. */
void fs_take_rights(const char *from, const char *to)
{
    PSECURITY_DESCRIPTOR rights = NULL;
    SECURITY_DESCRIPTOR_CONTROL control = 0;
    DWORD revision = 0;
    PACL list = NULL;
    wchar_t *wide_from = NULL;
    wchar_t *wide_to = NULL;

    if (wide_path(from, &wide_from, NULL) && wide_path(to, &wide_to, NULL) &&
        GetNamedSecurityInfoW(wide_from, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL, &list, NULL,
                              &rights) == ERROR_SUCCESS &&
        has_own_rights(list, rights) && GetSecurityDescriptorControl(rights, &control, &revision))
        SetNamedSecurityInfoW(wide_to, SE_FILE_OBJECT,
                              DACL_SECURITY_INFORMATION | ((control & SE_DACL_PROTECTED) != 0
                                                               ? PROTECTED_DACL_SECURITY_INFORMATION
                                                               : UNPROTECTED_DACL_SECURITY_INFORMATION),
                              NULL, NULL, list, NULL);
    if (rights != NULL)
        LocalFree(rights);
    mem_free(wide_to);
    mem_free(wide_from);
}
