/* capture.h: the forms in which recorders keep what a venue sent, one message a line.
 *
 *   {"stream":...}                                  the message itself
 *   1723161256172216566 {"stream":...}              receive time, message
 *   1617643729.12: {"jsonrpc":...}                  the same with a colon
 *   1626992741.062170 TAB < TAB {...}               receive time, direction, message
 *   wss://host/path <- 1617643728.77: {...}         sent by the client ("<->": connected)
 *   https://host/path?symbol=X -> 1617643728.77: {...}   answer to a request
 *   {"t":"recv|http|send|connect|header","conn":...,"url":...,"data":"<message as a string>"}
 */
#ifndef BOTCTL_CAPTURE_H
#define BOTCTL_CAPTURE_H

#include "base/json.h"

enum capture_kind {
    CAPTURE_NOTHING,  /* connections, configuration, empty lines */
    CAPTURE_RECEIVED, /* from a socket (or bare: then it may be an answer as well) */
    CAPTURE_ANSWER,   /* body of an HTTP answer */
    CAPTURE_SENT,
};

struct capture {
    enum capture_kind kind;
    struct slice      message, url, connection; /* borrowed from the line, or from the scratch */
};

/* Reads a line without its end. scratch holds at least len bytes: for messages that stand escaped.
 * BOT_OK, or BOT_ERR_MALFORMED for a line that begins as one of the forms and goes wrong. */
int capture_read(const char *line, size_t len, char *scratch, struct capture *ret);

/* Value of a query parameter of the URL, empty when it is not there. */
struct slice capture_query(struct slice url, const char *name);

#endif
