#!/usr/bin/env python3
"""The whole way, as processes: the paper exchange with a fault script of the founding story's shape, the watch before it, the page in
a browser before that. And what Prometheus and Grafana are given."""
import json
import os
import re
import shutil
import subprocess
import sys
import time

import live
import tap

# tools/faults/founding.fault in a hurry, each of its states long enough for a slow machine to be seen in: a bot buys while REST answers success with an old position, then REST hangs; then
# fills are lost on the socket and REST keeps them back, too: the position really differs, until they come.
STORY = '''
at 10s trade side=buy qty=0.01
at 20s for 24s rest.stale on=positions age=30s..60s
at 21s trade side=buy qty=0.02
at 64s for 16s rest.freeze on=fills
at 64s for 16s ws.drop
at 65s trade side=sell qty=0.01
'''
SAID = 'document.getElementById("said").textContent'
HERE = os.path.dirname(os.path.abspath(__file__))


def shows_the_stale_answer_the_pause_and_the_recovery(b, l):
    b.view(1280, 900)
    b.go(l.url)

    def see(expression, until_s, name):
        while time.monotonic() - l.begin < until_s:
            if b.wait(expression, 0.5):
                if tap.shots():
                    b.shot(os.path.join(tap.shots(), f'live-{name}.png'))
                return
        raise AssertionError(f'{name}: not seen by {until_s} s; it says "{b.js(SAID)}", {b.complaints()}')

    see(f'{SAID} === "Every position agrees with the venue."', 20, 'good')
    see('document.body.innerText.includes("◷ REST is stale")', 40, 'stale')
    assert b.js('[...document.querySelectorAll("dd")].map(e => e.textContent)')[0] == '0.03', 'the position by fills is right while REST lies'
    see(f'{SAID}.includes("no agreement") && document.body.innerText.includes("a bot must not trade")', 44, 'paused')
    see('document.body.innerText.includes("✓ all is proven") && document.body.innerText.includes("✓ agrees")', 64, 'recovered')
    see(f'{SAID}.includes("drift")', 80, 'drift')
    see('document.body.innerText.includes("✓ agrees") && document.querySelector("dd").textContent === "0.02"', 105, 'mended')
    assert b.complaints() == [], b.complaints()
    others = [u for u in b.requests() if not u.startswith((l.url, 'data:', 'about:', l.url.replace('http', 'ws')))]
    assert others == [], others


def the_end_of_the_watch_is_seen_at_once(b, l):
    l.watch.kill()
    assert b.wait(f'{SAID}.startsWith("No data")', 9), b.js(SAID)
    if tap.shots():
        b.view(390, 844, dark=True, phone=True)
        b.shot(os.path.join(tap.shots(), 'live-killed.png'), whole=False)


def metrics_are_read_by_prometheus(b, l):
    text = l.get('metrics')
    assert text.endswith('# EOF\n')
    if shutil.which('promtool') is None:
        print('# promtool is not there: the format was not checked')
        return
    r = subprocess.run(['promtool', 'check', 'metrics'], input=text, text=True, capture_output=True)
    # promtool reads the older format, in which a counter's help stands at its name with _total.
    bad = [x for x in (r.stdout + r.stderr).splitlines() if x.strip() and not x.endswith('_total no help text')]
    assert bad == [], bad


def rules_and_dashboard_name_metrics_that_exist(b, l):
    served = set(re.findall(r'^# TYPE (\w+) (\w+)$', l.get('metrics'), re.M))
    names = {n + {'counter': '_total', 'histogram': '_bucket'}.get(kind, '') for n, kind in served}
    for path in ('tools/prometheus/libbot.rules.yml', 'tools/grafana/libbot-watch.json'):
        with open(os.path.join(live.ROOT, path)) as f:
            used = set(re.findall(r'\b(?:libbot|process)_[a-z_]+(?=[{\[ )"]|$)', f.read()))
        assert used - names == set(), (path, used - names)
        assert len(used) > 5
    with open(os.path.join(live.ROOT, 'tools/grafana/libbot-watch.json')) as f:
        panels = json.load(f)['panels']
    assert len({p['id'] for p in panels}) == len(panels) and all(t['expr'] for p in panels for t in p['targets'])
    if shutil.which('promtool') is not None:
        r = subprocess.run(['promtool', 'check', 'rules', os.path.join(live.ROOT, 'tools/prometheus/libbot.rules.yml')], text=True, capture_output=True)
        assert r.returncode == 0, r.stdout + r.stderr


def main():
    if not os.path.exists(live.BOTCTL):
        tap.skip_all(f'{live.BOTCTL} is not built')
    with tap.browser_or_skip() as b, live.Live(STORY, 150) as l:
        return tap.run([shows_the_stale_answer_the_pause_and_the_recovery, metrics_are_read_by_prometheus, rules_and_dashboard_name_metrics_that_exist,
                        the_end_of_the_watch_is_seen_at_once], b, l)


if __name__ == '__main__':
    sys.exit(main())
