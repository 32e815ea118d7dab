/* tests/lib/sim_kit.h: a paper exchange with one client written by hand. The file that includes it defines SIM_VENUE before. */
#ifndef TESTS_SIM_KIT_H
#define TESTS_SIM_KIT_H

#include "sim_client.h"

static struct session *client;
static struct world *world;

static inline void begin(bool flow)
{
    world = sim_world_of(SIM_VENUE, 42, flow);
    ck_assert_int_eq(bot__world_account_add(world, "key", "secret", sim_money(100000)), 1);
    client = calloc(1, sizeof *client);
    sim_client_open(client, world, "key", "secret");
}

static inline void end(void)
{
    sim_client_free(client);
    free(client);
    bot__world_free(world);
}

static inline void faults(const char *text)
{
    char error[160] = "";
    ck_assert_msg(bot__world_faults(world, text, error, sizeof error) == 0, "%s", error);
}

static inline void expect(const char *body, const char *what) { ck_assert_msg(strstr(body, what) != NULL, "%s\nis not in\n%s", what, body); }
static inline void expect_not(const char *body, const char *what) { ck_assert_msg(strstr(body, what) == NULL, "%s\nis in\n%s", what, body); }

#endif
