#!/bin/sh
# tools/test.sh: builds libbot with warnings as errors and runs its tests, then once more under the sanitizers.
# Installs what it needs from Debian (as root or through sudo). The last line is the total.
#
#   sh tools/test.sh            everything that CI runs
#   SANITIZE=0 sh tools/test.sh without the second, sanitized run
set -eu
cd "$(dirname "$0")/.."
. tools/packages.sh
need_packages "to build" $BUILD_PACKAGES
need_packages "for the tests" check g++ gzip python3 spin

run() { # build directory, then meson setup's arguments
    build=$1
    shift
    if [ ! -f "$build/build.ninja" ]; then meson setup "$build" "$@" >"$build.log" 2>&1 || { cat "$build.log" >&2; exit 1; }; fi
    ninja -C "$build" >"$build.log" 2>&1 || { tail -n 60 "$build.log" >&2; exit 1; }
}
count() { # build directory, label: adds up the tests (not the programs) of the run
    # meson writes one object a line; each holds the TAP text of a program.
    python3 - "$1/meson-logs/testlog.json" "$2" <<'PY'
import json, re, sys
passed = failed = skipped = 0
for line in open(sys.argv[1], encoding='utf-8', errors='replace'):
    run = json.loads(line)
    out = run.get('stdout') or ''
    ok = bad = skip = 0
    for l in out.splitlines():
        if re.match(r'ok \d+', l):
            if '# SKIP' in l: skip += 1; print('  skipped: ' + l.split(' - ', 1)[-1])
            else: ok += 1
        elif re.match(r'not ok \d+', l):
            bad += 1; print('  FAILED: %s: %s' % (run['name'], l))
    if ok + bad + skip == 0:  # a program that speaks no TAP
        if run['result'] == 'SKIP': skip = 1; print('  skipped: ' + run['name'] + ': ' + (out.strip().splitlines() or ['no reason given'])[-1])
        elif run['result'] == 'OK': ok = 1
        else: bad = 1; print('  FAILED: ' + run['name']); print(out[-2000:]); print((run.get('stderr') or '')[-3000:])
    elif bad == 0 and run['result'] not in ('OK', 'SKIP'):
        bad = 1; print('  FAILED: %s: %s' % (run['name'], run['result'])); print((run.get('stderr') or '')[-3000:])
    elif bad:
        print(out[-3000:]); print((run.get('stderr') or '')[-1500:])
    passed += ok; failed += bad; skipped += skip
print('%s: %d passed, %d failed, %d skipped' % (sys.argv[2], passed, failed, skipped))
open(sys.argv[1] + '.totals', 'w').write('%d %d %d' % (passed, failed, skipped))
PY
}
jobs=$(($(nproc) * 2)) # the long tests mostly wait: for time-outs, heartbeats, retries
status=0
echo "Building"
run build-test -Dwerror=true -Dexamples=true
echo "Testing"
meson test -C build-test --no-rebuild --num-processes $jobs --print-errorlogs >build-test.log 2>&1 || status=1
count build-test "tests"
set -- $(cat build-test/meson-logs/testlog.json.totals)
passed=$1 failed=$2 skipped=$3
if [ "${SANITIZE:-1}" != 0 ]; then
    echo "Building with address and undefined-behaviour sanitizers"
    run build-sanitize -Db_sanitize=address,undefined -Doptimization=1 -Dexamples=false -Dbenchmarks=false # -O2 takes twice as long to compile, and saves less
    echo "Testing under them"
    UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 TEST_TIMEOUT_SCALE=4 \
        meson test -C build-sanitize --no-rebuild --num-processes $jobs --timeout-multiplier 4 --print-errorlogs >build-sanitize.log 2>&1 || status=1
    count build-sanitize "tests under sanitizers"
    set -- $(cat build-sanitize/meson-logs/testlog.json.totals)
    passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
fi
[ $status -eq 0 ] || [ $failed -gt 0 ] || failed=1 # meson saw a failure that no test line told of
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
