"""botctl paper with a fault script and botctl watch before it, as two processes; files in a directory of their own."""
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BOTCTL = os.path.join(os.environ.get('LIBBOT_BUILD', os.path.join(ROOT, 'build')), 'tools', 'botctl', 'botctl')


class Live:
    def __init__(self, faults, seconds, paper_options=(), **http):
        self.dir = tempfile.mkdtemp(prefix='libbot-live-')
        self.processes = []
        try:
            with open(os.path.join(self.dir, 'faults'), 'w') as f:
                f.write(faults)
            self.begin = time.monotonic()
            self.paper = self._run('paper', '--fault', os.path.join(self.dir, 'faults'), '--dir', os.path.join(self.dir, 'paper'), '--for', str(seconds), *paper_options)
            p = json.loads(self.paper.stdout.readline())
            self.config = os.path.join(self.dir, 'watch.json')
            with open(self.config, 'w') as f:
                json.dump({'accounts': [{'name': 'main', 'venue': 'bybit', 'key': {'env': 'BOT_KEY'}, 'secret': {'file': p['secret_file']}, 'rest_url': p['rest'],
                                         'ws_private_url': p['ws_private'], 'ws_public_url': p['ws_public'], 'ca_file': p['ca_file'], 'instruments': ['BTCUSDT']}],
                           'http': {'listen': '127.0.0.1:0', **http}, 'alerts': {'routes': [{'type': 'stderr'}]}}, f)
            self.watch = self._run('watch', self.config, BOT_KEY=p['key'])
            self.url = None
            deadline = time.monotonic() + 20
            while self.url is None and self.watch.poll() is None and time.monotonic() < deadline:
                time.sleep(0.05)
                said = self.said()
                if 'http://127.0.0.1:' in said and '/\n' in said:
                    self.url = said[said.index('http://127.0.0.1:'):].split()[0]
            if self.url is None:
                raise OSError('no page: ' + self.said())
        except BaseException:
            self.close()
            raise

    def _run(self, name, *args, **env):
        p = subprocess.Popen([BOTCTL, name, *args], stdout=subprocess.PIPE, stderr=open(os.path.join(self.dir, name + '.err'), 'w'), text=True,
                             env={**os.environ, **env})
        self.processes.append(p)
        return p

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for p in reversed(self.processes):
            p.terminate()
        for p in self.processes:
            try:
                p.wait(10)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    def said(self):
        """What the watch wrote on standard error."""
        with open(os.path.join(self.dir, 'watch.err')) as f:
            return f.read()

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return answer.read().decode()

    def status(self):
        return json.loads(self.get('api/status'))

    def descriptors(self):
        return len(os.listdir(f'/proc/{self.watch.pid}/fd'))
