/* sim/tape.h: recorded trades as rows for sim/flow.h, from comma-separated text.
 *
 * The first line may name the columns, in any order, others between them ignored: a time (timestamp, time or exec_date),
 * side, price, and a quantity (amount, qty, size or quantity). Without such a line the columns are time,side,price,qty. A time is a
 * number of seconds, milli-, micro- or nanoseconds since 1970, told apart by its size; side is buy or sell, in any case.
 * Prices and quantities are brought to whole ticks and lots of the instrument, rounded down, a quantity to one lot at least.
 */
#ifndef BOT_SIM_TAPE_H
#define BOT_SIM_TAPE_H

#include "flow.h"

/* Reads at most `max` rows; times of the rows count from the first one and never go back. Returns the number of rows, or
 * BOT_ERR_MALFORMED with "line N: what" in error. */
long bot__tape_read(const char *text, size_t len, const struct exchange_instrument *in, struct flow_row *rows, size_t max, char *error,
                    size_t error_size);
/* An upper bound of the rows in the text: its lines. */
size_t bot__tape_rows_max(const char *text, size_t len);

#endif
