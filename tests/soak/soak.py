#!/usr/bin/env python3
"""The market maker on the paper exchange over real TLS, with a bad network between them.

soak.py BUILD_DIR SECONDS [SEED]: a TCP proxy cuts, stalls, drips and resets connections at random; in the last part the network is
well. At the end: the bot's position is the exchange's, the limit held all the time, the gate opened again, and neither
descriptors nor memory of the bot grew. Prints what happened as JSON; exit status 1 when something is wrong.
"""
import asyncio
import json
import os
import random
import re
import signal
import sys
import tempfile
from decimal import Decimal
from urllib.parse import urlsplit

LIMIT = Decimal('0.05')
WARM_S = 6


class Proxy:
    """One listener in front of one port. `trouble`: draws a fault for connections now and then."""

    def __init__(self, target, rng):
        self.target, self.rng, self.trouble = target, rng, False
        self.links, self.faults = set(), {'cut': 0, 'stall': 0, 'drip': 0, 'reset': 0, 'refused': 0}
        self.stall_until = self.drip_until = 0.0

    async def start(self):
        self.server = await asyncio.start_server(self.accept, '127.0.0.1', 0)
        return self.server.sockets[0].getsockname()[1]

    async def accept(self, reader, writer):
        if self.trouble and self.rng.random() < 0.15:
            self.faults['refused'] += 1
            writer.transport.abort()
            return
        try:
            up_reader, up_writer = await asyncio.open_connection('127.0.0.1', self.target)
        except OSError:
            writer.transport.abort()
            return
        link = (writer, up_writer)
        self.links.add(link)
        await asyncio.gather(self.pump(reader, up_writer), self.pump(up_reader, writer))
        self.links.discard(link)
        for w in link:
            w.close()

    async def pump(self, reader, writer):
        loop = asyncio.get_running_loop()
        try:
            while data := await reader.read(65536):
                while loop.time() < self.stall_until:
                    await asyncio.sleep(0.05)
                while data and loop.time() < self.drip_until:
                    writer.write(data[:64])
                    data = data[64:]
                    await asyncio.sleep(0.02)
                writer.write(data)
                await writer.drain()
            writer.write_eof()
        except (OSError, RuntimeError):
            writer.transport.abort()

    async def make_trouble(self, until):
        loop = asyncio.get_running_loop()
        self.trouble = True
        while loop.time() < until:
            await asyncio.sleep(self.rng.uniform(4.0, 14.0))
            kind = self.rng.choice(['cut', 'stall', 'drip', 'reset'])
            self.faults[kind] += 1
            if kind == 'stall':
                self.stall_until = loop.time() + self.rng.uniform(0.5, 6.0)
            elif kind == 'drip':
                self.drip_until = loop.time() + self.rng.uniform(0.5, 4.0)
            else:
                for link in list(self.links):
                    if self.rng.random() < 0.6:
                        for w in link:
                            w.transport.abort() if kind == 'reset' else w.close()
        self.trouble = False
        self.stall_until = self.drip_until = 0.0


def descriptors(pid):
    return len(os.listdir('/proc/%d/fd' % pid))


def resident_kib(pid):
    with open('/proc/%d/status' % pid) as f:
        return int(re.search(r'VmRSS:\s+(\d+)', f.read())[1])


async def run(build, seconds, seed):
    rng = random.Random(seed)
    loop = asyncio.get_running_loop()
    with tempfile.TemporaryDirectory() as directory:
        paper = await asyncio.create_subprocess_exec(build + '/tools/botctl/botctl', 'paper', '--dir', directory, '--seed', str(seed), '--rate', '20000',
                                                     stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL)
        start = json.loads(await paper.stdout.readline())
        proxy = Proxy(urlsplit(start['rest']).port, rng)
        port = await proxy.start()

        def through(url):
            u = urlsplit(url)
            return u._replace(netloc='127.0.0.1:%d' % port).geturl()

        env = dict(os.environ, BOT_VENUE='bybit', BOT_KEY=start['key'], BOT_SECRET=open(start['secret_file']).read().strip(), BOT_REST_URL=through(start['rest']),
                   BOT_WS_PRIVATE_URL=through(start['ws_private']), BOT_WS_PUBLIC_URL=through(start['ws_public']), BOT_CA_FILE=start['ca_file'],
                   POSITION_MAX=str(LIMIT), ORDER_QTY='0.01', SPREAD_BPS='1')
        log = open(build + '/soak.log', 'w+')
        bot = await asyncio.create_subprocess_exec(build + '/strategies/strategy_market_maker', stdout=log, stderr=log, env=env)
        await asyncio.sleep(WARM_S)
        before = (descriptors(bot.pid), resident_kib(bot.pid))
        heal = min(30, max(15, seconds // 4))
        await proxy.make_trouble(loop.time() + seconds - WARM_S - heal)
        await asyncio.sleep(heal)
        after = (descriptors(bot.pid), resident_kib(bot.pid))
        alive = bot.returncode is None
        if alive:
            bot.send_signal(signal.SIGINT)
        status = await asyncio.wait_for(bot.wait(), 20)
        paper.send_signal(signal.SIGINT)
        out, _ = await asyncio.wait_for(paper.communicate(), 20)
        end = json.loads(out.splitlines()[-1])
        proxy.server.close()
        log.seek(0)
        text = log.read()

    truth = Decimal(end['accounts'][0]['qty'])
    leaving = re.search(r'leaving with (\S+); (\d+) fills, (\d+) quotes refused', text)
    gates = re.findall(r'^gate (open|shut)', text, re.M)
    position = peak = Decimal(0)
    for side, qty in re.findall(r'^(bought|sold) (\S+) at', text, re.M):
        position += Decimal(qty) if side == 'bought' else -Decimal(qty)
        peak = max(peak, abs(position))
    result = {'seconds': seconds, 'seed': seed, 'faults': proxy.faults, 'fills': end['accounts'][0]['fills'], 'truth': str(truth),
              'believed': leaving[1] if leaving else None, 'peak': str(peak), 'limit': str(LIMIT), 'gate_shut': gates.count('shut'), 'gate_open': gates.count('open'),
              'descriptors': before[0:1] + after[0:1], 'resident_kib': before[1:] + after[1:]}
    wrong = []
    if not alive or status != 0:
        wrong.append('the bot ended by itself, status %s' % status)
    if leaving is None or Decimal(leaving[1]) != truth:
        wrong.append('the bot believes another position than the exchange')
    if position != truth:
        wrong.append('the fills that were told do not add up to the position')
    if peak > LIMIT:
        wrong.append('the limit was passed')
    if not gates or gates[-1] != 'open':
        wrong.append('the gate did not open again on a network that is well')
    if end['accounts'][0]['fills'] < seconds // 12:
        wrong.append('hardly anything was traded: this proves nothing')
    if after[0] > before[0] + 6:
        wrong.append('descriptors grew')
    if after[1] > before[1] + 8192:
        wrong.append('memory grew')
    result['wrong'] = wrong
    print(json.dumps(result))
    return 1 if wrong else 0


sys.exit(asyncio.run(run(os.path.abspath(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1)))
