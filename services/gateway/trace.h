/*
 * trace.h - the trace id of a request (W3C Trace Context): taken over from the caller, or made.
 */
#ifndef GATEWAY_TRACE_H
#define GATEWAY_TRACE_H

#include "types.h"

enum { TRACE_TEXT = 33 };

struct trace {
    char id[TRACE_TEXT];
    bool sampled; /* each step of the call is logged */
};

/*
 * The trace of a traceparent header; a new one, unsampled, when there is none or it is malformed. Strangers may ask for
 * samples, so only a few a second are granted. `now` is mono_us.
 */
void trace_begin(struct span traceparent, int64_t now, struct trace *ret_trace);
struct span trace_span(const struct trace *trace);

#endif
