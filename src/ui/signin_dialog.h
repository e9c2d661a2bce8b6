/* signin_dialog.h: name and password of a manager, at the start and after a lock. */
#ifndef CMMS_UI_SIGNIN_DIALOG_H
#define CMMS_UI_SIGNIN_DIALOG_H

#include <windows.h>

#include "base/error.h"
#include "jobs/signin.h"
#include "postgres/connection.h"

typedef enum SigninEnd {
    SIGNIN_DONE,       /* *user is who signed in */
    SIGNIN_LEFT,       /* the user would rather leave */
    SIGNIN_NO_ANSWER   /* the database cannot say, and *err why */
} SigninEnd;

typedef struct SigninQuestion {
    Signin *signin;
    const Connection *connection;
    const char *folder; /* for the audit log */
    const char *name;   /* to begin with, or NULL */
    bool locked;        /* it is the window's unlocking */
} SigninQuestion;

SigninEnd signin_dialog_run(HWND owner, const SigninQuestion *question, SigninUser *user, Error *err);

#endif
