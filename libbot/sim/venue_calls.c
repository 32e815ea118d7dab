/* Requests on their way in and answers on their way out, and what faults make of both. */
#include <stdio.h>
#include <stdlib.h>

#include "venue_internal.h"

void bot__simvenue_answer(struct simvenue *b, const struct call *c, int32_t status, bool html, const char *body, size_t len)
{
    struct stored_answer head = { .status = status, .html = html };
    if (b->dialect->headers != NULL) head.headers_n = b->dialect->headers(b, c, head.header);
    struct sim_item *item = bot__sim_item_new(&b->queue, ITEM_ANSWER, sizeof head + len);
    if (item == NULL) return;
    memcpy(item->bytes, &head, sizeof head);
    memcpy(item->bytes + sizeof head, body, len);
    item->c = c->request;
    if (!bot__sim_queue_push(&b->queue, b->now + c->answer_delay_ns, item)) bot__sim_item_free(&b->queue, item);
}

static const char html_page[] = "<html>\r\n<head><title>%d</title></head>\r\n<body>\r\n<center><h1>%d</h1></center>\r\n<hr><center>edge"
                                "</center>\r\n</body>\r\n</html>\r\n";

void bot__simvenue_error(struct simvenue *b, const struct call *c, int32_t status, int32_t code, enum fault_body body)
{
    char page[512] = "";
    struct text t = bot__text(page, sizeof page);
    size_t len = 0;
    if (body == FAULT_BODY_HTML && c->conn == 0) len = (size_t)snprintf(page, sizeof page, html_page, status, status);
    else if (body != FAULT_BODY_EMPTY || c->conn != 0) {
        status = b->dialect->error_body(b, c, status, code, &t);
        len = body == FAULT_BODY_CUT && c->conn == 0 ? t.len / 2 : t.len;
    }
    if (c->conn == 0) {
        bot__simvenue_answer(b, c, status, body == FAULT_BODY_HTML, page, len);
        return;
    }
    struct conn *conn = bot__simvenue_conn(b, c->conn);
    if (conn != NULL) bot__simvenue_send(b, conn, b->now + c->answer_delay_ns, page, len);
}

bool bot__simvenue_withheld(struct simvenue *b, const struct call *c)
{
    if (c->silent)
        b->stats.hung++;
    else if (c->ghost)
        bot__simvenue_error(b, c, c->status, c->code, c->body);
    return c->silent || c->ghost;
}

struct ip *bot__simvenue_ip(struct simvenue *b, uint32_t id)
{
    for (uint32_t i = 0; i < b->ips_n; i++)
        if (b->ip[i].id == id)
            return &b->ip[i];
    if (b->ips_n == IPS_MAX) return &b->ip[0];
    struct ip *ip = &b->ip[b->ips_n];
    *ip = (struct ip){ .id = id, .at = b->alloc.alloc(b->alloc.self, sizeof *ip->at * b->opt.ip_limit) };
    if (ip->at == NULL) return NULL;
    b->ips_n++;
    return ip;
}

const char *bot__simvenue_header(const struct simvenue_header *headers, uint32_t n, const char *name)
{
    for (uint32_t i = 0; i < n; i++)
        if (strcasecmp(headers[i].name, name) == 0)
            return headers[i].value;
    return NULL;
}

bool bot__simvenue_http_refused(struct simvenue *b, int64_t now_ns, const char *method, const char *path)
{
    if (now_ns > b->now) b->now = now_ns;
    const uint32_t route = b->dialect->route(method, path, strcspn(path, "?"));
    return bot__faults_hit(&b->faults, FAULT_REST_REFUSE, route == b->dialect->routes_n ? FAULT_ON_ALL : b->dialect->route_faults[route], 0, b->now) != NULL;
}

void bot__simvenue_http(struct simvenue *b, int64_t now_ns, uint64_t request, uint32_t ip, const char *method, const char *path,
                        const struct simvenue_header *headers, uint32_t headers_n, const char *body, size_t body_len)
{
    if (now_ns > b->now) b->now = now_ns;
    b->stats.requests++;
    const size_t len = strcspn(path, "?");
    struct call c = { .request = request, .ip = ip, .limit = -1, .used_weight = -1, .used_orders_10s = -1, .used_orders_1m = -1,
                      .route = b->dialect->route(method, path, len) };
    const struct slice query = path[len] == '?' ? (struct slice){ path + len + 1, strlen(path + len + 1) } : (struct slice){ "", 0 };
    b->dialect->http(b, &c, method, headers, headers_n, query, (struct slice){ body_len > 0 ? body : "", body_len });
}

/* Does the call at `at`: reads at once, what changes orders after the engine's own delay. */
static void schedule(struct simvenue *b, const struct call *c, int64_t delay, struct slice query, struct slice body)
{
    const bool write = b->dialect->is_write(c->route);
    int64_t at = b->now + delay;
    if (write) {
        at += bot__sim_rng_between(&b->rng, b->opt.engine_delay_min_ns, b->opt.engine_delay_max_ns);
        /* One key's requests reach the engine in the order they came, but for those that a fault holds up. */
        int64_t *last = &b->client[c->account].engine_at;
        if (at < *last) at = *last;
        if (delay == 0) *last = at;
    }
    if (at == b->now && !write) {
        b->dialect->run(b, c, query, body);
        return;
    }
    struct sim_item *item = bot__sim_item_new(&b->queue, ITEM_CALL, sizeof *c + query.len + body.len);
    if (item == NULL) return;
    memcpy(item->bytes, c, sizeof *c);
    if (query.len > 0) memcpy(item->bytes + sizeof *c, query.p, query.len);
    if (body.len > 0) memcpy(item->bytes + sizeof *c + query.len, body.p, body.len);
    item->a = (uint32_t)query.len;
    if (!bot__sim_queue_push(&b->queue, at, item)) {
        bot__sim_item_free(&b->queue, item);
        return;
    }
    bot__simvenue_weigh(b, &c->weight, 1);
}

void bot__simvenue_dispatch(struct simvenue *b, struct call *c, struct slice query, struct slice body)
{
    struct faults *f = &b->faults;
    const uint32_t bits = b->dialect->route_faults[c->route];
    const struct fault *hit;
    int64_t delay = 0;
    c->answer_delay_ns = b->dialect->is_write(c->route) ? bot__sim_rng_between(&b->rng, 0, 3 * BOT_NS_PER_MS) : 0;
    if (bot__faults_hit(f, FAULT_REST_HANG, bits, c->account, b->now) != NULL) {
        b->stats.hung++;
        return;
    }
    if ((hit = bot__faults_hit(f, FAULT_REST_RESET, bits, c->account, b->now)) != NULL) {
        bot__simvenue_answer(b, c, -1, false, "", 0);
        if (!hit->done) return;
        c->silent = true;
    } else if ((hit = bot__faults_hit(f, FAULT_REST_ERROR, bits, c->account, b->now)) != NULL) {
        bot__simvenue_error(b, c, hit->status, hit->code, hit->body);
        return;
    } else if ((bits & (FAULT_ON_CREATE | FAULT_ON_AMEND)) != 0 && (hit = bot__faults_hit(f, FAULT_ORDER_REJECT, 0, c->account, b->now)) != NULL) {
        bot__simvenue_error(b, c, 200, hit->code, FAULT_BODY_JSON);
        return;
    } else if ((hit = bot__faults_hit(f, FAULT_REST_GHOST, bits, c->account, b->now)) != NULL) {
        c->ghost = true;
        c->status = hit->status;
        c->code = hit->code;
        c->body = hit->body;
    } else if (bot__faults_hit(f, FAULT_REST_LOST, bits, c->account, b->now) != NULL) {
        c->silent = true;
    } else if ((hit = bot__faults_hit(f, FAULT_REST_SLOW, bits, c->account, b->now)) != NULL) {
        c->answer_delay_ns += bot__fault_draw(f, hit);
    } else if ((hit = bot__faults_hit(f, FAULT_REST_LATE, bits, c->account, b->now)) != NULL) {
        delay = bot__fault_draw(f, hit);
    } else if ((hit = bot__faults_hit(f, FAULT_REST_LIMBO, bits, c->account, b->now)) != NULL) {
        c->silent = true;
        delay = bot__fault_draw(f, hit);
    }
    c->weight.account = c->account;
    if (b->dialect->is_write(c->route)) b->dialect->weigh(b, c->route, query, body, &c->weight);
    schedule(b, c, delay, query, body);
}

void bot__simvenue_weigh_http(struct simvenue *b, const char *method, const char *path, const struct simvenue_header *headers,
                              uint32_t headers_n, const char *body, size_t body_len, struct simvenue_weight *ret)
{
    *ret = (struct simvenue_weight){ 0 };
    const size_t len = strcspn(path, "?");
    const uint32_t route = b->dialect->route(method, path, len);
    const char *key = bot__simvenue_header(headers, headers_n, b->dialect->key_header);
    if (!b->dialect->is_write(route) || key == NULL || (ret->account = bot__simvenue_auth(b, key)) == 0) return;
    const struct slice query = path[len] == '?' ? (struct slice){ path + len + 1, strlen(path + len + 1) } : (struct slice){ "", 0 };
    b->dialect->weigh(b, route, query, (struct slice){ body, body_len }, ret);
}

void bot__simvenue_weigh_ws(struct simvenue *b, uint32_t conn, const char *text, size_t len, struct simvenue_weight *ret)
{
    *ret = (struct simvenue_weight){ 0 };
    const struct conn *c = bot__simvenue_conn(b, conn);
    uint32_t route;
    struct slice body;
    if (c != NULL && c->kind == CONN_TRADE && b->dialect->weigh_message(b, c, (struct slice){ text, len }, &route, &body, &ret->account))
        b->dialect->weigh(b, route, (struct slice){ "", 0 }, body, ret);
}

void bot__simvenue_weigh(struct simvenue *b, const struct simvenue_weight *w, int sign)
{
    for (uint32_t i = 0; i < w->n; i++) {
        if (w->of[i].order == 0) {
            b->client[w->account].pending[w->of[i].instrument][w->of[i].side == BOT_BUY ? 0 : 1] += sign * w->of[i].lots;
        } else if (sign > 0 && b->amending_n < AMENDING_MAX) {
            b->amending[b->amending_n].order = w->of[i].order;
            b->amending[b->amending_n].lots = w->of[i].lots;
            b->amending[b->amending_n].account = w->account;
            b->amending[b->amending_n].instrument = w->of[i].instrument;
            b->amending[b->amending_n++].side = w->of[i].side;
        } else {
            for (uint32_t k = 0; k < b->amending_n && sign < 0; k++)
                if (b->amending[k].order == w->of[i].order && b->amending[k].lots == w->of[i].lots && b->amending[k].account == w->account) {
                    b->amending[k] = b->amending[--b->amending_n];
                    break;
                }
        }
    }
}

void bot__simvenue_note(struct simvenue_weight *w, uint16_t instrument, uint8_t side, int64_t lots, uint64_t order)
{
    if (w->n == SIMVENUE_WEIGHT_MAX || lots <= 0) return;
    w->of[w->n].instrument = instrument;
    w->of[w->n].side = side;
    w->of[w->n].order = order;
    w->of[w->n++].lots = lots;
}

/* ---- reads ----------------------------------------------------------------------------------------------------- */

void bot__simvenue_view(struct simvenue *b, const struct call *c, struct view *ret)
{
    const uint32_t bits = b->dialect->route_faults[c->route];
    struct faults *f = &b->faults;
    *ret = (struct view){ .as_of = INT64_MAX, .keep = UINT32_MAX, .faults = f };
    const struct fault *hit = bot__faults_hit(f, FAULT_REST_STALE, bits, c->account, b->now);
    if (hit != NULL) ret->as_of = b->now - bot__fault_draw(f, hit);
    else if ((hit = bot__faults_hit(f, FAULT_REST_FREEZE, bits, c->account, b->now)) != NULL) ret->as_of = bot__fault_since(f, hit, b->now);
    if (hit != NULL && bot__exchange_changed_since(b->x, c->account, ret->as_of)) bot__faults_bit(f, hit->kind);
    if ((hit = bot__faults_hit(f, FAULT_REST_PARTIAL, bits, c->account, b->now)) != NULL) {
        ret->keep = hit->keep;
        ret->drop = hit->drop;
    }
    ret->twice = bot__faults_hit(f, FAULT_REST_DOUBLE, bits, c->account, b->now) != NULL;
}

bool bot__simvenue_row_begin(struct list *l, const struct view *v)
{
    const uint32_t i = l->seen++;
    if (i < v->drop || i >= v->keep) {
        bot__faults_bit(v->faults, FAULT_REST_PARTIAL);
        return false;
    }
    if (l->written > 0) bot__text_put(l->t, ",");
    l->row_at = l->t->len;
    return true;
}

void bot__simvenue_row_end(struct list *l, const struct view *v)
{
    l->written++;
    if (!v->twice) return;
    bot__faults_bit(v->faults, FAULT_REST_DOUBLE);
    const size_t n = l->t->len - l->row_at;
    bot__text_put(l->t, ",");
    if (l->t->size - l->t->len > n) {
        memcpy(l->t->buf + l->t->len, l->t->buf + l->row_at, n);
        l->t->len += n;
        l->t->buf[l->t->len] = '\0';
    }
    l->written++;
}
