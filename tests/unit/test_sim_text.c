/* The paper exchange's own reading and writing of JSON. */
#include <stdio.h>
#include <string.h>

#include "harness.h"
#include "sim/text.h"

static struct slice of(const char *s) { return (struct slice){ s, strlen(s) }; }

static bool is(struct slice v, const char *s) { return v.len == strlen(s) && memcmp(v.p, s, v.len) == 0; }

/* Quotes at every place of formats of every length, and not a byte more than there is room for. */
TEST(sim_text, own_quotes_become_json_at_every_length)
{
    for (size_t len = 0; len < 70; len++)
        for (size_t room = 1; room < 80; room += 3) {
            char format[80], expected[80], buf[96];
            for (size_t i = 0; i < len; i++) {
                format[i] = (i * 7 + len) % 3 == 0 ? '\'' : (char)('a' + i % 26);
                expected[i] = format[i] == '\'' ? '"' : format[i];
            }
            format[len] = '\0';
            memset(buf, '#', sizeof buf);
            struct text t = bot__text(buf, room);
            bot__text_put(&t, format);
            const size_t n = len < room ? len : room - 1;
            ck_assert_uint_eq(t.len, n);
            ck_assert_int_eq(t.full, n < len);
            ck_assert_mem_eq(buf, expected, n);
            ck_assert_int_eq(buf[n], '\0');
            ck_assert_int_eq(buf[n + 1], '#');
        }
}

TEST(sim_text, members_are_found_behind_strings_of_every_length)
{
    for (size_t len = 0; len < 40; len++)
        for (size_t escape = 0; escape <= len; escape++) {
            char text[200], value[48];
            size_t n = 0;
            value[n++] = '"';
            for (size_t i = 0; i < len; i++) {
                if (i == escape) {
                    value[n++] = '\\';
                    value[n++] = i % 2 != 0 ? '"' : '\\';
                } else {
                    value[n++] = "ab}]{[,:"[i % 8];
                }
            }
            value[n++] = '"';
            value[n] = '\0';
            snprintf(text, sizeof text, " {\"first\" : %s, \"list\":[1,%s,{}] ,\"last\":-1.5e3}", value, value);
            const struct slice o = of(text);
            struct members m;
            bot__members(o, &m);
            ck_assert_uint_eq(m.n, 3);
            ck_assert(bot__is_object(o));
            ck_assert(is(bot__member(o, "first"), value) && is(bot__members_get(&m, "first"), value));
            ck_assert(is(bot__member(o, "last"), "-1.5e3") && is(bot__members_get(&m, "last"), "-1.5e3"));
            ck_assert(bot__member(o, "firs").p == NULL && bot__members_get(&m, "lasts").p == NULL);
            struct slice item;
            size_t at = 0;
            ck_assert(bot__items(bot__member(o, "list"), &at, &item) && is(item, "1"));
            ck_assert(bot__items(bot__member(o, "list"), &at, &item) && is(item, value));
        }
}

/* What an object holds up to where it breaks off is there, and nothing behind it. */
TEST(sim_text, an_object_is_read_as_far_as_it_can_be)
{
    static const char whole[] = "{\"a\":1,\"b\":\"x\\\"y\",\"a\":2}";
    for (size_t len = 0; len <= sizeof whole - 1; len++) {
        const struct slice o = { whole, len };
        struct members m;
        bot__members(o, &m);
        ck_assert(bot__member(o, "a").p == bot__members_get(&m, "a").p);
        ck_assert(bot__member(o, "b").p == bot__members_get(&m, "b").p);
        ck_assert_int_eq(bot__member(o, "b").p != NULL, len >= 17);
        ck_assert_int_eq(bot__is_object(o), len == sizeof whole - 1);
    }
    ck_assert(is(bot__member(of(whole), "a"), "1"));
    struct members m;
    bot__members((struct slice){ NULL, 0 }, &m);
    ck_assert(m.n == 0 && bot__members_get(&m, "a").p == NULL);
}

TEST(sim_text, more_members_than_are_kept_are_found_all_the_same)
{
    char text[1024] = "{";
    for (int i = 0; i < MEMBERS_MAX + 6; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s\"m%d\":%d", i > 0 ? "," : "", i, i);
    strcat(text, "}");
    struct members m;
    bot__members(of(text), &m);
    ck_assert_uint_eq(m.n, MEMBERS_MAX);
    for (int i = 0; i < MEMBERS_MAX + 6; i++) {
        char key[8], value[8];
        snprintf(key, sizeof key, "m%d", i);
        snprintf(value, sizeof value, "%d", i);
        ck_assert(is(bot__members_get(&m, key), value));
    }
    ck_assert(bot__members_get(&m, "m").p == NULL);
}
