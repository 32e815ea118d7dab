"""A watch made of cardboard: the page's real files under the real headers, documents as the test wants them."""
import base64
import hashlib
import json
import os
import re
import socket
import struct
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = os.path.join(ROOT, 'tools', 'watch', 'page')
CSP = re.search(r'csp\[\] = "([^"]*)"', open(os.path.join(ROOT, 'tools', 'watch', 'httpd.c')).read()).group(1)
FILES = {'/': ('index.html', 'text/html; charset=utf-8'), '/page.css': ('page.css', 'text/css'), '/page.js': ('page.js', 'text/javascript')}


class Watch:
    def __init__(self, token=None):
        self.token, self.document, self.silent, self.refuse = token, None, False, False
        self.viewers, self.opened, self.lock = [], 0, threading.Lock()
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.url = 'http://127.0.0.1:%d/' % self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        threading.Thread(target=self._speak, daemon=True).start()

    def close(self):
        self.silent = True
        self.listener.close()
        self.cut()

    def show(self, document):
        self.document = document
        self._send_all()

    def cut(self):
        """Every line ends, and at once."""
        with self.lock:
            for s in self.viewers:
                s.close()
            self.viewers = []

    def _speak(self):
        while True:
            time.sleep(1)
            self._send_all()

    def _text(self):
        now = int(time.time() * 1000)
        return json.dumps({**self.document, 'now_ms': now}).encode()

    def _send_all(self):
        if self.silent or self.document is None:
            return
        with self.lock:
            for s in list(self.viewers):
                try:
                    s.sendall(self._frame(1, self._text()))
                except OSError:
                    self.viewers.remove(s)

    @staticmethod
    def _frame(opcode, data):
        n = len(data)
        return bytes([0x80 | opcode]) + (bytes([n]) if n < 126 else b'\x7e' + struct.pack('>H', n) if n < 65536 else b'\x7f' + struct.pack('>Q', n)) + data

    def _accept(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(s,), daemon=True).start()

    def _serve(self, s):
        try:
            f = s.makefile('rb')
            line = f.readline().decode()
            headers = {}
            while (h := f.readline().decode().strip()):
                k, v = h.split(':', 1)
                headers[k.lower()] = v.strip()
            path = line.split(' ')[1]
            if self.refuse:
                return s.close()
            if path == '/live':
                return self._live(s, f, headers)
            if path in FILES:
                name, kind = FILES[path]
                with open(os.path.join(PAGE, name), 'rb') as file:
                    return self._answer(s, 200, kind, file.read())
            if path == '/api/status' and self.token and headers.get('authorization') != 'Bearer ' + self.token:
                return self._answer(s, 401, 'text/plain', b'A token is needed.\n')
            if path == '/api/status' and self.document:
                return self._answer(s, 200, 'application/json', self._text())
            self._answer(s, 404, 'text/plain', b'no\n')
        except (OSError, IndexError, ValueError):
            s.close()

    @staticmethod
    def _answer(s, status, kind, body):
        s.sendall((f'HTTP/1.1 {status} x\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nContent-Security-Policy: {CSP}\r\n'
                   'X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n').encode() + body)
        s.close()

    def _live(self, s, f, headers):
        accept = base64.b64encode(hashlib.sha1((headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').encode()).digest()).decode()
        s.sendall(f'HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n'.encode())
        self.opened += 1
        if self.token:
            head = f.read(2)
            if len(head) < 2 or head[0] & 15 != 1:
                return s.close()
            mask = f.read(4)
            text = bytes(b ^ mask[i & 3] for i, b in enumerate(f.read(head[1] & 127)))
            if text.decode() != 'token ' + self.token:
                s.sendall(self._frame(8, struct.pack('>H', 4401) + b'wrong token'))
                return
        with self.lock:
            self.viewers.append(s)
        self._send_all()


def document(verdict='AGREE', symbol='BTCUSDT', qty='0.010', rest='0.010', drift='0', state='open', alerts=(), reasons=(), **more):
    """One account as status.c writes it, half an hour old."""
    now = int(time.time() * 1000)
    start = now - 1800_000
    history, verdicts, rates = [], [], []
    position = ['0', '0.005', '0.010', '0.004', '-0.006', '0.002', '0.010']
    for i in range(180):
        t = start + i * 10_000
        own = position[min(i // 26, 6)] if i < 179 else qty
        history.append([t, own, own if i % 26 else position[max(0, min(i // 26, 6) - 1)]])
        verdicts.append([t, 'STALE' if i % 26 == 0 and i else 'FAILED' if i == 100 else 'AGREE'])
        rates.append([t, 12 + (i * 7919 % 50) / 10, 14])
    verdicts.append([now - 1000, verdict])
    history.append([now - 1000, qty, rest])
    instrument = {'symbol': symbol, 'leg': 'net', 'qty': qty, 'entry_price': '65000.5', 'realised': '12.25', 'rest_qty': rest, 'rest_at_ms': now - 1000,
                  'drift': drift, 'agreed_ms': now - 1000 if verdict == 'AGREE' else now - 48_000, 'verdict': verdict, 'verdicts': verdicts, 'history': history,
                  'rate': {'per_s': 13.4, 'reference_per_s': 14.0, 'state': 'normal'}, 'rates': rates, 'reserved': {'buy': '0', 'sell': '0'}}
    if verdict == 'STALE':
        instrument['stale_age_ms'] = 23_400
    fills = [{'time_ms': now - 7000 * i, 'instrument': symbol, 'side': 'buy' if i % 2 else 'sell', 'qty': '0.005', 'price': f'6500{i}.5', 'fee': '0.0325',
              'liquidity': 'maker', 'channel': 'stream', 'exec_id': f'e-{1000 - i}'} for i in range(12)]
    account = {'name': 'main', 'venue': 'bybit', 'state': state, 'since_ms': now - 640_000, 'may_trade': state == 'open',
               'streams': [{'name': 'private', 'up': True, 'age_ms': 800, 'lag_ms': 12}, {'name': 'public', 'up': True, 'age_ms': 40, 'lag_ms': 3}],
               'budget': [{'name': 'ip 5s', 'used': 37, 'limit': 600, 'window_ms': 5000}, {'name': 'position/list', 'used': 9, 'limit': 10, 'window_ms': 1000}],
               'journal': {'path': '/var/lib/libbot/main.journal', 'records': 120345, 'lag_records': 0}, 'clock_offset_ms': -3, 'reasons': list(reasons),
               'requests': [{'endpoint': 'positions', 'agree': 1720, 'stale': 14, 'partial': 0, 'failed': 1, 'drift': 0, 'stale_age_ms': {'p50': 900, 'p99': 22000, 'max': 23400}},
                            {'endpoint': 'all', 'sent': 1902, 'failed': 1, 'timeouts': 0, 'waited_for_budget': 4}],
               'refusals': [{'reason': 'RECONCILED', 'count': 2}], 'instruments': [instrument], 'fills': fills}
    return {'type': 'status', 'version': 1, 'now_ms': now, 'process': {'pid': 4711, 'libbot': '0.1.0', 'started_ms': start, 'rss_bytes': 23 << 20, 'loop_lag_ms': 0,
            'loop_lag_max_ms': 2}, 'accounts': [account], 'alerts': list(alerts), 'routes': [{'name': 'pager', 'type': 'webhook', 'delivered': 4, 'failed': 0,
            'queued': 0, 'failing': False}], **more}


def alert(rule, severity='critical', state='firing', text='', ago_ms=48_000, lasted_ms=20_000, **more):
    now = int(time.time() * 1000)
    a = {'id': rule, 'rule': rule, 'severity': severity, 'state': state, 'account': 'main', 'instrument': 'BTCUSDT', 'since_ms': now - ago_ms, 'text': text,
         'delivery': 'delivered', **more}
    if state == 'resolved':
        a['resolved_ms'] = a['since_ms'] + lasted_ms
    return a


def reason(name, text, ago_ms=48_000, latched=False):
    return {'reason': name, 'since_ms': int(time.time() * 1000) - ago_ms, 'text': text, 'latched': latched}


def drifted():
    text = 'our fills give 0.010, the venue says 0.025'
    return document('DRIFT', qty='0.010', rest='0.025', drift='0.015', state='shut',
                    reasons=[reason('DRIFT', 'the venue holds another position than our fills explain', latched=True),
                             reason('RECONCILED', 'no answer has agreed with our fills for too long', ago_ms=31_000)],
                    alerts=[alert('drift', text=text), alert('stale', 'warning', text='REST said 0.004, as it was 23.4 s before; our fills give 0.010', delivery='retrying'),
                            alert('trade_rate', 'warning', 'resolved', 'trades come much more slowly than expected', ago_ms=900_000)])
