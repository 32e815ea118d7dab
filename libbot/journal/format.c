#include "journal/format.h"

#include <string.h>

#include "base/assert.h"
#include "journal/crc.h"

static const uint8_t magic[8] = { 0x89, 'L', 'J', 'R', 0x0d, 0x0a, 0x1a, 0x0a };

static void put_text(uint8_t *p, size_t room, const char *s)
{
    size_t len = strlen(s);
    if (len > room - 2) /* length byte, and room for the NUL that the decoder puts back */
        len = room - 2;
    p[0] = (uint8_t)len;
    memcpy(p + 1, s, len);
}

static bool get_text(const uint8_t *p, size_t room, char *ret)
{
    const size_t len = p[0];
    if (len > room - 2 || memchr(p + 1, 0, len) != NULL)
        return false;
    memcpy(ret, p + 1, len);
    ret[len] = '\0';
    return true;
}

void bot__journal_header_encode(const struct journal_header *h, uint8_t *buf)
{
    memset(buf, 0, JOURNAL_HEADER_SIZE);
    memcpy(buf, magic, sizeof magic);
    put_u16(buf + 8, JOURNAL_VERSION);
    put_u16(buf + 10, JOURNAL_HEADER_SIZE);
    put_u16(buf + 12, JOURNAL_RECORD_SIZE);
    buf[14] = h->content;
    put_u64(buf + 16, h->first_record);
    put_u32(buf + 24, h->segment);
    put_u32(buf + 28, h->chain_in);
    put_u64(buf + 32, (uint64_t)h->created_wall_ns);
    put_u64(buf + 40, (uint64_t)h->created);
    put_u64(buf + 48, h->journal_id);
    put_text(buf + 56, 16, h->venue);
    put_text(buf + 72, 64, h->account);
    put_text(buf + 136, 32, h->instrument);
    put_text(buf + 168, 32, h->library);
    put_u32(buf + 252, bot__crc32c(0, buf, 252));
}

int bot__journal_header_decode(const uint8_t *buf, size_t len, struct journal_header *ret)
{
    if (len < JOURNAL_HEADER_SIZE)
        return BOT_ERR_TRUNCATED;
    if (memcmp(buf, magic, sizeof magic) != 0)
        return BOT_ERR_MALFORMED;
    /* The checksum first: a flipped version byte is damage, not a journal from the future. A newer version keeps header
     * size, magic, version and this checksum where they are. */
    if (get_u32(buf + 252) != bot__crc32c(0, buf, 252))
        return BOT_ERR_CHECKSUM;
    if (get_u16(buf + 8) > JOURNAL_VERSION)
        return BOT_ERR_VERSION;
    if (get_u16(buf + 8) == 0 || get_u16(buf + 10) != JOURNAL_HEADER_SIZE || get_u16(buf + 12) != JOURNAL_RECORD_SIZE ||
        buf[14] < JOURNAL_CONTENT_EVENTS || buf[14] > JOURNAL_CONTENT_CANDLES)
        return BOT_ERR_MALFORMED;
    struct journal_header h = {
        .content = buf[14],
        .first_record = get_u64(buf + 16),
        .segment = get_u32(buf + 24),
        .chain_in = get_u32(buf + 28),
        .created_wall_ns = (int64_t)get_u64(buf + 32),
        .created = (int64_t)get_u64(buf + 40),
        .journal_id = get_u64(buf + 48),
    };
    if (!get_text(buf + 56, sizeof h.venue, h.venue) || !get_text(buf + 72, sizeof h.account, h.account) ||
        !get_text(buf + 136, sizeof h.instrument, h.instrument) || !get_text(buf + 168, sizeof h.library, h.library))
        return BOT_ERR_MALFORMED;
    *ret = h;
    return BOT_OK;
}

void bot__journal_record_seal(struct journal_record *r, uint8_t *buf)
{
    BOT_ASSERT(r->used <= JOURNAL_PAYLOAD_SIZE);
    BOT_ASSERT(r->first == JOURNAL_FIRST_NONE || r->first < r->used);
    put_u32(buf + 4, r->chain);
    put_u64(buf + 8, r->number);
    put_u64(buf + 16, (uint64_t)r->wall_ns);
    put_u64(buf + 24, (uint64_t)r->ts);
    put_u32(buf + 32, r->unsynced);
    buf[36] = r->first;
    buf[37] = r->used;
    buf[38] = r->flags;
    buf[39] = 0;
    memset(buf + JOURNAL_PAYLOAD_AT + r->used, 0, (size_t)JOURNAL_PAYLOAD_SIZE - r->used);
    r->crc = bot__crc32c(0, buf + 4, JOURNAL_RECORD_SIZE - 4);
    put_u32(buf, r->crc);
}

int bot__journal_record_decode(const uint8_t *buf, struct journal_record *ret)
{
    ret->crc = get_u32(buf);
    if (ret->crc != bot__crc32c(0, buf + 4, JOURNAL_RECORD_SIZE - 4))
        return BOT_ERR_CHECKSUM;
    ret->chain = get_u32(buf + 4);
    ret->number = get_u64(buf + 8);
    ret->wall_ns = (int64_t)get_u64(buf + 16);
    ret->ts = (int64_t)get_u64(buf + 24);
    ret->unsynced = get_u32(buf + 32);
    ret->first = buf[36];
    ret->used = buf[37];
    ret->flags = buf[38];
    if (ret->used == 0 || ret->used > JOURNAL_PAYLOAD_SIZE || (ret->first != JOURNAL_FIRST_NONE && ret->first >= ret->used) ||
        (ret->flags & ~JOURNAL_RECORD_RUN) != 0 || buf[39] != 0 || ((ret->flags & JOURNAL_RECORD_RUN) && ret->first != 0))
        return BOT_ERR_MALFORMED;
    return BOT_OK;
}
