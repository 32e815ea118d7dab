'use strict';
// The page of `botctl watch`. One document comes over the socket, the page is drawn from it, and nothing is remembered but
// which details are open. Text from outside is only ever set as text. What is shown as a number is the text that came.
(() => {
  const SVG = 'http://www.w3.org/2000/svg';
  const $ = id => document.getElementById(id);
  let token = decodeURIComponent((location.hash.match(/token=([^&]*)/) || [])[1] || '');
  let newest = null, heard = 0, socket = null, retry = 500, drawn = 0;
  if (token) history.replaceState(null, '', location.pathname); // not left in the address bar

  const el = (name, className, text) => {
    const e = document.createElement(name);
    if (className) e.className = className;
    if (text !== undefined) e.textContent = text;
    return e;
  };
  const svg = (name, attributes) => {
    const e = document.createElementNS(SVG, name);
    for (const k in attributes) e.setAttribute(k, attributes[k]);
    return e;
  };
  const span = ms => {
    const s = Math.max(0, ms) / 1000;
    if (s < 10) return s.toFixed(1) + ' s';
    if (s < 120) return Math.round(s) + ' s';
    if (s < 7200) return Math.round(s / 60) + ' min';
    return s < 172800 ? (s / 3600).toFixed(1) + ' h' : Math.round(s / 86400) + ' days';
  };
  const clock = ms => new Date(ms).toLocaleTimeString([], { hour12: false });

  // ---- pictures ----

  // series: [{points: [[t, value|null]], className}]; steps, because a position holds until the next fill.
  function chart(series, from, to, label) {
    const width = 480, height = 120, left = 4, bottom = 14, top = 12;
    const all = series.flatMap(s => s.points).filter(p => p[1] !== null).map(p => Number(p[1]));
    const picture = svg('svg', { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': label });
    if (all.length === 0) return picture;
    let low = Math.min(...all, 0), high = Math.max(...all, 0);
    if (low === high) high = low + 1;
    const x = t => left + (width - left) * Math.min(1, Math.max(0, (t - from) / Math.max(1, to - from)));
    const y = v => top + (height - top - bottom) * (high - v) / (high - low);
    picture.append(svg('line', { class: 'axis', x1: left, x2: width, y1: y(0), y2: y(0) }));
    for (const s of series) {
      let d = '', open = false, last = 0;
      for (const [t, value] of s.points) {
        if (value === null) { open = false; continue; }
        const py = y(Number(value)).toFixed(1), px = x(t).toFixed(1);
        d += open ? `H${px}V${py}` : `M${px},${py}`;
        open = true;
        last = py;
      }
      if (open) d += `H${x(to).toFixed(1)}V${last}`;
      picture.append(svg('path', { class: s.className, d }));
    }
    const scale = (v, at, baseline) => {
      const t = svg('text', { x: left, y: at, 'dominant-baseline': baseline });
      t.textContent = String(+v.toPrecision(6));
      picture.append(t);
    };
    scale(high, 9, 'auto');
    scale(low, height - 3, 'auto');
    return picture;
  }

  function strip(verdicts, from, to) {
    const picture = svg('svg', { class: 'strip', viewBox: '0 0 480 26', preserveAspectRatio: 'none', role: 'img', 'aria-label': 'verdicts of the position answers' });
    // A height for each kind beside its colour: agreement is low, what is wrong stands up.
    const tall = { AGREE: 8, STALE: 18, PARTIAL: 12, FAILED: 12, DRIFT: 26 };
    for (const [t, verdict] of verdicts) {
      if (t < from) continue;
      const h = tall[verdict] || 4, x = 480 * (t - from) / Math.max(1, to - from);
      const bar = svg('rect', { class: 'v-' + (tall[verdict] ? verdict : 'FAILED'), x: Math.max(0, x - 1.5).toFixed(1), y: 26 - h, width: 3, height: h });
      const title = svg('title', {});
      title.textContent = `${clock(t)} ${verdict}`;
      bar.append(title);
      picture.append(bar);
    }
    return picture;
  }

  function figure(picture, parts) {
    const f = el('figure'), caption = el('figcaption');
    parts.forEach(([text, className], i) => {
      if (i) caption.append(' · ');
      caption.append(el('span', className, text));
    });
    f.append(picture, caption);
    return f;
  }

  // ---- parts ----

  function numbers(pairs) {
    const list = el('dl', 'numbers');
    for (const [name, value] of pairs) {
      if (value === undefined || value === '') continue;
      const cell = el('div');
      cell.append(el('dt', '', name), el('dd', '', value));
      list.append(cell);
    }
    return list;
  }

  const verdictWords = {
    AGREE: ['good', '✓ agrees'], STALE: ['warn', '◷ REST is stale'], DRIFT: ['bad', '✗ drift'], FAILED: ['warn', '… no answer'],
    PARTIAL: ['warn', '… incomplete answer'], NONE: ['waiting', '… not compared yet'],
  };

  function instrument(i, now) {
    const box = el('section', 'instrument');
    const head = el('div', 'row'), [tone, words] = verdictWords[i.verdict] || verdictWords.NONE;
    head.append(el('h3', '', i.symbol + (i.leg === 'net' ? '' : ' ' + i.leg)),
      el('span', 'badge ' + tone, words + (i.stale_age_ms !== undefined ? `, ${span(i.stale_age_ms)} old` : '')));
    box.append(head);
    box.append(numbers([['by our fills', i.qty], ['REST says', i.rest_qty], ['difference', i.drift === '0' ? 'none' : i.drift], ['entry', i.entry_price],
      ['last agreed', i.agreed_ms ? span(now - i.agreed_ms) + ' ago' : 'not yet'],
      ['may still buy / sell', i.reserved && (i.reserved.buy !== '0' || i.reserved.sell !== '0') ? `${i.reserved.buy} / ${i.reserved.sell}` : '']]));
    const charts = el('div', 'charts'), history = i.history || [];
    const from = history.length ? history[0][0] : now - 60000;
    const position = figure(chart([{ points: history.map(p => [p[0], p[2]]), className: 'l-rest' }, { points: history.map(p => [p[0], p[1]]), className: 'l-self' }],
      from, now, `position of ${i.symbol} by our fills and by REST`),
      [['— by our fills', 'k-self'], ['- - by REST', 'k-rest'], [`since ${clock(from)}`, '']]);
    position.insertBefore(strip(i.verdicts || [], from, now), position.lastChild);
    charts.append(position);
    if (i.rate) {
      const rates = i.rates || [], start = rates.length ? rates[0][0] : now - 60000;
      charts.append(figure(chart([{ points: rates.map(p => [p[0], p[2]]), className: 'l-reference' }, { points: rates.map(p => [p[0], p[1]]), className: 'l-self' }],
        start, now, `trade rate of ${i.symbol} and what is expected`),
        [[`— trades ${i.rate.per_s} a second`, 'k-self'], [`·· expected ${i.rate.reference_per_s}`, 'k-reference'], [i.rate.state, '']]));
    }
    box.append(charts);
    return box;
  }

  function table(head, rows) {
    const scroll = el('div', 'scroll'), t = el('table'), top = el('tr');
    head.forEach(h => top.append(el('th', '', h)));
    t.append(el('thead'), el('tbody'));
    t.tHead.append(top);
    for (const r of rows) {
      const line = el('tr');
      r.forEach(c => {
        const cell = el('td');
        cell.append(c === undefined ? '' : c);
        line.append(cell);
      });
      t.tBodies[0].append(line);
    }
    scroll.append(t);
    return scroll;
  }

  const states = { open: ['good', '✓ all is proven'], shut: ['bad', '✗ a bot must not trade'], starting: ['waiting', '… being proven'], closed: ['waiting', 'closed'] };

  function account(a, now) {
    const box = el('article'), head = el('div', 'row'), [tone, words] = states[a.state] || states.closed;
    head.append(el('h2', '', `${a.name} · ${a.venue}`), el('span', 'badge ' + tone, `${words}, for ${span(now - a.since_ms)}`));
    box.append(head);
    const reasons = el('ul', 'reasons');
    for (const r of a.reasons) {
      const li = el('li', r.latched ? 'bad' : 'warn');
      li.append(el('strong', '', r.text), ` (${r.reason}, for ${span(now - r.since_ms)}${r.latched ? '; stays until a person re-arms it' : ''})`);
      reasons.append(li);
    }
    if (a.reasons.length) box.append(reasons);
    for (const i of a.instruments) box.append(instrument(i, now));
    if (!a.instruments.length) box.append(el('p', 'soft', 'No instrument yet: nothing is held, and none is named in the configuration.'));
    box.append(el('h4', '', 'Streams'));
    box.append(table(['', 'state', 'last heard', 'lag'], a.streams.map(s =>
      [s.name, s.up ? '✓ up' : '✗ down', s.age_ms !== undefined ? span(s.age_ms) + ' ago' : '–', s.lag_ms !== undefined ? span(s.lag_ms) : '–'])));
    if (a.budget.length) {
      box.append(el('h4', '', 'Request budget'));
      box.append(table(['limit', 'used', ''], a.budget.map(b => {
        const m = el('meter');
        m.max = b.limit; m.value = b.used; m.high = b.limit * 0.8;
        m.setAttribute('aria-label', `${b.used} of ${b.limit}`);
        return [b.name, `${b.used} of ${b.limit} in ${span(b.window_ms)}${b.shut_ms ? `, shut for ${span(b.shut_ms)}` : ''}`, m];
      })));
    }
    const more = el('details'), key = 'fills/' + a.name;
    more.open = sessionStorage.getItem(key) === '1';
    more.addEventListener('toggle', () => sessionStorage.setItem(key, more.open ? '1' : ''));
    more.append(el('summary', '', `Last fills (${a.fills.length})`), table(['time', 'instrument', 'side', 'quantity', 'price', 'fee', '', 'came by', 'id'],
      a.fills.map(f => [clock(f.time_ms), f.instrument, f.side, f.qty, f.price, f.fee, f.liquidity, f.channel, f.exec_id])));
    box.append(more);
    return box;
  }

  function alertLine(a, now) {
    const li = el('li', a.state === 'resolved' ? 'resolved' : a.severity);
    const mark = a.state === 'resolved' ? '✓ over' : a.severity === 'critical' ? '✗ critical' : a.severity === 'warning' ? '▲ warning' : '● info';
    const where = [a.account, a.instrument].filter(x => x).join(' ');
    li.append(el('strong', '', `${mark}: ${where ? where + ': ' : ''}${a.rule.replaceAll('_', ' ')}. `), a.text + ' ');
    li.append(el('time', '', a.state === 'resolved' ? `${clock(a.since_ms)}, lasted ${span(a.resolved_ms - a.since_ms)}` : `since ${clock(a.since_ms)}, for ${span(now - a.since_ms)}`));
    if (a.delivery === 'failed' || a.delivery === 'retrying') li.append(el('strong', '', a.delivery === 'failed' ? ' ✗ not delivered' : ' … delivery is tried again'));
    return li;
  }

  // ---- the whole ----

  function tell(tone, text) {
    const v = $('verdict');
    if (v.textContent !== text) v.textContent = text; // a screen reader speaks only when it changes
    v.className = 'banner ' + tone;
    const sign = tone === 'good' ? '✓' : tone === 'bad' ? '✗' : tone === 'warn' ? '▲' : '…';
    const title = `${sign} ${text}`;
    if (document.title !== title) document.title = title;
    const colour = { good: '%23007a5a', bad: '%23c03000', warn: '%23b07800', waiting: '%23808890' }[tone];
    const icon = `data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="4" fill="${colour}"/>` +
      `<text x="8" y="12" font-size="11" text-anchor="middle" fill="white">${sign}</text></svg>`;
    if ($('icon').getAttribute('href') !== icon) $('icon').setAttribute('href', icon);
  }

  function judge(s) {
    const firing = s.alerts.filter(a => a.state === 'firing');
    const critical = firing.filter(a => a.severity === 'critical'), shut = s.accounts.filter(a => a.state === 'shut');
    const name = a => [a.account, a.instrument].filter(x => x).join(' ') + (a.account || a.instrument ? ': ' : '') + a.rule.replaceAll('_', ' ');
    if (critical.length) return ['bad', `${critical.length} critical: ${critical.slice(0, 3).map(name).join('; ')}`];
    if (firing.some(a => a.severity === 'warning')) return ['warn', `${firing.length} to look at: ${firing.slice(0, 3).map(name).join('; ')}`];
    if (shut.length) return ['warn', `${shut.map(a => a.name).join(', ')}: a bot must not trade: ${shut[0].reasons.map(r => r.text).slice(0, 2).join('; ')}`];
    if (s.accounts.some(a => a.state === 'starting')) return ['waiting', 'Positions are being proven.'];
    return ['good', 'Every position agrees with the venue.'];
  }

  function draw() {
    const s = newest, now = s.now_ms;
    drawn = performance.now();
    const [tone, text] = judge(s);
    tell(tone, text);
    const list = $('alerts');
    list.replaceChildren(...s.alerts.slice(0, 20).map(a => alertLine(a, now)));
    if (!s.alerts.length) list.append(el('li', 'resolved', 'None in the last day.'));
    const inside = document.activeElement && $('accounts').contains(document.activeElement) && document.activeElement.tagName === 'SUMMARY';
    const which = inside ? [...$('accounts').querySelectorAll('summary')].indexOf(document.activeElement) : -1;
    $('accounts').replaceChildren(...s.accounts.map(a => account(a, now)));
    if (which >= 0) { const again = $('accounts').querySelectorAll('summary')[which]; if (again) again.focus(); }
    $('process').textContent = `libbot ${s.process.libbot}, process ${s.process.pid}, up ${span(now - s.process.started_ms)}, ` +
      `${Math.round(s.process.rss_bytes / 1048576)} MiB, loop at most ${s.process.loop_lag_max_ms} ms late`;
  }

  function got(message) {
    heard = performance.now();
    if (message.type === 'status') {
      newest = message;
      if (performance.now() - drawn > 200) draw();
    }
  }

  function look() { // four times a second: silence is the loudest alarm that the page has
    const quiet = heard ? performance.now() - heard : performance.now();
    const cut = quiet > 5000;
    document.body.classList.toggle('cut', cut && newest !== null);
    $('link').className = 'badge ' + (cut ? 'bad' : socket && socket.readyState === 1 ? 'good' : 'waiting');
    $('link').textContent = cut ? `✗ no data for ${span(quiet)}` : socket && socket.readyState === 1 ? '✓ live' : '… connecting';
    if (cut && $('login').hidden) tell('bad', `No data for ${span(Math.floor(quiet / 1000) * 1000)}: what stands below is old. Is the watch running?`);
    else if (newest && performance.now() - drawn > 1000) draw();
  }

  function ask() {
    $('login').hidden = false;
    tell('waiting', 'This watch wants its token.');
    $('token').focus();
  }

  function connect() {
    socket = new WebSocket((location.protocol === 'https:' ? 'wss://' : 'ws://') + location.host + '/live');
    socket.onopen = () => { retry = 500; if (token) socket.send('token ' + token); };
    socket.onmessage = m => got(JSON.parse(m.data));
    socket.onclose = e => {
      if (e.code === 4401) { $('login-note').textContent = token ? 'That token is not the right one.' : ''; token = ''; ask(); return; }
      setTimeout(connect, retry * (0.5 + Math.random() / 2));
      retry = Math.min(retry * 2, 10000);
    };
  }

  $('login').addEventListener('submit', e => {
    e.preventDefault();
    token = $('token').value;
    $('token').value = '';
    $('login').hidden = true;
    tell('waiting', 'Waiting for the first data.');
    connect();
  });
  setInterval(look, 250);
  fetch('/api/status', { headers: token ? { Authorization: 'Bearer ' + token } : {} }).then(async r => {
    if (r.status === 401) return ask();
    if (r.ok) got(await r.json());
    connect();
  }).catch(connect);
})();
