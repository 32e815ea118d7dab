/* botctl positions as a person runs it: what goes in, what comes out, and the exit status. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char SPEC[] = "{\"BTCUSDT\":{\"contract\":\"linear\",\"multiplier\":\"1\",\"settle\":\"USDT\",\"tick\":\"0.1\",\"lot\":\"0.001\"},"
                           "\"BTCUSD\":{\"contract\":\"inverse\",\"multiplier\":\"1\",\"settle\":\"BTC\"},"
                           "\"BTC-USDT\":{\"contract\":\"spot\",\"settle\":\"USDT\"}}";

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

/* Runs it on the text; checks output and status. */
static void run(const char *spec, const char *input, const char *expected, int status)
{
    char dir[] = "/tmp/libbot-positions-XXXXXX", spec_path[64], input_path[64], command[8192];
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(spec_path, sizeof spec_path, "%s/spec.json", dir);
    snprintf(input_path, sizeof input_path, "%s/events", dir);
    write_file(spec_path, spec);
    write_file(input_path, input);
    const char *botctl = test_build("tools/botctl/botctl");
    if (access(botctl, X_OK) != 0)
        test_skip("botctl is not built: %s", botctl);
    snprintf(command, sizeof command, "'%s' positions --spec '%s' - <'%s' 2>/dev/null", botctl, spec_path, input_path);
    FILE *f = popen(command, "r");
    ck_assert_ptr_nonnull(f);
    static char output[1 << 16];
    output[fread(output, 1, sizeof output - 1, f)] = '\0';
    const int r = pclose(f);
    unlink(spec_path);
    unlink(input_path);
    rmdir(dir);
    ck_assert_str_eq(output, expected);
    ck_assert_int_eq(WEXITSTATUS(r), status);
}

TEST(botctl, positions_prints_one_exact_line_for_each_event)
{
    run(SPEC,
        "{\"event\":\"fill\",\"venue\":\"bybit\",\"instrument\":\"BTCUSDT\",\"exec_id\":\"1\",\"order_id\":\"x\",\"side\":\"buy\",\"qty\":\"0.010\",\"price\":\"65000.5\",\"fee\":\"0.0003\",\"fee_currency\":\"USDT\",\"liquidity\":\"maker\",\"kind\":\"trade\",\"venue_time_ms\":1,\"seq\":5}\n"
        "{\"event\":\"fill\",\"instrument\":\"BTCUSDT\",\"exec_id\":\"1\",\"side\":\"buy\",\"qty\":\"0.01\",\"price\":\"65000.5\",\"fee\":\"0.0003\",\"fee_currency\":\"USDT\"}\n"
        "{\"event\":\"order\",\"instrument\":\"BTCUSDT\",\"order_id\":\"x\",\"status\":\"filled\"}\n"
        "\n"
        "{\"event\":\"fill\",\"instrument\":\"BTCUSDT\",\"exec_id\":\"2\",\"side\":\"sell\",\"qty\":\"0.02\",\"price\":\"65100.6\"}\n"
        "{\"event\":\"funding\",\"instrument\":\"BTCUSDT\",\"exec_id\":\"f\",\"amount\":\"-0.5\",\"currency\":\"USDT\"}\n"
        "{\"event\":\"fill\",\"instrument\":\"BTCUSDT\",\"exec_id\":\"3\",\"side\":\"buy\",\"leg\":\"long\",\"qty\":\"0.003\",\"price\":\"65000\"}\n"
        "{\"event\":\"fill\",\"instrument\":\"BTCUSDT\",\"exec_id\":\"4\",\"side\":\"buy\",\"qty\":\"0.01\",\"price\":\"65000\"}\n"
        "{\"event\":\"fill\",\"instrument\":\"BTCUSD\",\"exec_id\":\"2\",\"side\":\"sell\",\"qty\":\"100\",\"price\":\"60000\"}\n"
        "{\"event\":\"fill\",\"instrument\":\"BTCUSD\",\"exec_id\":\"3\",\"side\":\"sell\",\"qty\":\"200\",\"price\":\"61000\"}\n"
        "{\"event\":\"fill\",\"instrument\":\"BTC-USDT\",\"exec_id\":\"2\",\"side\":\"buy\",\"qty\":\"1\",\"price\":\"60000\",\"fee\":\"0.001\",\"fee_currency\":\"BTC\"}\n",
        "{\"event\":\"position\",\"instrument\":\"BTCUSDT\",\"leg\":\"net\",\"qty\":\"0.01\",\"avg_entry\":\"65000.5\",\"realised_pnl\":\"0\",\"fees\":{\"USDT\":\"0.0003\"},\"funding\":\"0\"}\n"
        "{\"event\":\"position\",\"instrument\":\"BTCUSDT\",\"leg\":\"net\",\"qty\":\"0.01\",\"avg_entry\":\"65000.5\",\"realised_pnl\":\"0\",\"fees\":{\"USDT\":\"0.0003\"},\"funding\":\"0\"}\n"
        "{\"event\":\"position\",\"instrument\":\"BTCUSDT\",\"leg\":\"net\",\"qty\":\"-0.01\",\"avg_entry\":\"65100.6\",\"realised_pnl\":\"1.001\",\"fees\":{\"USDT\":\"0.0003\"},\"funding\":\"0\"}\n"
        "{\"event\":\"position\",\"instrument\":\"BTCUSDT\",\"leg\":\"net\",\"qty\":\"-0.01\",\"avg_entry\":\"65100.6\",\"realised_pnl\":\"1.001\",\"fees\":{\"USDT\":\"0.0003\"},\"funding\":\"-0.5\"}\n"
        "{\"event\":\"position\",\"instrument\":\"BTCUSDT\",\"leg\":\"long\",\"qty\":\"0.003\",\"avg_entry\":\"65000\",\"realised_pnl\":\"0\",\"fees\":{},\"funding\":\"0\"}\n"
        "{\"event\":\"position\",\"instrument\":\"BTCUSDT\",\"leg\":\"net\",\"qty\":\"0\",\"avg_entry\":\"0\",\"realised_pnl\":\"2.007\",\"fees\":{\"USDT\":\"0.0003\"},\"funding\":\"-0.5\"}\n"
        "{\"event\":\"position\",\"instrument\":\"BTCUSD\",\"leg\":\"net\",\"qty\":\"-100\",\"avg_entry\":\"60000\",\"realised_pnl\":\"0\",\"fees\":{},\"funding\":\"0\"}\n"
        "{\"event\":\"position\",\"instrument\":\"BTCUSD\",\"leg\":\"net\",\"qty\":\"-300\",\"avg_entry\":\"60662.98342541\",\"realised_pnl\":\"0\",\"fees\":{},\"funding\":\"0\"}\n"
        "{\"event\":\"position\",\"instrument\":\"BTC-USDT\",\"leg\":\"net\",\"qty\":\"0.999\",\"avg_entry\":\"60000\",\"realised_pnl\":\"0\",\"fees\":{\"BTC\":\"0.001\"},\"funding\":\"0\"}\n",
        0);
}

TEST(botctl, positions_names_what_is_wrong_and_changes_nothing_by_it)
{
    run(SPEC,
        "{\"event\":\"fill\",\"instrument\":\"BTCUSDT\",\"exec_id\":\"1\",\"side\":\"buy\",\"qty\":\"1\",\"price\":\"100\"}\n"
        "{\"event\":\"fill\",\"instrument\":\"BTCUSDT\",\"exec_id\":\"1\",\"side\":\"buy\",\"qty\":\"1\",\"price\":\"101\"}\n"
        "{\"event\":\"fill\",\"instrument\":\"BTCUSDT\",\"exec_id\":\"2\",\"side\":\"buy\",\"qty\":\"1.0005\",\"price\":\"101\"}\n"
        "{\"event\":\"fill\",\"instrument\":\"BTCUSDT\",\"exec_id\":\"2\",\"side\":\"buy\",\"qty\":\"1\",\"price\":\"101.05\"}\n"
        "{\"event\":\"fill\",\"instrument\":\"DOGE\",\"exec_id\":\"2\",\"side\":\"buy\",\"qty\":\"1\",\"price\":\"101\"}\n"
        "{\"event\":\"fill\",\"instrument\":\"BTCUSDT\",\"exec_id\":\"2\",\"side\":\"buy\",\"qty\":1e5,\"price\":\"101\"}\n"
        "{\"event\":\"fill\",\"instrument\":\"BTCUSDT\",\"exec_id\":\"2\",\"side\":\"buy\",\"qty\":\"1\",\"price\":\"101\",\"kind\":\"gift\"}\n"
        "{\"event\":\"fill\",\"instrument\":\"BTCUSDT\",\"exec_id\":\"2\",\"side\":\"buy\",\"qty\":\"1\",\"qty\":\"2\",\"price\":\"101\"}\n"
        "{\"event\":\"fill\",\"instrument\":\"BTCUSDT\",\"exec_id\":\"2\",\"side\":\"sell\",\"qty\":\"1\",\"price\":\"101\"}\n",
        "{\"event\":\"position\",\"instrument\":\"BTCUSDT\",\"leg\":\"net\",\"qty\":\"1\",\"avg_entry\":\"100\",\"realised_pnl\":\"0\",\"fees\":{},\"funding\":\"0\"}\n"
        "{\"event\":\"error\",\"line\":2,\"code\":\"CONFLICT\",\"detail\":\"'1' was applied with other content: the first is kept\"}\n"
        "{\"event\":\"error\",\"line\":3,\"code\":\"MALFORMED\",\"detail\":\"qty 1.0005 of BTCUSDT is off the lot 0.001\"}\n"
        "{\"event\":\"error\",\"line\":4,\"code\":\"MALFORMED\",\"detail\":\"price 101.05 of BTCUSDT is off the tick 0.1\"}\n"
        "{\"event\":\"error\",\"line\":5,\"code\":\"INSTRUMENT\",\"detail\":\"instrument 'DOGE' is not in the spec\"}\n"
        "{\"event\":\"error\",\"line\":6,\"code\":\"MALFORMED\",\"detail\":\"'qty' is not readable (byte 75)\"}\n"
        "{\"event\":\"error\",\"line\":7,\"code\":\"UNSUPPORTED\",\"detail\":\"unknown fill kind 'gift'\"}\n"
        "{\"event\":\"error\",\"line\":8,\"code\":\"MALFORMED\",\"detail\":\"'qty' stands twice\"}\n"
        "{\"event\":\"position\",\"instrument\":\"BTCUSDT\",\"leg\":\"net\",\"qty\":\"0\",\"avg_entry\":\"0\",\"realised_pnl\":\"1\",\"fees\":{},\"funding\":\"0\"}\n",
        1);
}

TEST(botctl, positions_refuses_a_spec_that_it_does_not_understand)
{
    run("{\"X\":{\"contract\":\"quanto\"}}", "", "", 2);
    run("{\"X\":{\"contract\":\"linear\",\"tikc\":\"1\"}}", "", "", 2);
    run("{\"X\":{\"contract\":\"linear\"},\"X\":{\"contract\":\"linear\"}}", "", "", 2);
    run("{}", "", "", 2);
    run("{\"X\":{\"contract\":\"linear\"}", "", "", 2);
}
