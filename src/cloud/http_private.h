/* http_private.h: what smtp.c has in common with http.c. */
#ifndef CMMS_CLOUD_HTTP_PRIVATE_H
#define CMMS_CLOUD_HTTP_PRIVATE_H

#include <stdbool.h>

#include <curl/curl.h>

#include "base/error.h"
#include "platform/cancel.h"

/* Drives the one transfer to its end. False with EK_CANCELLED or EK_INTERNAL. */
bool http_drive(CURLM *multi, const Cancel *cancel, CURLcode *code, Error *err);
/* The words for what libcurl says of a host; `words`: its own, or "". Returns false. */
bool http_explain(CURLcode code, const char *host, const char *words, Error *err);

#endif
