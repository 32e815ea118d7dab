/* rate_report.h: one self-contained HTML page of a tape: rates, references, lag, alarms. */
#ifndef BOTCTL_RATE_REPORT_H
#define BOTCTL_RATE_REPORT_H

#include <stdio.h>

#include "rate_tape.h"

struct rate_report;

struct rate_report *rate_report_new(void);
void rate_report_free(struct rate_report *report);

/* A trade (count 1) or a minute's count, at `time_ns`; with what the monitors think then. Memory stays bounded: long
 * tapes are kept in wider bins. False when memory is short. */
bool rate_report_add(struct rate_report *report, uint32_t instrument, int64_t time_ns, double count, double reference_per_s,
                     double lag_s);
bool rate_report_event(struct rate_report *report, const rate_tape_event *event);
/* names: of the instruments, by index. budget: alarms a day. Whether writing went well is for the caller to ask of file. */
void rate_report_write(const struct rate_report *report, FILE *file, const char *const *names, uint32_t names_n, double budget);

#endif
