/*
 * worker.h: work behind a dialog, on a thread of its own, which can be cancelled.
 *
 * `run` gets the job, which the dialog's thread leaves alone from worker_start to worker_end, and never sees a window.
 * When it has returned, one message is posted to the dialog, which then calls worker_end. A dialog that is to close
 * before cancels, and waits for the message: its message loop goes on meanwhile. Work that cannot be cancelled and
 * changes nothing may be left alone instead.
 */
#ifndef CMMS_UI_WORKER_H
#define CMMS_UI_WORKER_H

#include <windows.h>

#include "platform/cancel.h"

#define WM_APP_WORKER (WM_APP + 20)

typedef struct Worker Worker;

Worker *worker_start(HWND dialog, void (*run)(void *job, const Cancel *cancel), void *job);
void worker_cancel(Worker *worker);
/* Waits and frees; NULL is fine. */
void worker_end(Worker *worker);
/* In the place of worker_end: the worker goes on alone, or ends with the program; it gives the job to `release`, and no
 * message comes. What is left of the thread itself stays until the program's end. */
void worker_leave(Worker *worker, void (*release)(void *job));

#endif
