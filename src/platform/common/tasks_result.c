/*
 * tasks_result.c: numbers of Task Scheduler in words. Below 0x100 a result is the exit code of the program that was
 * started; the others are from Microsoft's "Task Scheduler Error and Success Constants" and "System Error Codes" (as
 * HRESULTs, 0x8007....), and what a process leaves that was ended (NTSTATUS).
 */
#include "platform/tasks.h"

typedef struct Words {
    uint32_t code;
    const char *text;
} Words;

static const char *find(const Words *words, size_t count, uint32_t code)
{
    for (size_t i = 0; i < count; i++) {
        if (words[i].code == code) {
            return words[i].text;
        }
    }
    return NULL;
}

const char *tasks_result_text(uint32_t result)
{
    static const Words words[] = {
        {0x00041301u, "it is running"},
        {0x00041302u, "it is switched off"},
        {0x00041303u, "it has not run yet"},
        {0x00041306u, "somebody has ended it, or its time was over"},
        {0x8004131fu, "it was at work already"},
        {0x80041326u, "it is switched off"},
        {0x80070002u, "its program was not found"},
        {0x80070003u, "the folder of its program was not found"},
        {0x80070005u, "Windows did not let it start"},
        {0x8007010bu, "its working folder is not there"},
        {0x8007042bu, "its process ended unexpectedly"},
        {0x800704ddu, "nobody was signed in"},
        {0x8007052eu, "Windows no longer takes the password that is stored with it"},
        {0x80070532u, "the password that is stored with it has expired"},
        {0x80070569u, "the account may not \"Log on as a batch job\""},
        {0x80070775u, "the account is locked"},
        {0x800710e0u, "Windows did not start it, because what it needs for that was not so: nobody was signed in, or a "
                      "rule of power or network that somebody has set"},
        {0x40010004u, "the end of the session ended it"},
        {0xc0000005u, "it crashed"},
        {0xc000013au, "it was ended from outside"},
        {0xc0000142u, "it could not start, as while Windows shuts down"},
    };
    return find(words, sizeof words / sizeof *words, result);
}

const char *tasks_password_problem(uint32_t code)
{
    static const Words words[] = {
        {0x8007052eu, "it is not the right one"},
        {0x8007052fu, "the account has none, or Windows limits what it may do"},
        {0x80070532u, "it has expired"},
        {0x80070569u, "the account may not \"Log on as a batch job\", which is for IT to allow"},
        {0x80070773u, "it has to be changed first"},
        {0x80070775u, "the account is locked"},
        {0x8004130fu, "it was not taken"},
        {0x80041310u, "the account is not known"},
    };
    return find(words, sizeof words / sizeof *words, code);
}
