#include "platform/session.h"

void session_watch(Cancel *cancel)
{
    (void)cancel;
}
