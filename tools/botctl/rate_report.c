/* Everything is inline: style, pictures (SVG), no script, so that the page can be mailed and opened anywhere. */
#include "rate_report.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BINS 1200
#define CHARTS_MAX 24  /* instruments drawn; the table names all */
#define EVENTS_MAX 4096
#define WIDTH 1000.0
#define HEIGHT 180.0

struct bin {
    double count, reference, lag;
    bool seen;
};

struct chart {
    struct bin bins[BINS];
    double total;
};

struct rate_report {
    struct chart *charts[CHARTS_MAX];
    int64_t from, width_ns, last; /* of a bin; all charts share them */
    bool started, lag_seen;
    rate_tape_event *events;
    size_t events_n, events_left_out;
};

struct rate_report *rate_report_new(void)
{
    struct rate_report *r = calloc(1, sizeof *r);
    if (r != NULL) r->events = calloc(EVENTS_MAX, sizeof *r->events);
    if (r == NULL || r->events == NULL) {
        free(r);
        return NULL;
    }
    return r;
}

void rate_report_free(struct rate_report *report)
{
    if (report == NULL)
        return;
    for (int i = 0; i < CHARTS_MAX; i++)
        free(report->charts[i]);
    free(report->events);
    free(report);
}

static void widen(struct rate_report *r)
{
    for (int c = 0; c < CHARTS_MAX; c++) {
        if (r->charts[c] == NULL)
            continue;
        struct bin *b = r->charts[c]->bins;
        for (int i = 0; i < BINS / 2; i++) {
            const struct bin x = b[2 * i], y = b[2 * i + 1];
            b[i] = (struct bin){ x.count + y.count, y.seen ? y.reference : x.reference, fmax(x.lag, y.lag), x.seen || y.seen };
        }
        memset(b + BINS / 2, 0, BINS / 2 * sizeof *b);
    }
    r->width_ns *= 2;
}

bool rate_report_add(struct rate_report *report, uint32_t instrument, int64_t time_ns, double count, double reference_per_s,
                     double lag_s)
{
    struct rate_report *r = report;
    if (!r->started) {
        r->started = true;
        r->from = time_ns;
        r->width_ns = BOT_NS_PER_S;
    }
    while ((time_ns - r->from) / r->width_ns >= BINS) widen(r);
    if (time_ns > r->last) r->last = time_ns;
    if (instrument >= CHARTS_MAX || time_ns < r->from)
        return true;
    if (r->charts[instrument] == NULL && (r->charts[instrument] = calloc(1, sizeof *r->charts[instrument])) == NULL)
        return false;
    struct bin *b = &r->charts[instrument]->bins[(time_ns - r->from) / r->width_ns];
    b->count += count;
    b->reference = reference_per_s;
    b->lag = fmax(b->lag, lag_s);
    b->seen = true;
    r->lag_seen |= lag_s > 0;
    r->charts[instrument]->total += count;
    return true;
}

bool rate_report_event(struct rate_report *report, const rate_tape_event *event)
{
    if (report->events_n < EVENTS_MAX) report->events[report->events_n++] = *event;
    else report->events_left_out++;
    return true;
}

static void text(FILE *f, const char *s)
{
    for (; *s != '\0'; s++) {
        if (*s == '<') fputs("&lt;", f);
        else if (*s == '>') fputs("&gt;", f);
        else if (*s == '&') fputs("&amp;", f);
        else if (*s == '"') fputs("&quot;", f);
        else putc(*s, f);
    }
}

static void put_time(FILE *f, int64_t ns)
{
    const time_t s = (time_t)(ns / BOT_NS_PER_S);
    struct tm tm;
    char buf[40];
    if (gmtime_r(&s, &tm) == NULL || strftime(buf, sizeof buf, "%Y-%m-%d %H:%M:%S", &tm) == 0) {
        fprintf(f, "%" PRId64, ns);
        return;
    }
    fprintf(f, "%s.%03d", buf, (int)(ns / BOT_NS_PER_MS % 1000));
}

static double x_of(const struct rate_report *r, int64_t ns)
{
    const double span = (double)(r->last - r->from) + 1;
    return WIDTH * (double)(ns - r->from) / span;
}

static void shade_alarms(FILE *f, const struct rate_report *r, uint32_t instrument)
{
    for (size_t i = 0; i < r->events_n; i++) {
        if (r->events[i].instrument != instrument || r->events[i].state != BOT__RATE_DROPPED)
            continue;
        int64_t to = r->last;
        for (size_t k = i + 1; k < r->events_n; k++)
            if (r->events[k].instrument == instrument) {
                to = r->events[k].time_ns;
                break;
            }
        const double x = x_of(r, r->events[i].time_ns), w = x_of(r, to) - x;
        fprintf(f, "<rect class=\"alarm\" x=\"%.1f\" y=\"0\" width=\"%.1f\" height=\"%.0f\"><title>", x, w > 1.5 ? w : 1.5, HEIGHT);
        put_time(f, r->events[i].time_ns);
        fputs(": ", f);
        text(f, r->events[i].reason);
        fputs("</title></rect>\n", f);
    }
}

static void line(FILE *f, const struct rate_report *r, const struct chart *c, int what, double top)
{
    const double width_s = (double)r->width_ns / 1e9;
    const int64_t bins = (r->last - r->from) / r->width_ns + 1;
    double held = 0;
    static const char *const class_name[] = { "rate", "reference", "lag" };
    fprintf(f, "<polyline class=\"%s\" points=\"", class_name[what]);
    for (int64_t i = 0; i < bins && i < BINS; i++) {
        const struct bin *b = &c->bins[i];
        if (b->seen) held = b->reference;
        const double v = what == 0 ? b->count / width_s : what == 1 ? held : b->lag;
        const double y = HEIGHT - (HEIGHT - 6) * sqrt(fmin(v / top, 1));
        fprintf(f, "%.1f,%.1f ", x_of(r, r->from + i * r->width_ns), y);
    }
    fputs("\"/>\n", f);
}

static void draw(FILE *f, const struct rate_report *r, uint32_t instrument, const char *name)
{
    const struct chart *c = r->charts[instrument];
    const double width_s = (double)r->width_ns / 1e9;
    double top = 1e-9, lag_top = 0;
    for (int i = 0; i < BINS; i++) {
        top = fmax(top, fmax(c->bins[i].count / width_s, c->bins[i].reference));
        lag_top = fmax(lag_top, c->bins[i].lag);
    }
    fputs("<h2>", f);
    text(f, name);
    fprintf(f, "</h2>\n<div class=\"wide\"><svg viewBox=\"0 -4 %.0f %.0f\" role=\"img\" aria-label=\"trades a second over time\">\n", WIDTH, HEIGHT + 24);
    shade_alarms(f, r, instrument);
    fprintf(f, "<line class=\"axis\" x1=\"0\" y1=\"%.0f\" x2=\"%.0f\" y2=\"%.0f\"/>\n", HEIGHT, WIDTH, HEIGHT);
    line(f, r, c, 0, top);
    line(f, r, c, 1, top);
    if (lag_top > 0) line(f, r, c, 2, lag_top);
    /* Square roots: a quarter of the top stands at half the height. */
    const double half = HEIGHT - (HEIGHT - 6) / 2;
    fprintf(f, "<line class=\"axis\" stroke-dasharray=\"2 5\" x1=\"0\" y1=\"%.0f\" x2=\"%.0f\" y2=\"%.0f\"/>\n", half, WIDTH, half);
    fprintf(f, "<text x=\"2\" y=\"10\">%.3g a second</text><text x=\"2\" y=\"%.0f\">%.3g</text>\n", top, half - 3, top / 4);
    if (lag_top > 0) fprintf(f, "<text class=\"right\" x=\"%.0f\" y=\"10\">lag %.3g s</text>\n", WIDTH - 2, lag_top);
    fprintf(f, "<text x=\"2\" y=\"%.0f\">", HEIGHT + 14);
    put_time(f, r->from);
    fprintf(f, " UTC</text><text text-anchor=\"middle\" x=\"%.0f\" y=\"%.0f\">", WIDTH / 2, HEIGHT + 14);
    put_time(f, r->from + (r->last - r->from) / 2);
    fprintf(f, "</text><text class=\"right\" x=\"%.0f\" y=\"%.0f\">", WIDTH - 2, HEIGHT + 14);
    put_time(f, r->last);
    fputs("</text>\n</svg></div>\n", f);
}

static const char style[] =
    ":root{color-scheme:light dark;--ink:#1c2733;--faint:#6b7785;--paper:#fff;--rate:#2b6cb0;--reference:#b7791f;--lag:#805ad5;--alarm:#e53e3e}\n"
    "@media (prefers-color-scheme:dark){:root{--ink:#e2e8f0;--faint:#94a3b8;--paper:#10161d;--rate:#63b3ed;--reference:#f6c453;--lag:#b794f4;--alarm:#fc8181}}\n"
    "body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:1080px;margin:2em auto;padding:0 1em}\n"
    "h1{font-size:1.4em}h2{font-size:1.1em;margin:1.6em 0 .2em}svg{width:100%;min-width:640px;height:auto;display:block}.wide{overflow-x:auto}p{color:var(--faint)}\n"
    "polyline{fill:none;stroke-width:1.1;vector-effect:non-scaling-stroke}.rate{stroke:var(--rate)}.reference{stroke:var(--reference);stroke-width:1.6}\n"
    ".lag{stroke:var(--lag)}.alarm{fill:var(--alarm);opacity:.3}.axis{stroke:var(--faint)}svg text{font-size:10px;fill:var(--faint)}\n"
    ".right{text-anchor:end}table{border-collapse:collapse;width:100%}td,th{text-align:left;white-space:nowrap;padding:.2em .7em .2em 0;border-bottom:1px solid #8883;font-variant-numeric:tabular-nums}\n"
    "@media (max-width:700px){svg text{font-size:15px}}\n"
    ".key span{margin-right:1.4em;font-weight:600}";

void rate_report_write(const struct rate_report *report, FILE *file, const char *const *names, uint32_t names_n, double budget)
{
    const struct rate_report *r = report;
    FILE *f = file;
    size_t alarms = 0;
    for (size_t i = 0; i < r->events_n; i++)
        alarms += r->events[i].state == BOT__RATE_DROPPED;
    fprintf(f, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">"
               "<title>Trade rate</title><style>\n%s\n</style></head><body>\n<h1>Trade rate: %zu alarm%s</h1>\n", style, alarms, alarms == 1 ? "" : "s");
    fputs("<p class=\"key\"><span style=\"color:var(--rate)\">rate</span><span style=\"color:var(--reference)\">reference</span>", f);
    if (r->lag_seen) fputs("<span style=\"color:var(--lag)\">lag above its minimum</span>", f);
    fprintf(f, "<span style=\"color:var(--alarm)\">alarm</span></p>\n<p>%u instrument%s, budget %g false alarms a day and instrument. Vertical scales are "
               "square roots. One bin is %.6g s.</p>\n", names_n, names_n == 1 ? "" : "s", budget, (double)r->width_ns / 1e9);
    for (uint32_t i = 0; i < CHARTS_MAX && i < names_n; i++)
        if (r->charts[i] != NULL) draw(f, r, i, names[i]);
    if (names_n > CHARTS_MAX) fprintf(f, "<p>%u more instruments are not drawn.</p>\n", names_n - CHARTS_MAX);
    fputs("<h2>Events</h2>\n<div class=\"wide\"><table><tr><th>time (UTC)</th><th>instrument</th><th>state</th><th>rate /s</th><th>reference /s</th><th>why</th></tr>\n", f);
    static const char *const state_name[] = { "learning", "normal", "dropped" };
    for (size_t i = 0; i < r->events_n; i++) {
        const rate_tape_event *e = &r->events[i];
        fputs("<tr><td>", f);
        put_time(f, e->time_ns);
        fputs("</td><td>", f);
        text(f, e->instrument < names_n ? names[e->instrument] : "");
        fprintf(f, "</td><td>%s</td><td>%.3f</td><td>%.3f</td><td>", state_name[e->state], (double)e->rate_milli / 1000, (double)e->reference_milli / 1000);
        text(f, e->reason);
        fputs("</td></tr>\n", f);
    }
    fputs("</table></div>\n", f);
    if (r->events_left_out > 0) fprintf(f, "<p>%zu later events are not listed.</p>\n", r->events_left_out);
    fputs("</body></html>\n", f);
}
