/*
 * reply.h - answers: JSON, files, errors, redirects. Every answer leaves through reply_send, which adds the trace id,
 * counts, logs, and wakes a suspended connection.
 */
#ifndef GATEWAY_REPLY_H
#define GATEWAY_REPLY_H

#include "request.h"

/* The body of an answer while it is written; buffers go back to a list when they are sent. */
struct answer {
    struct answer *next;
    struct gateway *gw;
    struct buf buf;
};

/* NULL when memory is out. */
struct answer *answer_new(struct gateway *gw);
void answer_free(struct answer *answer);
void answers_release(struct gateway *gw);

/*
 * A response with the answer's bytes, which it takes over, and the headers that everything of ours has. NULL when
 * memory is out or the answer is NULL or has failed.
 */
struct MHD_Response *reply_make(const char *type, struct answer *answer);
/* Headers of an HTML page. */
void reply_secure(const struct request *request, struct MHD_Response *response, const char *policy);
/* Sends a response, NULL being an internal error. The request is answered. */
enum MHD_Result reply_send(struct request *request, unsigned status, struct MHD_Response *response);

/*
 * A message as JSON, or as the document that a `file` is: 200, or 202 when the reply says to come back for the rest.
 * `body` is MessagePack as it came from the service.
 */
enum MHD_Result reply_message(struct request *request, const struct msg *desc, const struct reply_header *reply,
                              struct span body);
/* An error of errors.def. `field` may be empty. */
enum MHD_Result reply_error(struct request *request, int code, struct span field);
/* The same without sending it, for those who have headers to add. */
struct MHD_Response *reply_make_error(struct request *request, const struct err_row *row, struct span field);
/* A response with a constant text. */
struct MHD_Response *reply_make_text(struct request *request, const char *type, const char *text);
#define OK_JSON "{\"ok\":true}\n"
/* Appends the error object. */
void error_json(struct buf *out, const struct err_row *row, struct span field, const struct trace *trace);

#endif
