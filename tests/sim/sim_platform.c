/* sim_platform.c: clock, waiting, the machine and its random numbers. Zones are the C library's own (TZ). */
#include "sim.h"

#include "base/secret.h"
#include "cloud/graph.h"
#include "cloud/receiver.h"
#include "platform/clock.h"
#include "platform/conditions.h"
#include "platform/machine.h"
#include "platform/process.h"
#include "platform/roots.h"
#include "platform/thread.h"

PLAY(clock_now)
PLAY(clock_monotonic_ms)
PLAY(cancel_new)
PLAY(cancel_free)
PLAY(cancel_request)
PLAY(cancel_requested)
PLAY(cancel_wait)
PLAY(conditions_look)
PLAY(machine_random)
PLAY(machine_host_name)
PLAY(machine_user_name)
PLAY(machine_documents_dir)
PLAY(machine_guards_documents)
PLAY(machine_home_dir)
PLAY(machine_temp_dir)
PLAY(machine_program_dir)
PLAY(machine_program_path)
PLAY(machine_local_data_dir)
PLAY(machine_getenv)
PLAY(machine_secret_load)
PLAY(machine_secret_save)
PLAY(machine_secret_delete)
PLAY(roots_get)
PLAY(roots_fetch)
PLAY(roots_renew)
PLAY(receivers_load)
PLAY(receiver_send)
PLAY(thread_give_way)
PLAY(thread_join)
PLAY(graph_new)
PLAY(process_run)
PLAY(thread_start)
PLAY(thread_start_detached)

/* --- time ------------------------------------------------------------------------------------------------- */

int64_t __wrap_clock_now(void)
{
    return sim_now() + sim.pcs[sim_pc()].ahead;
}

uint64_t __wrap_clock_monotonic_ms(void)
{
    return (uint64_t)sim.ms;
}

struct Cancel {
    bool requested;
};

Cancel *__wrap_cancel_new(void)
{
    return mem_alloc(sizeof(Cancel));
}

void __wrap_cancel_free(Cancel *cancel)
{
    mem_free(cancel);
}

void __wrap_cancel_request(Cancel *cancel)
{
    cancel->requested = true;
}

bool __wrap_cancel_requested(const Cancel *cancel)
{
    return cancel && cancel->requested;
}

bool __wrap_cancel_wait(const Cancel *cancel, unsigned ms)
{
    if (!__wrap_cancel_requested(cancel)) {
        sim_pass(ms);
    }
    return __wrap_cancel_requested(cancel);
}

/* --- what slots wait for ----------------------------------------------------------------------------------- */

void __wrap_conditions_look(Conditions *conditions, bool network)
{
    (void)network;
    const bool low = sim.pcs[sim_pc()].low_until > sim_now();
    *conditions = (Conditions){.on_battery = low, .battery_percent = low ? 12 : -1};
}

/* --- who is told ------------------------------------------------------------------------------------------- */

/* A ping address, and one that wants to hear all. */
bool __wrap_receivers_load(Receivers *receivers, Error *err)
{
    (void)err;
    receivers->of[RECEIVER_PING].set = true;
    receivers->of[RECEIVER_WEBHOOK].set = true;
    return true;
}

bool __wrap_receiver_send(ReceiverKind kind, const Receiver *receiver, const Message *message, const Cancel *cancel,
                          Error *err)
{
    (void)receiver;
    (void)cancel;
    sim_check_secret("a notice", message->text, strlen(message->text));
    sim_pass(sim_between(50, 4000));
    sim_call();
    if (sim.pcs[sim_pc()].offline_until > sim_now() || (!sim.calm && sim_chance(30))) {
        return error_set(err, EK_CONNECT, "nothing answers there");
    }
    if (message->bad && kind != RECEIVER_PING) {
        sim_say("tells: %s: %.300s", message->title, message->text);
    }
    return true;
}

/* --- the machine ------------------------------------------------------------------------------------------ */

bool __wrap_machine_random(void *bytes, size_t len)
{
    unsigned char *at = bytes;
    for (size_t i = 0; i < len; i++) {
        at[i] = (unsigned char)(sim_draw(&sim.machine_random) >> 32);
    }
    return true;
}

char *__wrap_machine_host_name(void)
{
    return mem_strdup(sim.pcs[sim_pc()].name);
}

char *__wrap_machine_user_name(void)
{
    return mem_strdup(sim_pc() == 0 ? "ann" : "bob");
}

char *__wrap_machine_documents_dir(void)
{
    return fs_join(sim.pcs[sim_pc()].data, "Documents");
}

bool __wrap_machine_guards_documents(void)
{
    return false;
}

char *__wrap_machine_home_dir(void)
{
    return mem_strdup(sim.pcs[sim_pc()].data);
}

char *__wrap_machine_temp_dir(void)
{
    return mem_strdup(sim.pcs[sim_pc()].data);
}

char *__wrap_machine_program_dir(void)
{
    return mem_strdup("/program");
}

char *__wrap_machine_program_path(void)
{
    return mem_strdup("/program/cmms-backup");
}

char *__wrap_machine_local_data_dir(void)
{
    return mem_strdup(sim.pcs[sim_pc()].data);
}

char *__wrap_machine_getenv(const char *name)
{
    (void)name;
    return NULL;
}

bool __wrap_machine_secret_load(const char *target, struct Secret *secret)
{
    (void)target;
    secret_set(secret, SIM_PASSWORD, strlen(SIM_PASSWORD));
    return true;
}

bool __wrap_machine_secret_save(const char *target, const struct Secret *secret, struct Error *err)
{
    (void)target;
    (void)secret;
    (void)err;
    return true;
}

bool __wrap_machine_secret_delete(const char *target, struct Error *err)
{
    (void)target;
    (void)err;
    return true;
}

bool __wrap_roots_get(char **sslrootcert, Error *err)
{
    (void)err;
    *sslrootcert = mem_strdup("/program/roots.pem");
    return true;
}

void __wrap_roots_fetch(const char *sslrootcert, const char *host, const char *port, const Cancel *cancel)
{
    (void)sslrootcert;
    (void)host;
    (void)port;
    (void)cancel;
}

bool __wrap_roots_renew(const char *sslrootcert)
{
    (void)sslrootcert;
    return false;
}

/* --- threads ----------------------------------------------------------------------------------------------- */

static char watcher; /* stands for the one that looks whether somebody wants the folder: sim_programs.c looks itself */

void __wrap_thread_give_way(bool yes)
{
    (void)yes;
}

void __wrap_thread_join(Thread *thread)
{
    if (thread && (void *)thread != (void *)&watcher) {
        sim_broken("simulation", "a real thread is awaited");
    }
}

/* --- what no simulation may reach --------------------------------------------------------------------------- */

bool __wrap_process_run(const ProcessSpec *spec, const Cancel *cancel, ProcessResult *result, Error *err)
{
    (void)cancel;
    (void)result;
    (void)err;
    sim_broken("simulation", "a real program would be started: %s", spec->program);
}

bool __wrap_graph_new(const GraphSetup *setup, Graph **out, Error *err)
{
    (void)setup;
    (void)out;
    (void)err;
    sim_broken("simulation", "the real SharePoint would be asked");
}

Thread *__wrap_thread_start(void (*run)(void *argument), void *argument)
{
    (void)run;
    (void)argument;
    if (sim.program && sim.program->watched) {
        return (Thread *)(void *)&watcher;
    }
    sim_broken("simulation", "a real thread would be started");
}

void __wrap_thread_start_detached(void (*run)(void *argument), void *argument)
{
    (void)run;
    (void)argument;
    sim_broken("simulation", "a real thread would be started");
}
