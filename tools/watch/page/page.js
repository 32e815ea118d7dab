'use strict';
// The page of `botctl watch`. Documents come over the socket and the page is drawn from the newest; the document on the screen is
// changed in place, so that focus, selection and scrolling stay where the reader has them. Text from outside is only ever set as
// text. Amounts are shown as the text that came: they become numbers only to find a place in a picture.
(() => {
  const SVG = 'http://www.w3.org/2000/svg';
  const QUIET_MS = 5000;   // the watch speaks at least every 2 s; past this the page says that it knows nothing
  const DRAW_MS = 200;
  const AGREED_MS = 60000; // flat and quiet accounts are compared every 20 s
  const ALERTS_SHOWN = 20;
  const $ = id => document.getElementById(id);
  const given = (location.hash.match(/token=([^&]*)/) || [])[1];
  let token = given !== undefined ? decodeURIComponent(given) : sessionStorage.getItem('token') || '';
  let newest = null, heard = 0, socket = null, tried = 0, retry = 500, again = 0, drawn = 0, later = 0, broken = '';
  if (given !== undefined) history.replaceState(null, '', location.pathname); // not left in the address bar

  const el = (name, className, ...inside) => {
    const e = document.createElement(name);
    if (className) e.className = className;
    e.append(...inside); // strings become text nodes
    return e;
  };
  const svg = (name, attributes, ...inside) => {
    const e = document.createElementNS(SVG, name);
    for (const k in attributes) e.setAttribute(k, attributes[k]);
    e.append(...inside);
    return e;
  };
  const span = ms => {
    const s = Math.max(0, ms) / 1000;
    if (s < 10) return s.toFixed(1) + ' s';
    if (s < 120) return Math.floor(s) + ' s';
    if (s < 7200) return Math.floor(s / 60) + ' min';
    return s < 172800 ? (s / 3600).toFixed(1) + ' h' : Math.floor(s / 86400) + ' days';
  };
  const clock = ms => new Date(ms).toLocaleTimeString([], { hour12: false, hour: '2-digit', minute: '2-digit', second: '2-digit' });
  const zero = text => text === undefined || !/[1-9]/.test(text);

  // Makes `old` look like `fresh`, keeping every node that can stay.
  function morph(old, fresh) {
    for (const a of [...old.attributes]) if (!fresh.hasAttribute(a.name) && a.name !== 'open') old.removeAttribute(a.name);
    for (const a of fresh.attributes) if (a.name !== 'open' && old.getAttribute(a.name) !== a.value) old.setAttribute(a.name, a.value);
    const want = [...fresh.childNodes];
    while (old.childNodes.length > want.length) old.lastChild.remove();
    want.forEach((n, i) => {
      const o = old.childNodes[i];
      if (!o) old.append(n);
      else if (o.nodeName !== n.nodeName || (n.dataset && n.dataset.key !== o.dataset.key)) o.replaceWith(n);
      else if (n.nodeType === 3) { if (o.data !== n.data) o.data = n.data; } else morph(o, n);
    });
  }
  function show(id, ...children) {
    const fresh = $(id).cloneNode(false);
    fresh.append(...children);
    morph($(id), fresh);
  }

  // ---- pictures ----

  const WIDTH = 480, HEIGHT = 110;
  const at = (t, from, to) => WIDTH * Math.min(1, Math.max(0, (t - from) / Math.max(1, to - from)));

  // series: [{points: [[t, value|null]], className}]; steps, because a position holds until the next fill. The ends of the scale are
  // written as they came, not as they were drawn.
  function chart(series, from, to, label) {
    const picture = svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': label });
    let low = '0', high = '0';
    for (const s of series)
      for (const [, v] of s.points) {
        if (v === null) continue;
        if (Number(v) < Number(low)) low = v;
        if (Number(v) > Number(high)) high = v;
      }
    const bottom = Number(low), top = Number(high) > bottom ? Number(high) : bottom + 1;
    const y = v => 5 + (HEIGHT - 10) * (top - v) / (top - bottom);
    picture.append(svg('line', { class: 'axis', x1: 0, x2: WIDTH, y1: y(0).toFixed(1), y2: y(0).toFixed(1) }));
    for (const s of series) {
      let d = '', open = false;
      for (const [t, value] of s.points) {
        if (value === null) {
          if (open) d += `H${at(t, from, to).toFixed(1)}`;
          open = false;
          continue;
        }
        const px = at(t, from, to).toFixed(1), py = y(Number(value)).toFixed(1);
        d += open ? `H${px}V${py}` : `M${px},${py}`;
        open = true;
      }
      if (open) d += `H${WIDTH}`;
      if (d) picture.append(svg('path', { class: s.className, d }));
    }
    return el('div', 'chart', el('span', 'scale', String(high)), picture, el('span', 'scale', String(low)));
  }

  const marks = { AGREE: '✓', STALE: '◷', DRIFT: '✗', PARTIAL: '…', FAILED: '∅' };
  // Height says the same as colour: agreement lies low, what is wrong stands up.
  const heights = { AGREE: 7, PARTIAL: 11, FAILED: 11, STALE: 17, DRIFT: 26 };

  function strip(verdicts, from, to, name) {
    const counts = {}, picture = svg('svg', { class: 'strip', viewBox: `0 0 ${WIDTH} 26`, preserveAspectRatio: 'none', role: 'img' });
    for (const [t, verdict] of verdicts) {
      if (t < from) continue;
      const h = heights[verdict] || 4, x = Math.min(WIDTH - 3, at(t, from, to));
      counts[verdict] = (counts[verdict] || 0) + 1;
      picture.append(svg('rect', { class: 'v-' + (heights[verdict] ? verdict : 'FAILED'), x: x.toFixed(1), y: 26 - h, width: 3, height: h },
        svg('title', {}, `${clock(t)} ${verdict}`)));
    }
    const words = Object.keys(counts).map(v => `${marks[v] || '…'} ${counts[v]} ${v.toLowerCase()}`);
    picture.setAttribute('aria-label', `answers of REST for ${name}: ${words.join(', ') || 'none yet'}`);
    return [picture, el('span', '', 'REST answers: ' + (words.join(', ') || 'none yet'))];
  }

  function caption(...parts) {
    const c = el('figcaption');
    for (const p of parts) c.append(p);
    return c;
  }

  // ---- parts ----

  function numbers(pairs) {
    return el('dl', 'numbers', ...pairs.filter(p => p[1] !== undefined && p[1] !== '')
      .map(([name, value, tone]) => el('div', tone || '', el('dt', '', name), el('dd', '', value))));
  }

  const verdictWords = {
    AGREE: ['good', '✓ agrees'], STALE: ['warn', '◷ REST is stale'], DRIFT: ['bad', '✗ drift'], FAILED: ['warn', '∅ no answer'],
    PARTIAL: ['warn', '… incomplete answer'], NONE: ['waiting', '… not compared yet'],
  };
  const rateWords = { normal: '', dropped: '▼ dropped', learning: '… learning what is normal', off: 'not watched' };

  // An agreement that is long ago is not shown as one of now: while the private stream is down, nothing is compared.
  function badgeOf(i, now) {
    const late = i.verdict === 'AGREE' && !(now - i.agreed_ms <= AGREED_MS);
    return late ? ['warn', '◷ agreed, but not lately'] : verdictWords[i.verdict] || verdictWords.NONE;
  }

  function instrument(i, now) {
    const [tone, words] = badgeOf(i, now), apart = !zero(i.drift);
    const name = i.symbol + (i.leg === 'net' ? '' : ' ' + i.leg), history = i.history || [], verdicts = i.verdicts || [];
    const from = Math.min(history.length ? history[0][0] : now, now - 60000);
    const [bars, counts] = strip(verdicts, from, now, name);
    const charts = el('div', 'charts', el('figure', '',
      chart([{ points: history.map(p => [p[0], p[1]]), className: 'l-self' }, { points: history.map(p => [p[0], p[2]]), className: 'l-rest' }],
        from, now, `position of ${name} by our fills and by REST since ${clock(from)}`), bars,
      caption(el('span', 'key k-self', '━ by our fills'), el('span', 'key k-rest', '╍ by REST'), el('span', '', `since ${clock(from)}`), counts)));
    if (i.rate && i.rate.state !== 'off') {
      const rates = i.rates || [], start = Math.min(rates.length ? rates[0][0] : now, now - 60000);
      charts.append(el('figure', '',
        chart([{ points: rates.map(p => [p[0], p[1]]), className: 'l-rate' }, { points: rates.map(p => [p[0], p[2]]), className: 'l-reference' }],
          start, now, `trade rate of ${name} and what is expected since ${clock(start)}`),
        caption(el('span', 'key k-self', `━ ${i.rate.per_s} trades a second`), el('span', 'key k-reference', `┄ ${i.rate.reference_per_s} expected`),
          el('strong', i.rate.state === 'dropped' ? 'badge bad' : 'soft', rateWords[i.rate.state] || ''))));
    }
    const box = el('section', 'instrument',
      el('div', 'row', el('h3', '', name), el('span', 'badge ' + tone, words + (i.stale_age_ms !== undefined ? `, ${span(i.stale_age_ms)} old` : ''))),
      numbers([['by our fills', i.qty], ['REST says', i.rest_qty === undefined ? 'nothing yet' : i.rest_qty], ['difference', i.drift === undefined ? '' : apart ? '≠ ' + i.drift : 'none', apart ? 'apart' : ''],
        ['last agreed', i.agreed_ms ? span(now - i.agreed_ms) + ' ago' : 'not yet'], ['entry', i.entry_price],
        ['orders may buy / sell', i.reserved && (!zero(i.reserved.buy) || !zero(i.reserved.sell)) ? `${i.reserved.buy} / ${i.reserved.sell}` : '']]),
      reasonList(i.reasons || [], now), charts);
    return box;
  }

  function reasonList(reasons, now) {
    return el('ul', 'reasons', ...reasons.map(r => el('li', r.latched ? 'bad' : 'warn', r.latched ? '✗ ' : '▲ ', el('strong', '', r.text),
      ` · ${r.reason}, for ${span(now - r.since_ms)}${r.latched ? '; stays until a person re-arms it' : ''}`)));
  }

  function table(head, rows, name) {
    const scroll = el('div', 'scroll', el('table', '',
      el('thead', '', el('tr', '', ...head.map(h => { const c = el('th', '', h); c.scope = 'col'; return c; }))),
      el('tbody', '', ...rows.map(r => el('tr', '', ...r.map(c => el('td', '', c === undefined ? '–' : c)))))));
    scroll.tabIndex = 0; // what scrolls can be scrolled by keyboard
    scroll.setAttribute('role', 'region');
    scroll.setAttribute('aria-label', name);
    return scroll;
  }

  function budgetBar(b) {
    const share = b.limit > 0 ? Math.min(1, b.used / b.limit) : 1, tone = b.shut_ms || share > 0.9 ? 'bad' : share > 0.7 ? 'warn' : 'good';
    const bar = svg('svg', { class: 'bar', viewBox: '0 0 100 10', preserveAspectRatio: 'none', role: 'meter', 'aria-valuemin': 0, 'aria-valuemax': b.limit,
      'aria-valuenow': Math.min(b.used, b.limit), 'aria-label': b.name }, svg('rect', { class: 'bar-ground', width: 100, height: 10 }),
      svg('rect', { class: 'bar-' + tone, width: (100 * share).toFixed(1), height: 10 }));
    return el('li', '', el('span', 'bar-name', b.name), bar,
      el('span', '', `${b.used} of ${b.limit} in ${span(b.window_ms)}` + (b.shut_ms ? ` · ✗ shut for ${span(b.shut_ms)}` : tone === 'good' ? '' : ' · ▲ nearly used up')));
  }

  function fold(key, title, ...inside) {
    const d = el('details', '', el('summary', '', title), ...inside);
    d.dataset.key = key;
    if (sessionStorage.getItem(key) === '1') d.open = true;
    d.addEventListener('toggle', () => sessionStorage.setItem(key, d.open ? '1' : ''));
    return d;
  }

  const states = { open: ['good', '✓ all is proven'], shut: ['bad', '✗ a bot must not trade'], starting: ['waiting', '… being proven'], closed: ['waiting', '○ closed'] };

  function requests(a) {
    const words = [];
    for (const r of a.requests || []) {
      const parts = ['sent', 'agree', 'stale', 'partial', 'failed', 'drift', 'timeouts', 'waited_for_budget'].filter(k => r[k] !== undefined)
        .map(k => `${r[k]} ${k.replaceAll('_', ' ')}`);
      const age = r.stale_age_ms;
      if (age) parts.push(`stale ones were ${span(age.p50)} old (median), ${span(age.p99)} (99 %), ${span(age.max)} (most)`);
      words.push(el('li', '', `${r.endpoint}: ${parts.join(', ')}`));
    }
    if (a.journal) words.push(el('li', '', `journal: ${a.journal.records} records, ${a.journal.lag_records} not on disk yet, ${a.journal.path}`));
    if (a.clock_offset_ms !== undefined) words.push(el('li', '', `the venue's clock minus ours: ${a.clock_offset_ms} ms`));
    const shut = (a.refusals || []).map(r => `${r.reason} ${r.count}`);
    if (shut.length) words.push(el('li', '', `times that a reason shut the gate: ${shut.join(', ')}`));
    return el('ul', 'plain', ...words);
  }

  function account(a, now) {
    const apart = (a.instruments || []).some(i => i.verdict === 'DRIFT'); // before the gate's patience is over, too
    const [tone, words] = apart && a.state === 'open' ? ['bad', '✗ positions differ'] : states[a.state] || states.closed, titleId = 'account-' + a.name.replace(/[^A-Za-z0-9]/g, '_');
    const title = el('h2', '', `${a.name} · ${a.venue}`);
    title.id = titleId;
    const box = el('article', 'tone-' + tone, el('div', 'row', title, el('span', 'badge ' + tone, apart && a.state === 'open' ? words : `${words}, for ${span(now - a.since_ms)}`)),
      reasonList(a.reasons || [], now));
    box.setAttribute('aria-labelledby', titleId);
    for (const i of a.instruments || []) box.append(instrument(i, now));
    if (!(a.instruments || []).length) box.append(el('p', 'soft', 'No instrument yet: nothing is held, and none is named in the configuration.'));
    box.append(el('h3', 'small', 'Streams'), table(['stream', 'state', 'last heard', 'lag'], (a.streams || []).map(s => [s.name, s.up ? '✓ up' : '✗ down',
      s.age_ms !== undefined ? span(s.age_ms) + ' ago' : undefined, s.lag_ms === undefined ? undefined : s.lag_ms < 1000 ? `${s.lag_ms} ms` : span(s.lag_ms)]), `streams of ${a.name}`));
    if ((a.budget || []).length) box.append(el('h3', 'small', 'Request budget'), el('ul', 'bars', ...a.budget.map(budgetBar)));
    box.append(fold('fills/' + a.name, `Last fills (${(a.fills || []).length})`,
      table(['time', 'instrument', 'side', 'quantity', 'price', 'fee', 'as', 'came by', 'id'], (a.fills || []).map(f =>
        [clock(f.time_ms), f.instrument, f.side === 'buy' ? '▲ buy' : '▼ sell', f.qty, f.price, f.fee, f.liquidity, f.channel, f.exec_id]), `last fills of ${a.name}`)),
      fold('requests/' + a.name, 'Requests and journal', requests(a)));
    return box;
  }

  const where = a => [a.account, a.instrument].filter(x => x).join(' ');
  const named = a => (where(a) ? where(a) + ': ' : '') + a.rule.replaceAll('_', ' ');

  function alertLine(a, now) {
    const over = a.state === 'resolved';
    const mark = over ? '✓ over' : a.severity === 'critical' ? '✗ critical' : a.severity === 'warning' ? '▲ warning' : '● info';
    return el('li', over ? 'resolved' : a.severity, el('strong', '', `${mark} · ${named(a)}`), ` ${a.text} `,
      el('span', 'soft', over ? `${clock(a.since_ms)}, lasted ${span(a.resolved_ms - a.since_ms)}` : `since ${clock(a.since_ms)}, for ${span(now - a.since_ms)}`),
      el('strong', '', a.delivery === 'failed' ? ' ✗ not delivered' : a.delivery === 'retrying' ? ' … delivery is tried again' : ''));
  }

  // ---- the whole ----

  const signs = { good: '✓', bad: '✗', warn: '▲', waiting: '…' };
  const colours = { good: '%23007a5a', bad: '%23c03000', warn: '%23b07800', waiting: '%23808890' };

  // said: what is read aloud; note: what changes every second, and is not.
  function tell(tone, said, note) {
    const v = $('verdict');
    if ($('said').textContent !== said) $('said').textContent = said;
    if ($('note').textContent !== (note || '')) $('note').textContent = note || '';
    if (v.className !== 'banner ' + tone) v.className = 'banner ' + tone;
    if ($('sign').textContent !== signs[tone]) $('sign').textContent = signs[tone];
    const title = `${signs[tone]} ${said}`;
    if (document.title !== title) document.title = title;
    // Beside its colour every state has its own shape: a tab is small.
    const shape = { good: '<circle cx="8" cy="8" r="8"', bad: '<rect width="16" height="16"', warn: '<path d="M8 0L16 16H0Z"', waiting: '<rect y="4" width="16" height="8" rx="4"' }[tone];
    const icon = `data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">${shape} fill="${colours[tone]}"/>` +
      `<text x="8" y="12.5" font-size="11" font-weight="bold" text-anchor="middle" fill="white">${signs[tone]}</text></svg>`;
    if ($('icon').getAttribute('href') !== icon) $('icon').setAttribute('href', icon);
  }

  function judge(s) {
    const firing = s.alerts.filter(a => a.state === 'firing'), critical = firing.filter(a => a.severity === 'critical');
    const warning = firing.filter(a => a.severity === 'warning'), shut = s.accounts.filter(a => a.state === 'shut');
    const apart = s.accounts.flatMap(a => (a.instruments || []).filter(i => i.verdict === 'DRIFT').map(i => `${a.name} ${i.symbol}`));
    if (critical.length) return ['bad', `${critical.length} critical: ${critical.slice(0, 3).map(named).join('; ')}`];
    if (apart.length) return ['bad', `Drift: ${apart.slice(0, 3).join(', ')}`]; // whatever severity the alert was given
    if (warning.length) return ['warn', `${warning.length} to look at: ${warning.slice(0, 3).map(named).join('; ')}`];
    if (shut.length) return ['warn', `${shut.map(a => a.name).join(', ')}: a bot must not trade: ${(shut[0].reasons || []).map(r => r.text).slice(0, 2).join('; ')}`];
    if (s.accounts.some(a => a.state === 'starting')) return ['waiting', 'Positions are being proven.'];
    if (s.accounts.some(a => a.state !== 'open')) return ['waiting', 'An account is closed.'];
    return s.accounts.length ? ['good', 'Every position agrees with the venue.'] : ['waiting', 'No account is watched.'];
  }

  function draw() {
    const s = newest, now = s.now_ms + (performance.now() - heard);
    drawn = performance.now();
    if (s.version !== 1) throw new Error(`the watch speaks version ${s.version}, this page version 1: reload it`);
    const firing = s.alerts.filter(a => a.state === 'firing').length, shown = Math.max(ALERTS_SHOWN, Math.min(firing, 100));
    show('alerts', ...s.alerts.slice(0, shown).map(a => alertLine(a, now)),
      ...(s.alerts.length > shown ? [el('li', 'resolved', `and ${s.alerts.length - shown} older ones that are over`)] : []),
      ...(s.alerts.length ? [] : [el('li', 'resolved', 'None in the last day.')]));
    show('accounts', ...s.accounts.map(a => account(a, now)));
    const routes = (s.routes || []).map(r => `${r.failing ? '✗ ' : ''}${r.name} (${r.type}: ${r.delivered} delivered, ${r.failed} failed${r.queued ? `, ${r.queued} wait` : ''})`);
    show('process', `libbot ${s.process.libbot} · process ${s.process.pid}, up ${span(now - s.process.started_ms)}, ` +
      `${Math.round(s.process.rss_bytes / 1048576)} MiB, loop at most ${s.process.loop_lag_max_ms} ms late` + (routes.length ? ` · alerts go to ${routes.join(', ')}` : ''));
    const [tone, text] = judge(s);
    tell(tone, text);
  }

  // A page that cannot draw must not look as if all were well.
  function tryDraw() {
    clearTimeout(later);
    later = 0;
    try {
      draw();
      broken = '';
    } catch (e) {
      broken = String(e.message || e);
    }
  }

  function got(text) {
    const message = JSON.parse(text);
    if (message.type !== 'status') return; // an alert: the document that follows has it, too
    heard = performance.now();
    newest = message;
    if (heard - drawn >= DRAW_MS) tryDraw();
    else if (!later) later = setTimeout(tryDraw, DRAW_MS - (heard - drawn));
    look();
  }

  function look() { // four times a second: silence is the loudest alarm that the page has
    const now = performance.now(), quiet = now - heard, asked = !$('login').hidden, cut = (quiet > QUIET_MS && !asked) || broken !== '';
    document.body.classList.toggle('cut', cut && newest !== null);
    const live = socket !== null && socket.readyState === 1 && heard > 0 && !cut;
    const words = asked ? '… token?' : broken !== '' ? '✗ not shown' : cut ? `✗ no data for ${span(quiet)}` : live ? '✓ live' : '… connecting';
    if ($('link').textContent !== words) $('link').textContent = words;
    $('link').className = 'badge ' + (cut ? 'bad' : live ? 'good' : 'waiting');
    if (broken !== '') tell('bad', 'This page cannot show what it got: what stands below is old.', broken);
    else if (cut) tell('bad', newest ? 'No data: what stands below is old. Is the watch running?' : 'No data: the watch does not answer.', `Nothing heard for ${quiet < 10000 ? Math.floor(quiet / 1000) + ' s' : span(quiet)}.`);
    else if (newest && now - drawn > 1000) tryDraw();
    // A line can be dead without an end: nobody waits for it.
    if (!asked && socket !== null && now - Math.max(heard, tried) > 2 * QUIET_MS) connect();
  }

  function ask(note) {
    token = '';
    sessionStorage.removeItem('token');
    $('login').hidden = false;
    $('login-note').textContent = note;
    tell('waiting', 'This watch wants its token.');
    $('token').focus();
    look();
  }

  function connect() {
    clearTimeout(again);
    if (socket !== null) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    tried = performance.now();
    const mine = socket = new WebSocket((location.protocol === 'https:' ? 'wss://' : 'ws://') + location.host + '/live');
    mine.onopen = () => { if (token) mine.send('token ' + token); };
    mine.onmessage = m => {
      retry = 500;
      if (token) sessionStorage.setItem('token', token); // it is the right one
      got(m.data);
    };
    mine.onclose = e => {
      if (mine !== socket) return;
      socket = null;
      if (e.code === 4401) return ask(token ? 'That token is not the right one.' : '');
      again = setTimeout(connect, retry * (0.5 + Math.random() / 2));
      retry = Math.min(retry * 2, 5000);
    };
  }

  $('login').addEventListener('submit', e => {
    e.preventDefault();
    token = $('token').value;
    $('token').value = '';
    $('login').hidden = true;
    heard = performance.now(); // the count of silence starts with the question
    tell('waiting', 'Waiting for the first data.');
    connect();
  });
  addEventListener('online', () => { if (socket === null) connect(); });
  setInterval(look, 250);
  fetch('/api/status', { headers: token ? { Authorization: 'Bearer ' + token } : {} }).then(async r => {
    if (r.status === 401) return ask(token ? 'That token is not the right one.' : '');
    if (r.ok) got(await r.text());
    connect();
  }).catch(() => connect());
})();
