#include "platform/conditions.h"

void conditions_ask(Conditions *conditions, bool network)
{
    (void)conditions;
    (void)network;
}
