/* The report of the demo: one file, no outside request, readable in light and dark. */
#include <stdio.h>
#include <string.h>

#include "bot/decimal.h"
#include "demo.h"

#define WIDTH 900.0
#define HEIGHT 190.0
#define LEFT 46.0

static const char head[] =
    "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width,initial-scale=1'>"
    "<title>libbot: the founding incident</title><style>"
    ":root{color-scheme:light dark;--ink:#1b1f24;--dim:#667;--bg:#fff;--line:#d8dce2;--true:#0072b2;--belief:#e69f00;--shut:#cc79a755;--limit:#d55e00;--bad:#d55e00}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e8eaee;--dim:#9aa3ad;--bg:#14171b;--line:#333a42;--true:#56b4e9;--belief:#f0c34a;--shut:#cc79a744;--limit:#ff8c4a;--bad:#ff8c4a}}"
    "body{font:15px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--bg);max-width:960px;margin:2rem auto;padding:0 1rem}"
    "h1{font-size:1.5rem}h2{font-size:1.1rem;margin:1.6rem 0 .3rem}svg{width:100%;min-width:640px;height:auto;display:block}"
    /* On a narrow screen a table or a plot is moved sideways by itself; the page is not, and the labels stay readable. */
    ".wide{overflow-x:auto}table{min-width:600px}@media(max-width:700px){text{font-size:15px}}"
    "table{border-collapse:collapse;width:100%}td,th{text-align:right;padding:.3rem .5rem;border-bottom:1px solid var(--line)}"
    "td:first-child,th:first-child{text-align:left}.bad{color:var(--bad);font-weight:600}.dim{color:var(--dim)}"
    "text{fill:var(--dim);font-size:11px}.k{display:inline-block;width:1.4em;height:.35em;vertical-align:middle;margin:0 .3em 0 1em}"
    "</style>";

static double x_of(uint32_t second) { return LEFT + (WIDTH - LEFT) * second / (DEMO_SECONDS - 1); }

struct scale {
    double low, high;
};
static double y_of(struct scale s, double v) { return HEIGHT - 18 - (HEIGHT - 30) * (v - s.low) / (s.high - s.low); }

static void path(FILE *f, const struct demo_result *r, struct scale s, bool truth, const char *colour, const char *extra)
{
    fprintf(f, "<path fill=none stroke='var(--%s)' stroke-width=2 %s d='", colour, extra);
    double last = 0;
    for (uint32_t i = 0; i < r->samples_n; i++) {
        const double v = truth ? r->samples[i].truth : r->samples[i].belief;
        if (i == 0) fprintf(f, "M%.1f %.1f", x_of(i), y_of(s, v));
        else if (v != last) fprintf(f, "H%.1fV%.1f", x_of(i), y_of(s, v));
        last = v;
    }
    fprintf(f, "H%.1f'/>", x_of(DEMO_SECONDS - 1));
}

static void axis(FILE *f)
{
    for (uint32_t s = 0; s <= DEMO_SECONDS; s += 60)
        fprintf(f, "<text x='%.0f' y='%.0f' text-anchor='%s'>%u:00</text>", x_of(s < DEMO_SECONDS ? s : DEMO_SECONDS - 1), HEIGHT - 3,
                s == 0 ? "start" : s == DEMO_SECONDS ? "end" : "middle", s / 60);
}

/* Stretches in which the gate was shut, with their reasons on hover. */
static void bands(FILE *f, const struct demo_result *r)
{
    for (uint32_t i = 0; i < r->samples_n;) {
        const uint32_t reasons = r->samples[i].reasons;
        uint32_t end = i + 1;
        while (end < r->samples_n && r->samples[end].reasons == reasons)
            end++;
        if (reasons != 0) {
            fprintf(f, "<rect x='%.1f' y='12' width='%.1f' height='%.0f' fill='var(--shut)'><title>shut %u:%02u to %u:%02u:", x_of(i), x_of(end) - x_of(i),
                    HEIGHT - 30, i / 60, i % 60, end / 60, end % 60);
            for (int k = 0; k < BOT_GATE_REASON_COUNT; k++)
                if ((reasons & (1u << k)) != 0)
                    fprintf(f, " %s;", bot_gate_reason_words(1u << k));
            fprintf(f, "</title></rect>");
        }
        i = end;
    }
}

static void plot(FILE *f, const struct demo_result *r, double limit)
{
    struct scale s = { -limit * 1.15, limit * 1.15 };
    double most = limit, least = -limit;
    for (uint32_t i = 0; i < r->samples_n; i++) {
        if (r->samples[i].truth > most) most = r->samples[i].truth;
        if (r->samples[i].truth < least) least = r->samples[i].truth;
        if (r->samples[i].truth > s.high) s.high = r->samples[i].truth * 1.05;
        if (r->samples[i].truth < s.low) s.low = r->samples[i].truth * 1.05;
    }
    fprintf(f, "<div class=wide><svg viewBox='0 0 %.0f %.0f' role=img aria-label='true and believed position of %s'>", WIDTH, HEIGHT, r->name);
    bands(f, r);
    const double lines[] = { limit, 0, -limit, most, least };
    for (int i = 0; i < 5; i++) {
        if (i > 2 && lines[i] < 2 * limit && lines[i] > -2 * limit) continue; /* it would stand on the limit's */
        fprintf(f, "<line x1='%.0f' x2='%.0f' y1='%.1f' y2='%.1f' stroke='var(--%s)' stroke-dasharray='%s'/>", LEFT, WIDTH, y_of(s, lines[i]), y_of(s, lines[i]),
                i == 0 || i == 2 ? "limit" : "line", i == 0 || i == 2 ? "5 4" : "none");
        fprintf(f, "<text x='%.0f' y='%.1f' text-anchor=end>%.3g</text>", LEFT - 4, y_of(s, lines[i]) + 4, lines[i]);
    }
    path(f, r, s, true, "true", "");
    path(f, r, s, false, "belief", "stroke-dasharray='7 3'");
    axis(f);
    fputs("</svg></div>", f);
}

static void market(FILE *f, const struct demo_result *r)
{
    struct scale s = { r->samples[0].price, r->samples[0].price };
    uint32_t most = 1;
    for (uint32_t i = 0; i < r->samples_n; i++) {
        if (r->samples[i].price < s.low) s.low = r->samples[i].price;
        if (r->samples[i].price > s.high) s.high = r->samples[i].price;
        if (r->samples[i].trades > most) most = r->samples[i].trades;
    }
    if (s.high == s.low) s.high += 1;
    fprintf(f, "<div class=wide><svg viewBox='0 0 %.0f %.0f' role=img aria-label='price and trade rate'>", WIDTH, HEIGHT);
    for (uint32_t i = 0; i < r->samples_n; i++)
        if (r->samples[i].trades != 0)
            fprintf(f, "<rect x='%.1f' y='%.1f' width=1.4 height='%.1f' fill='var(--line)'/>", x_of(i), HEIGHT - 18 - 60.0 * r->samples[i].trades / most, 60.0 * r->samples[i].trades / most);
    fputs("<path fill=none stroke='var(--ink)' d='", f);
    for (uint32_t i = 0; i < r->samples_n; i++)
        fprintf(f, "%c%.1f %.1f", i == 0 ? 'M' : 'L', x_of(i), y_of(s, r->samples[i].price));
    fprintf(f, "'/><text x='0' y='20'>%.0f</text><text x='0' y='%.0f'>%.0f</text>", s.high, HEIGHT - 24, s.low);
    fprintf(f, "<text x='0' y='%.0f'>%u/s</text><line x1='%.0f' x2='%.0f' y1='%.0f' y2='%.0f' stroke='var(--line)' stroke-dasharray='2 4'/>", HEIGHT - 74, most,
            LEFT, WIDTH, HEIGHT - 78, HEIGHT - 78);
    axis(f);
    fputs("</svg></div>", f);
}

void demo_html(const struct demo_result *results, uint32_t n, uint64_t seed, FILE *f)
{
    fputs(head, f);
    fprintf(f, "<h1>One market, one strategy, three ways to know the position</h1><p>From 1:30 to 4:50 the venue answers position reads with "
               "<code>success</code> and data one to five minutes old. From 5:50 to 7:05 such a read hangs. Both times the market turns. The strategy wants +limit in a rising market and "
               "&minus;limit in a falling one. Seed %llu; `botctl demo --seed N` plays another.</p>", (unsigned long long)seed);
    fputs("<div class=wide><table><tr><th>bot<th>limit<th>largest true position<th>orders while wrong<th>seconds traded blind<th>profit, USDT</tr>", f);
    for (uint32_t i = 0; i < n; i++) {
        const struct demo_result *r = &results[i];
        char limit[BOT_DEC_TEXT_MAX], most[BOT_DEC_TEXT_MAX], pnl[BOT_DEC_TEXT_MAX];
        bot_fixed_format(r->limit, limit);
        bot_fixed_format(r->max_true, most);
        bot_fixed_format(bot_fixed_round_half_even(r->pnl, 2), pnl);
        fprintf(f, "<tr><td><b>%s</b> <span class=dim>%s</span><td>%s<td class='%s'>%s<td>%u<td>%u<td>%s</tr>", r->name, r->title, limit,
                r->max_true > r->limit ? "bad" : "", most, r->orders_while_wrong, r->seconds_blind, pnl);
    }
    fputs("</table></div><p><span class=k style='background:var(--true)'></span>true position<span class=k style='background:var(--belief)'></span>what the bot believes"
          "<span class=k style='background:var(--limit)'></span>limit<span class=k style='background:var(--shut);height:.9em'></span>gate shut (hover for the reasons)</p>"
          "<p class=dim>Up: position in coins. Across: minutes of the story.</p>", f);
    char text[BOT_DEC_TEXT_MAX];
    for (uint32_t i = 0; i < n; i++) {
        double limit = 1;
        bot_fixed_format(results[i].limit, text);
        (void)sscanf(text, "%lf", &limit);
        fprintf(f, "<h2>%s</h2>", results[i].name);
        plot(f, &results[i], limit);
    }
    fputs("<h2>The market</h2><p class=dim>Price in USDT (line), and public trades a second (bars).</p>", f);
    market(f, &results[n - 1]);
    fputs("</html>\n", f);
}
