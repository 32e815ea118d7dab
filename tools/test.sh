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
jobs=$(($(nproc) * 2)) # the long tests mostly wait: for time-outs, heartbeats, retries
echo "Building"
run build-test -Dwerror=true -Dexamples=true
echo "Testing"
python3 tools/test_totals.py build-test "tests" --num-processes $jobs
set -- $(cat build-test/totals)
passed=$1 failed=$2 skipped=$3
if [ "${SANITIZE:-1}" != 0 ]; then
    echo "Building with address and undefined-behaviour sanitizers"
    run build-sanitize -Db_sanitize=address,undefined -Doptimization=1 -Dexamples=false -Dbenchmarks=false # -O2 takes twice as long to compile, and saves less
    echo "Testing under them"
    UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 TEST_TIMEOUT_SCALE=4 \
        python3 tools/test_totals.py build-sanitize "tests under sanitizers" --num-processes $jobs --timeout-multiplier 4
    set -- $(cat build-sanitize/totals)
    passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
