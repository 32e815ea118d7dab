#!/bin/sh
# tools/tsan.sh: the tests that use more than one thread (the journal's writer, kill from another thread, name lookups) under ThreadSanitizer.
set -eu
cd "$(dirname "$0")/.."
. tools/packages.sh
need_packages "to build" $BUILD_PACKAGES
need_packages "for the tests" check gzip python3
build=build-tsan
[ -f $build/build.ninja ] || meson setup $build -Db_sanitize=thread -Db_lundef=false -Dexamples=false -Dbenchmarks=false >/dev/null
tests="tests/unit/test_journal tests/unit/test_journal_faults tests/unit/test_journal_replay tests/scenario/scenario_test_journal tests/io/test_live tests/io/test_http"
ninja -C $build $tests >$build.log 2>&1 || { tail -n 40 $build.log >&2; exit 1; }
failed=0
for t in $tests; do
    log=$build/$(basename "$t").log
    if LIBBOT_SOURCE=$PWD LIBBOT_BUILD=$PWD/$build TEST_TIMEOUT_SCALE=8 TEST_JOBS=4 TSAN_OPTIONS="halt_on_error=0 exitcode=66 suppressions=$PWD/tests/tsan.supp" \
        ./$build/"$t" >"$log" 2>&1 && ! grep -q 'WARNING: ThreadSanitizer' "$log"; then
        echo "$(basename "$t"): $(grep -c '^ok' "$log") passed, no race"
    else
        echo "$(basename "$t"): see $log"
        grep -m 3 -E '^not ok|SUMMARY: ThreadSanitizer' "$log" || true
        failed=1
    fi
done
exit $failed
