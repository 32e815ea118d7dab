/* The libbot bot over real sockets: TLS on the loopback, the paper exchange in this very process, its truth beside what the bot
 * believes, once a second. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "base/json.h"
#include "bot/account.h"
#include "botctl.h"
#include "demo.h"
#include "paper_server.h"

struct live {
    uv_loop_t    loop;
    uv_timer_t   tick;
    uv_signal_t  interrupt;
    struct paper *paper;
    bot_account *account;
    bot_handle  *bot;
    bot_i128     limit, qty, most;
    int          paper_account;
    uint16_t     instrument;
    unsigned     second, seconds, sent, refused, wrong;
    bool         ending, stopped_trading;
};

static bot_i128 truth(const struct live *l)
{
    struct exchange_truth t;
    bot__simvenue_truth(paper_venue(l->paper), (uint32_t)l->paper_account, l->instrument, &t);
    return t.position.v;
}

static bot_i128 believed(const struct live *l)
{
    bot_position p;
    return bot_get_position(l->bot, DEMO_INSTRUMENT, BOT_LEG_NET, &p) == BOT_OK ? p.qty.v : 0;
}

static void end(struct live *l)
{
    if (l->ending)
        return;
    l->ending = true;
    bot_account_close(l->account, NULL, NULL);
    paper_close(l->paper, NULL, NULL);
    uv_close((uv_handle_t *)&l->tick, NULL);
    uv_close((uv_handle_t *)&l->interrupt, NULL);
}

static void trade(struct live *l)
{
    /* Up for a while, then down: the market does not matter here. */
    const int want = demo_wanted(believed(l), l->second / 8 % 2 == 0, l->limit, l->qty);
    if (want == 0 || l->stopped_trading)
        return;
    bot_order_request order = { .side = want > 0 ? BOT_BUY : BOT_SELL, .type = BOT_MARKET, .qty = { l->qty } };
    bot__symbol_set(&order.instrument, DEMO_INSTRUMENT, strlen(DEMO_INSTRUMENT));
    bot_refusal why;
    if (bot_submit(l->bot, &order, NULL, &why) == BOT_OK)
        l->sent++;
    else
        l->refused++;
}

static void on_tick(uv_timer_t *timer)
{
    struct live *l = timer->data;
    const bot_i128 is = truth(l), thinks = believed(l), size = is < 0 ? -is : is;
    if (size > l->most)
        l->most = size;
    bot_gate_state gate;
    bot_get_gate(l->bot, &gate);
    char a[BOT_DEC_TEXT_MAX], b[BOT_DEC_TEXT_MAX], text[400];
    bot_fixed_format(is, a);
    bot_fixed_format(thinks, b);
    bot_gate_explain(&gate, text, sizeof text);
    printf("%3u s  true %8s  believed %8s  gate %s\n", l->second, a, b, gate.reasons == 0 ? "open" : text);
    l->second++;
    /* The last two seconds are quiet, so that the end can be compared. */
    l->stopped_trading = l->second + 2 >= l->seconds;
    if (l->second > l->seconds) {
        l->wrong = is != thinks;
        end(l);
        return;
    }
    trade(l);
}

static void on_interrupt(uv_signal_t *signal, int number)
{
    (void)number;
    struct live *l = signal->data;
    l->wrong = truth(l) != believed(l);
    end(l);
}

/* Our own files of the directory, then the directory itself. */
static void remove_directory(const char *directory)
{
    static const char *const names[] = { "paper-ca.pem", "paper-cert.pem", "paper-key.pem" };
    char path[300];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(directory);
}

static int open_paper(struct live *l, const char *directory)
{
    struct paper_options po;
    paper_options_init(&po);
    po.directory = directory;
    bot_i128 balance = 0;
    (void)bot_fixed_parse("100000", 6, &balance);
    int r = paper_open(&l->loop, &po, &l->paper);
    if (r == BOT_OK)
        r = l->paper_account = paper_account_add(l->paper, DEMO_KEY, DEMO_SECRET, (bot_money){ balance });
    if (r < 0)
        fprintf(stderr, "botctl demo: the paper exchange: %s\n", bot_strerror(r));
    return r;
}

static int open_bot(struct live *l)
{
    static const char *const instruments[] = { DEMO_INSTRUMENT };
    bot_account_options o;
    bot_account_options_init(&o);
    o.venue = "bybit";
    o.key = DEMO_KEY;
    o.secret = DEMO_SECRET;
    o.rest_url = paper_rest_url(l->paper);
    o.ws_private_url = paper_ws_private_url(l->paper);
    o.ws_public_url = paper_ws_public_url(l->paper);
    o.ws_trade_url = "";
    o.ca_file = paper_ca_file(l->paper);
    o.instruments = instruments;
    o.instruments_n = 1;
    int r = bot_account_open(&l->loop, &o, &l->account);
    if (r < 0) {
        fprintf(stderr, "botctl demo: %s: %s\n", bot_strerror(r), bot_account_open_why());
        return r;
    }
    bot_options bo;
    bot_options_init(&bo);
    bo.limits.position_max.v = l->limit;
    r = bot_attach(l->account, &bo, &l->bot);
    if (r < 0)
        fprintf(stderr, "botctl demo: %s\n", bot_strerror(r));
    return r;
}

int demo_live(unsigned seconds)
{
    struct live l = { .seconds = seconds };
    char directory[] = "/tmp/libbot-demo-XXXXXX";
    if (mkdtemp(directory) == NULL) {
        perror("botctl demo: /tmp");
        return EXIT_FOUND_WRONG;
    }
    (void)bot_fixed_parse(DEMO_LIMIT, strlen(DEMO_LIMIT), &l.limit);
    (void)bot_fixed_parse(DEMO_ORDER, strlen(DEMO_ORDER), &l.qty);
    (void)uv_loop_init(&l.loop);
    setvbuf(stdout, NULL, _IOLBF, 0);
    int r = open_paper(&l, directory);
    if (r >= 0) {
        l.instrument = (uint16_t)bot__exchange_instrument_find(bot__simvenue_exchange(paper_venue(l.paper)), DEMO_INSTRUMENT, strlen(DEMO_INSTRUMENT));
        printf("paper exchange at %s, TLS on the loopback\n", paper_rest_url(l.paper));
        r = open_bot(&l);
        if (r < 0) {
            if (l.account != NULL)
                bot_account_close(l.account, NULL, NULL);
            paper_close(l.paper, NULL, NULL);
        }
    }
    if (r >= 0) {
        uv_timer_init(&l.loop, &l.tick);
        uv_signal_init(&l.loop, &l.interrupt);
        l.tick.data = l.interrupt.data = &l;
        uv_timer_start(&l.tick, on_tick, 1000, 1000);
        uv_signal_start(&l.interrupt, on_interrupt, SIGINT);
    }
    uv_run(&l.loop, UV_RUN_DEFAULT);
    const bool clean = uv_loop_close(&l.loop) == 0;
    remove_directory(directory);
    if (r < 0)
        return EXIT_FOUND_WRONG;
    char most[BOT_DEC_TEXT_MAX];
    bot_fixed_format(l.most, most);
    printf("%u orders sent, %u refused; largest true position %s of " DEMO_LIMIT "; at the end the bot's position was %s; the loop was left %s\n", l.sent, l.refused,
           most, l.wrong != 0 ? "WRONG" : "right", clean ? "clean" : "NOT CLEAN");
    return l.wrong != 0 || l.most > l.limit || !clean ? EXIT_FOUND_WRONG : 0;
}
