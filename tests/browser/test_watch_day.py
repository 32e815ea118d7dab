#!/usr/bin/env python3
"""A day's traffic through the watch in under a minute: thousands of fills, stale and hanging answers, cut sockets, viewers that come
and go. Once its rings are full its memory stays, and no descriptor is left behind."""
import os
import socket
import sys
import time

import devtools
import live
import tap

# A day of a busy account is a few thousand fills; sockets are cut a dozen times, REST fails now and then.
DAY = '''
every 30ms trade side=buy qty=0.001
every 30ms trade side=sell qty=0.001
every 70ms trade side=buy qty=0.002
every 70ms trade side=sell qty=0.002
every 5s for 700ms rest.stale on=positions age=2s..60s
every 9s for 300ms rest.error on=positions,fills
every 7s ws.cut stream=private
every 11s ws.cut stream=public
'''
HELLO = b'GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n'
RUDE = (b'GET /api/sta', b'GET / HTTP/1.1\r\nX: ' + b'a' * 100_000, b'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n' * 500, b'\x16\x03\x01\x00',
        HELLO + b'\x81\x05hello', HELLO + b'\x89\x80\0\0\0\0' * 2000, HELLO + b'\x81\xff' + b'\x7f' * 8)
WARM_S, END_S = 22, 55


def memory_is_flat_and_no_descriptor_is_lost(l):
    host, port = l.url.split('/')[2].split(':')
    at_warm = most = None

    def rss():
        with open(f'/proc/{l.watch.pid}/statm') as f:
            return int(f.read().split()[1]) * os.sysconf('SC_PAGE_SIZE') >> 10

    def visit():
        l.get('')
        l.get('metrics')
        l.status()
        v = devtools.WebSocket(host, int(port), '/live')
        v.receive()
        v.sock.close()
        for bytes_said in RUDE:  # and those who mean it no good
            rude = socket.create_connection((host, int(port)), timeout=0.2)
            try:
                rude.sendall(bytes_said)
            except OSError:
                pass  # refused before all was said
            rude.close()

    while time.monotonic() - l.begin < END_S:
        visit()
        time.sleep(0.1)
        if at_warm is None and time.monotonic() - l.begin > WARM_S:
            at_warm, descriptors = rss(), l.descriptors()
        if at_warm is not None:
            most = max(most or 0, rss())
    time.sleep(1)
    text = l.get('metrics')
    value = lambda name: sum(float(x.rsplit(' ', 1)[1]) for x in text.splitlines() if x.startswith(name))
    n = value('libbot_fills_total{')
    print(f'# {n:.0f} fills, {value("libbot_requests_total"):.0f} requests; resident {at_warm} KiB when warm, {most} KiB at most after; '
          f'{descriptors} descriptors, {l.descriptors()} at the end; loop at most {l.status()["process"]["loop_lag_max_ms"]} ms late')
    assert n > 2000, n
    assert most - at_warm < 2048, (at_warm, most)
    deadline = time.monotonic() + 5
    while l.descriptors() > descriptors and time.monotonic() < deadline:
        time.sleep(0.2)
    assert l.descriptors() <= descriptors + 1, (descriptors, l.descriptors())  # a private socket may be on its way


def main():
    if not os.path.exists(live.BOTCTL):
        tap.skip_all(f'{live.BOTCTL} is not built')
    with live.Live(DAY, END_S + 40) as l:
        return tap.run([memory_is_flat_and_no_descriptor_is_lost], l)


if __name__ == '__main__':
    sys.exit(main())
