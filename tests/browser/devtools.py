"""A headless Chromium driven over the DevTools protocol (https://chromedevtools.github.io/devtools-protocol/), with nothing but
the standard library: a WebSocket client, calls, events, and what the tests ask of a page."""
import base64
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time
import urllib.request


class WebSocket:
    """The client's side, text messages only. Frames to a server are masked (RFC 6455, 5.3)."""

    def __init__(self, host, port, path, timeout=20):
        self.sock = socket.create_connection((host, port), timeout=timeout)
        key = base64.b64encode(os.urandom(16)).decode()
        self.sock.sendall((f'GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
                           f'Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n').encode())
        self.buf = b''
        while b'\r\n\r\n' not in self.buf:
            self._more()
        head, self.buf = self.buf.split(b'\r\n\r\n', 1)
        if b' 101 ' not in head.split(b'\r\n')[0]:
            raise OSError('no WebSocket: ' + head.decode(errors='replace')[:80])

    def _more(self):
        data = self.sock.recv(1 << 16)
        if not data:
            raise OSError('the browser hung up')
        self.buf += data

    def _take(self, n):
        while len(self.buf) < n:
            self._more()
        out, self.buf = self.buf[:n], self.buf[n:]
        return out

    def send(self, text):
        data, mask = text.encode(), os.urandom(4)
        head = b'\x81' + (bytes([0x80 | len(data)]) if len(data) < 126 else b'\xfe' + struct.pack('>H', len(data)) if len(data) < 65536
                          else b'\xff' + struct.pack('>Q', len(data)))
        self.sock.sendall(head + mask + bytes(b ^ mask[i & 3] for i, b in enumerate(data)))

    def receive(self):
        message = b''
        while True:
            first, second = self._take(2)
            n = second & 0x7f
            if n == 126:
                n = struct.unpack('>H', self._take(2))[0]
            elif n == 127:
                n = struct.unpack('>Q', self._take(8))[0]
            payload = self._take(n)
            if first & 0x0f in (0, 1):
                message += payload
                if first & 0x80:
                    return message.decode()
            elif first & 0x0f == 8:
                raise OSError('the browser closed the socket')


def find_chromium():
    for name in ('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'):
        path = shutil.which(name)
        if path:
            return path
    return None


class Browser:
    """One Chromium with one page. Use as a context."""

    def __init__(self, path):
        self.dir = tempfile.mkdtemp(prefix='libbot-browser-')
        # Names other than numeric ones do not resolve: a page that asks for something outside fails at once, and is seen.
        self.process = subprocess.Popen(
            [path, '--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-extensions', '--disable-dev-shm-usage',
             '--disable-background-networking', '--disable-component-update', '--disable-sync', '--mute-audio', '--hide-scrollbars',
             '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1', '--remote-debugging-port=0', f'--user-data-dir={self.dir}', 'about:blank'],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self._attach()
        except BaseException:
            self.close()
            raise

    def _attach(self):
        port_file = os.path.join(self.dir, 'DevToolsActivePort')
        deadline = time.monotonic() + 60
        port = None
        while port is None:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise OSError('chromium did not start')
            try:
                lines = open(port_file).read().split('\n')
                port = int(lines[0]) if len(lines) > 1 else None
            except (OSError, ValueError):
                pass
            time.sleep(0.05)
        pages = []
        while not pages and time.monotonic() < deadline:
            with urllib.request.urlopen(f'http://127.0.0.1:{port}/json/list', timeout=20) as answer:
                pages = [p for p in json.load(answer) if p['type'] == 'page']
        self.ws = WebSocket('127.0.0.1', port, '/' + pages[0]['webSocketDebuggerUrl'].split('/', 3)[3])
        self.id = 0
        self.events = []
        for domain in ('Page', 'Runtime', 'Log', 'Network'):
            self.call(domain + '.enable')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    def call(self, method, **params):
        self.id += 1
        self.ws.send(json.dumps({'id': self.id, 'method': method, 'params': params}))
        while True:
            m = json.loads(self.ws.receive())
            if m.get('id') == self.id:
                if 'error' in m:
                    raise RuntimeError(f'{method}: {m["error"]}')
                return m['result']
            if 'method' in m:
                self.events.append(m)

    def js(self, expression):
        r = self.call('Runtime.evaluate', expression=expression, returnByValue=True, awaitPromise=True)
        if 'exceptionDetails' in r:
            raise RuntimeError(str(r['exceptionDetails'])[:500])
        return r['result'].get('value')

    def wait(self, expression, seconds=8):
        """Until the expression is true; its last value."""
        deadline = time.monotonic() + seconds
        while True:
            value = self.js(expression)
            if value or time.monotonic() > deadline:
                return value
            time.sleep(0.05)

    def go(self, url):
        self.events.clear()
        self.call('Page.navigate', url=url)
        self.wait('document.readyState === "complete"')

    def view(self, width, height, dark=False, phone=False, reduced_motion=False):
        self.call('Emulation.setDeviceMetricsOverride', width=width, height=height, deviceScaleFactor=2 if phone else 1, mobile=phone)
        self.call('Emulation.setEmulatedMedia', features=[{'name': 'prefers-color-scheme', 'value': 'dark' if dark else 'light'},
                                                          {'name': 'prefers-reduced-motion', 'value': 'reduce' if reduced_motion else 'no-preference'}])

    def shot(self, path, whole=True):
        data = self.call('Page.captureScreenshot', format='png', captureBeyondViewport=whole)['data']
        with open(path, 'wb') as f:
            f.write(base64.b64decode(data))

    def press(self, key, code):
        self.call('Input.dispatchKeyEvent', type='keyDown', key=key, windowsVirtualKeyCode=code, text='\r' if key == 'Enter' else '')
        self.call('Input.dispatchKeyEvent', type='keyUp', key=key, windowsVirtualKeyCode=code)

    def complaints(self):
        """Exceptions, refusals by the content security policy and errors of the page so far."""
        self.js('1')  # whatever has happened is heard
        out = []
        for e in self.events:
            if e['method'] == 'Runtime.exceptionThrown':
                d = e['params']['exceptionDetails']
                out.append(d.get('exception', {}).get('description', d['text']))
            elif e['method'] == 'Log.entryAdded' and e['params']['entry']['source'] in ('security', 'violation', 'javascript'):
                out.append(e['params']['entry']['text'])
        return out

    def requests(self):
        self.js('1')
        return [e['params']['request']['url'] for e in self.events if e['method'] == 'Network.requestWillBeSent']
