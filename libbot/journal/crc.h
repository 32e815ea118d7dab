/* journal/crc.h: CRC-32C (Castagnoli), the polynomial that processors know. Any thread. */
#ifndef BOT_JOURNAL_CRC_H
#define BOT_JOURNAL_CRC_H

#include <stddef.h>
#include <stdint.h>

/* crc of p[0, len), continuing from crc (0 to begin). The standard form: reflected, inverted before and after. */
uint32_t bot__crc32c(uint32_t crc, const void *p, size_t len);
/* The portable way, eight bytes a step from tables; the other uses the processor's instruction where there is one. */
uint32_t bot__crc32c_portable(uint32_t crc, const void *p, size_t len);

#endif
