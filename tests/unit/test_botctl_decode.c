/* botctl decode as a person runs it: a message in, its normalised line out, and the exit status. */
#include "harness.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *botctl(void)
{
    const char *path = test_build("tools/botctl/botctl");
    if (access(path, X_OK) != 0)
        test_skip("botctl is not built: %s", path);
    return path;
}

static char output[1 << 20];

/* Output in `output`; returns the exit status. */
static int decode(const char *arguments, const char *input_path)
{
    char command[8192];
    snprintf(command, sizeof command, "'%s' decode %s '%s' 2>/dev/null", botctl(), arguments, input_path);
    FILE *f = popen(command, "r");
    ck_assert_ptr_nonnull(f);
    output[fread(output, 1, sizeof output - 1, f)] = '\0';
    const int r = pclose(f);
    return WIFEXITED(r) ? WEXITSTATUS(r) : -1;
}

static int decode_text(const char *arguments, const char *text)
{
    char path[] = "/tmp/libbot-decode-XXXXXX";
    const int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (int)strlen(text));
    close(fd);
    const int status = decode(arguments, path);
    unlink(path);
    return status;
}

TEST(botctl_decode, what_an_answer_says_without_rows_is_said)
{
    static const struct { const char *arguments, *text, *expected; } cases[] = {
        { "--venue okx --rest mode", "{\"code\":\"0\",\"data\":[{\"posMode\":\"long_short_mode\"}]}",
          "{\"event\":\"control\",\"venue\":\"okx\",\"kind\":\"other\",\"text\":\"position mode: hedge\"}\n" },
        { "--venue binance-usdm --rest mode", "{\"dualSidePosition\":false}",
          "{\"event\":\"control\",\"venue\":\"binance-usdm\",\"kind\":\"other\",\"text\":\"position mode: one way\"}\n" },
        { "--venue okx --rest dead_man", "{\"code\":\"0\",\"data\":[{\"triggerTime\":\"1587971460\",\"ts\":\"1587971400\"}]}",
          "{\"event\":\"control\",\"venue\":\"okx\",\"kind\":\"other\",\"text\":\"dead-man switch: taken\"}\n" },
        { "--venue binance-usdm --rest order_ack", "{\"code\":200,\"msg\":\"The operation of cancel all open order is done.\"}",
          "{\"event\":\"ack\",\"venue\":\"binance-usdm\",\"accepted\":true}\n" },
        { "--venue bitflyer --rest cancel_ack", "", "{\"event\":\"ack\",\"venue\":\"bitflyer\",\"accepted\":true}\n" },
        { "--venue bitflyer --rest key", "[\"/v1/me/getpositions\"]",
          "{\"event\":\"control\",\"venue\":\"bitflyer\",\"kind\":\"other\",\"text\":\"key: reads only\"}\n" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_int_eq(decode_text(cases[i].arguments, cases[i].text), 0);
        ck_assert_str_eq(output, cases[i].expected);
    }
}

TEST(botctl_decode, another_list_in_the_same_envelope_is_no_balance)
{
    ck_assert_int_eq(decode_text("--venue bybit --rest balance",
        "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"nextPageCursor\":\"\",\"list\":[{\"symbol\":\"XRPUSDT\",\"side\":\"Buy\",\"funding\":\"-0.003676\",\"type\":\"SETTLEMENT\","
        "\"currency\":\"USDT\",\"cashBalance\":\"5086.55825002\",\"transactionTime\":\"1672128000000\",\"tradeId\":\"1\"}]},\"retExtInfo\":{},\"time\":1672132481405}"), 1);
    ck_assert_msg(strstr(output, "\"code\":\"MALFORMED\"") != NULL && strstr(output, "coin: ") != NULL, "%s", output);
}

/* Of a batch each order has its own answer, whatever the envelope says: one that was refused must not read as taken. */
TEST(botctl_decode, a_batch_is_acknowledged_order_by_order)
{
    ck_assert_int_eq(decode_text("--venue bybit --rest order_ack",
        "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{\"list\":[{\"category\":\"linear\",\"symbol\":\"BTCUSDT\",\"orderId\":\"o1\",\"orderLinkId\":\"a\"},"
        "{\"category\":\"linear\",\"symbol\":\"ETHUSDT\",\"orderId\":\"\",\"orderLinkId\":\"b\"}]},"
        "\"retExtInfo\":{\"list\":[{\"code\":0,\"msg\":\"OK\"},{\"code\":110007,\"msg\":\"not enough\"}]},\"time\":1}"), 0);
    ck_assert_str_eq(output, "{\"event\":\"ack\",\"venue\":\"bybit\",\"instrument\":\"BTCUSDT\",\"order_id\":\"o1\",\"client_order_id\":\"a\",\"accepted\":true}\n"
                             "{\"event\":\"ack\",\"venue\":\"bybit\",\"instrument\":\"ETHUSDT\",\"client_order_id\":\"b\",\"accepted\":false,\"venue_code\":110007,\"reason\":\"not enough\"}\n");
    ck_assert_int_eq(decode_text("--venue binance-usdm --rest order_ack",
        "[{\"orderId\":42,\"clientOrderId\":\"a\",\"symbol\":\"BTCUSDT\",\"updateTime\":5},{\"code\":-2022,\"msg\":\"ReduceOnly Order is rejected.\"}]"), 0);
    ck_assert_str_eq(output, "{\"event\":\"ack\",\"venue\":\"binance-usdm\",\"instrument\":\"BTCUSDT\",\"order_id\":\"42\",\"client_order_id\":\"a\",\"accepted\":true,\"venue_time_ms\":5}\n"
                             "{\"event\":\"ack\",\"venue\":\"binance-usdm\",\"accepted\":false,\"venue_code\":-2022,\"reason\":\"ReduceOnly Order is rejected.\"}\n");
    ck_assert_int_eq(decode_text("--venue okx --rest order_ack",
        "{\"code\":\"2\",\"msg\":\"\",\"data\":[{\"ordId\":\"1\",\"clOrdId\":\"a\",\"sCode\":\"0\",\"sMsg\":\"\"},{\"ordId\":\"\",\"clOrdId\":\"b\",\"sCode\":\"51008\",\"sMsg\":\"Insufficient balance\"}]}"), 0);
    ck_assert_str_eq(output, "{\"event\":\"ack\",\"venue\":\"okx\",\"order_id\":\"1\",\"client_order_id\":\"a\",\"accepted\":true}\n"
                             "{\"event\":\"ack\",\"venue\":\"okx\",\"client_order_id\":\"b\",\"accepted\":false,\"venue_code\":51008,\"reason\":\"Insufficient balance\"}\n");
}

TEST(botctl_decode, what_cannot_be_read_says_why_and_what_the_venue_refused_is_no_fault_of_the_reader)
{
    static const struct { const char *arguments, *text, *expected; int status; } cases[] = {
        { "--venue okx --rest positions", "<html>busy</html>", "\"code\":\"MALFORMED\",\"detail\":\"answer is not an OKX envelope", 1 },
        { "--venue okx --rest cancel_all", "{\"code\":\"0\",\"data\":[]}", "\"detail\":\"the venue or this build does not offer that", 1 },
        { "--venue okx --rest positions", "{\"code\":\"50011\",\"msg\":\"Too Many Requests\",\"data\":[]}", "\"code\":\"REJECTED\",\"venue_code\":50011,\"detail\":\"Too Many Requests\"", 0 },
        { "--venue binance-usdm --rest positions", "{\"code\":-1001,\"msg\":\"Internal error\"}", "\"code\":\"REJECTED\",\"venue_code\":-1001,\"detail\":\"Internal error\"", 0 },
        { "--venue binance-usdm --rest order_ack", "{\"code\":-1006,\"msg\":\"Execution status unknown.\"}", "\"code\":\"UNKNOWN_OUTCOME\",\"venue_code\":-1006", 0 },
        { "--venue hyperliquid --rest positions", "{\"status\":\"err\",\"response\":\"User does not exist.\"}", "\"line\":1,\"code\":\"REJECTED\",\"detail\":\"User does not exist.\"}", 0 },
        { "--venue bitflyer", "[]", "\"line\":1,\"code\":\"MALFORMED\",\"detail\":\"no frame that names its channel", 1 },
        { "--venue bitflyer", "{\"jsonrpc\":\"2.0\",\"id\":3,\"error\":{\"code\":-32000,\"message\":\"no\"}}", "\"code\":\"REJECTED\",\"venue_code\":-32000", 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_msg(decode_text(cases[i].arguments, cases[i].text) == cases[i].status, "%s: %s", cases[i].arguments, output);
        ck_assert_msg(strstr(output, cases[i].expected) != NULL, "%s: %s", cases[i].arguments, output);
    }
}

/* Each error names its line, the venue's own too; a row of a kind that is not counted here was not decoded, and says so by the status. */
TEST(botctl_decode, every_error_names_its_line)
{
    ck_assert_int_eq(decode_text("--venue bybit", "{\"op\":\"pong\"}\n{\"reqId\":\"7\",\"retCode\":170131,\"retMsg\":\"Insufficient balance.\",\"op\":\"order.create\"}\n"), 0);
    ck_assert_msg(strstr(output, "\n{\"event\":\"error\",\"venue\":\"bybit\",\"line\":2,\"code\":\"REJECTED\",\"venue_code\":170131,\"request_id\":\"7\",\"detail\":\"Insufficient balance.\"}\n") != NULL, "%s", output);
    ck_assert_int_eq(decode_text("--venue bybit", "\n{\"topic\":\"execution\",\"data\":[{\"category\":\"spot\",\"symbol\":\"BTCUSDT\",\"execId\":\"e\",\"execType\":\"Trade\","
                                                  "\"side\":\"Buy\",\"execQty\":\"1\",\"execPrice\":\"2\",\"execTime\":\"5\"}]}\n"), 1);
    ck_assert_str_eq(output, "{\"event\":\"error\",\"venue\":\"bybit\",\"line\":2,\"code\":\"UNSUPPORTED\",\"detail\":\"spot row of BTCUSDT: not a derivative, not counted\"}\n");
}

/* Recorders keep messages in many forms; each is one message. What the client sent is not decoded, nor is what came by HTTP. */
TEST(botctl_decode, recorded_lines_are_read_in_all_their_forms)
{
    static const char input[] = "{\"t\":\"header\",\"data\":\"x\"}\n"
        "1723161256172216566 {\"e\":\"aggTrade\",\"s\":\"A\",\"a\":1,\"p\":\"5\",\"q\":\"2\",\"T\":1,\"m\":true}\n"
        "1617643729.12: {\"e\":\"aggTrade\",\"s\":\"A\",\"a\":2,\"p\":\"5\",\"q\":\"2\",\"T\":1,\"m\":true}\n"
        "1626992741.062170\t<\t{\"e\":\"aggTrade\",\"s\":\"A\",\"a\":3,\"p\":\"5\",\"q\":\"2\",\"T\":1,\"m\":true}\n"
        "1626992741.062170\t>\t{\"method\":\"SUBSCRIBE\"}\n"
        "{\"t\":\"recv\",\"ts\":1.5,\"data\":\"{\\\"e\\\":\\\"aggTrade\\\",\\\"s\\\":\\\"A\\\",\\\"a\\\":4,\\\"p\\\":\\\"5\\\",\\\"q\\\":\\\"2\\\",\\\"T\\\":1,\\\"m\\\":true}\"}\n"
        "https://fapi.binance.com/fapi/v1/depth?symbol=A -> 1617643728.77: {\"lastUpdateId\":1,\"bids\":[],\"asks\":[]}\n"
        "{\n \"e\":\"aggTrade\",\"s\":\"A\",\n\"a\":5,\"p\":\"5\",\"q\":\"2\",\"T\":1,\"m\":true\n}\n";
    ck_assert_int_eq(decode_text("--venue binance-usdm", input), 0);
    const char *p = output;
    for (int i = 1; i <= 5; i++) {
        char expected[160];
        snprintf(expected, sizeof expected, "{\"event\":\"trade\",\"venue\":\"binance-usdm\",\"instrument\":\"A\",\"trade_id\":\"%d\",\"side\":\"sell\",\"qty\":\"2\",\"price\":\"5\",\"venue_time_ms\":1}\n", i);
        ck_assert_msg(strncmp(p, expected, strlen(expected)) == 0, "%d: %s", i, output);
        p += strlen(expected);
    }
    ck_assert_str_eq(p, "");
}

/* Positions of a recorded kind, for each venue: something comes out of every recording, or it is said why not. */
TEST(botctl_decode, no_recording_passes_in_silence)
{
    static const char *const venues[] = { "binance-usdm", "okx", "bitflyer", "bybit", "hyperliquid" };
    static const char *const kinds[][2] = {
        { "rest_positions", "positions" }, { "rest_fills", "fills" }, { "rest_fills_funding", "fills" }, { "rest_orders", "orders" }, { "rest_order_ack", "order_ack" },
        { "rest_instruments", "instruments" }, { "rest_time", "time" }, { "rest_balance", "balance" }, { "rest_orderbook", "book" }, { "rest_public_trades", "trades" },
        { "rest_status", "status" }, { "rest_position_mode", "mode" }, { "rest_income", "log" }, { "rest_bills", "log" }, { "rest_transaction_log", "log" },
        { "rest_listen_key", "listen_key" },
    };
    int files = 0;
    for (size_t v = 0; v < sizeof venues / sizeof *venues; v++) {
        char relative[64], root[2048];
        snprintf(relative, sizeof relative, "data/wire/%s", venues[v]);
        snprintf(root, sizeof root, "%s", test_shared(relative));
        DIR *dir = opendir(root);
        ck_assert_ptr_nonnull(dir);
        for (struct dirent *e; (e = readdir(dir)) != NULL;) {
            const char *cut = strstr(e->d_name, "__"), *kind = NULL;
            const bool socket = strncmp(e->d_name, "ws_", 3) == 0;
            if (cut == NULL || strstr(e->d_name, ".expected.") != NULL || strstr(e->d_name, "capture") != NULL)
                continue;
            for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
                if (strlen(kinds[k][0]) == (size_t)(cut - e->d_name) && strncmp(kinds[k][0], e->d_name, (size_t)(cut - e->d_name)) == 0)
                    kind = kinds[k][1];
            if (!socket && kind == NULL)
                continue;
            char arguments[160], path[4096];
            snprintf(arguments, sizeof arguments, "--venue %s%s%s", venues[v], socket ? "" : " --rest ", socket ? "" : kind);
            snprintf(path, sizeof path, "%s/%s", root, e->d_name);
            const int status = decode(arguments, path);
            ck_assert_msg(status == 0 || status == 1, "%s: status %d", path, status);
            ck_assert_msg(strstr(output, "\"event\":\"") != NULL || strcmp(venues[v], "hyperliquid") == 0, "%s: nothing comes out of it", path);
            ck_assert_msg(status == 0 || strstr(output, "\"detail\":\"") != NULL, "%s: not said why", path);
            ck_assert_msg(strstr(output, "\"detail\":\"\"") == NULL, "%s: refused without a reason: %s", path, output);
            files++;
        }
        closedir(dir);
    }
    ck_assert_int_gt(files, 250);
}
