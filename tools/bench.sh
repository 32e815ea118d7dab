#!/bin/sh
# tools/bench.sh: the benchmarks on a quiet machine, as one table in Markdown with the machine and the date. Every figure stands beside
# a floor of the same run: what cJSON needs merely to parse the bytes, what a bare libwebsockets client needs for the same messages.
# Some two minutes; figures of a busy machine mean nothing.
set -eu
cd "$(dirname "$0")/.."
. tools/packages.sh
need_packages "to build" $BUILD_PACKAGES
need_packages "for the tests" check gzip python3
build=build-bench
[ -f $build/build.ninja ] || meson setup $build -Dbuildtype=release -Dexamples=false >/dev/null
programs="bench_pipeline bench_decode bench_ws"
for p in $programs; do set -- "$@" "tests/bench/$p"; done
ninja -C $build "$@" >$build.log 2>&1 || { tail -n 40 $build.log >&2; exit 1; }
for p in $programs; do
    left=3 # a client of bench_ws that a loaded machine starves may be cut off: then all of that program anew
    until ./$build/tests/bench/$p >$build/$p.txt; do
        left=$((left - 1))
        [ $left -gt 0 ] || { echo "$p failed" >&2; exit 1; }
    done
done
cpu=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)
printf 'Measured on %s: %s (%s processors), Linux %s, %s, `-O3`.\n\n' "$(date -u '+%-d %B %Y')" "${cpu:-$(uname -m)}" "$(nproc)" "$(uname -r)" "$(cc --version | head -n 1)"
exec python3 - $build <<'PY'
import re, sys
build = sys.argv[1]
rows = []
for line in open(build + '/bench_pipeline.txt'):
    m = re.match(r'(.*?) {2,}([\d.]+) ns(?: +floor +([\d.]+) ns +ratio ([\d.]+))?', line)
    if m:
        rows.append((m[1].strip(), m[2] + ' ns', 'cJSON parses the bytes: %s ns' % m[3] if m[3] else '', m[4] or ''))
for line in open(build + '/bench_decode.txt'):
    m = re.match(r'(\S+) +(\d+) B +cJSON parse +([\d.]+) ns +decode to event +([\d.]+) ns +ratio ([\d.]+)', line)
    if m:
        name = m[1] if '-' in m[1] or '+' in m[1] else 'bybit-' + m[1]
        rows.append(('%s of %s bytes -> event' % (name, m[2]), m[4] + ' ns', 'cJSON parses the bytes: %s ns' % m[3], m[5]))
clients = {}
for line in open(build + '/bench_ws.txt'):
    m = re.match(r'(.*?) {2,}([\d.]+) +([\d.]+) +([\d.]+) +([\d.]+)$', line)
    if m:
        clients[m[1]] = [float(x) for x in (m[2], m[4], m[5])]
bare = clients.get('libwebsockets, bare')
for name, (burst, paced, trip) in clients.items():
    if name == 'libwebsockets, bare':
        continue
    for what, i in (('CPU for a 600-byte message over TLS, busy feed', 0), ('the same, one message every 200 us', 1), ('round trip of 100 bytes over WSS on loopback', 2)):
        rows.append(('%s, %s' % (name, what), '%.2f us' % (burst, paced, trip)[i], 'bare libwebsockets client: %.2f us' % bare[i], '%.2f' % ((burst, paced, trip)[i] / bare[i])))
print('| what | libbot | floor in the same run | ratio |\n| --- | ---: | ---: | ---: |')
for row in rows:
    print('| ' + ' | '.join(row) + ' |')
PY
