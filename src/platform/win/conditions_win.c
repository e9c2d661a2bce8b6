/*
 * conditions_win.c: GetSystemPowerStatus, and the cost of the network (Windows 8 and newer) through COM, which is begun
 * for the call and ended after it; on a thread that has it already in another way (the window's), it is used as it is.
 */
#include "platform/conditions.h"

#define COBJMACROS
#include <windows.h>

#include <netlistmgr.h>

#define OFFLINE 0u      /* SYSTEM_POWER_STATUS.ACLineStatus */
#define NO_BATTERY 128u /* .BatteryFlag */
#define UNKNOWN 255u    /* of both, and of the per cent */

static const CLSID list_manager = {0xdcb00c01, 0x570f, 0x4a9b, {0x8d, 0x69, 0x19, 0x9f, 0xdb, 0xa5, 0x72, 0x3b}};
static const IID cost_manager = {0xdcb00008, 0x570f, 0x4a9b, {0x8d, 0x69, 0x19, 0x9f, 0xdb, 0xa5, 0x72, 0x3b}};

static void ask_power(Conditions *conditions)
{
    SYSTEM_POWER_STATUS status;
    if (!GetSystemPowerStatus(&status) || status.ACLineStatus != OFFLINE || status.BatteryFlag == UNKNOWN ||
        (status.BatteryFlag & NO_BATTERY) != 0) {
        return;
    }
    conditions->on_battery = true;
    conditions->battery_percent = status.BatteryLifePercent <= 100 ? (int)status.BatteryLifePercent : -1;
}

/* Of the machine's way to the internet: which one leads to the server is Windows' choice, and may change. */
static void ask_network(Conditions *conditions)
{
    static const DWORD counted = NLM_CONNECTION_COST_FIXED | NLM_CONNECTION_COST_VARIABLE |
                                 NLM_CONNECTION_COST_OVERDATALIMIT | NLM_CONNECTION_COST_ROAMING;
    const bool began = SUCCEEDED(CoInitializeEx(NULL, COINIT_MULTITHREADED));
    INetworkCostManager *manager = NULL;
    DWORD cost = NLM_CONNECTION_COST_UNKNOWN;
    if (SUCCEEDED(CoCreateInstance(&list_manager, NULL, CLSCTX_ALL, &cost_manager, (void **)&manager))) {
        if (SUCCEEDED(INetworkCostManager_GetCost(manager, &cost, NULL))) {
            conditions->metered = (cost & counted) != 0;
        }
        INetworkCostManager_Release(manager);
    }
    if (began) {
        CoUninitialize();
    }
}

void conditions_ask(Conditions *conditions, bool network)
{
    ask_power(conditions);
    if (network) {
        ask_network(conditions);
    }
}
