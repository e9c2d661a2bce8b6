#include "platform/conditions.h"

void conditions_ask(Conditions *conditions)
{
    (void)conditions;
}
