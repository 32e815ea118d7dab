#!/bin/sh
# tools/fuzz.sh MINUTES [TARGET...]: fuzzes every parser for its share of the time, with sanitizers, and says what each executed.
#
# Builds with clang in build-fuzz. Seeds are made by the plain tests of the targets; what libFuzzer finds interesting is kept in
# build-fuzz/corpus and is the start of the next run. A crash leaves its input in build-fuzz/crashes; exit status 1 then.
set -eu
cd "$(dirname "$0")/.."
minutes=${1:-}
case $minutes in '' | *[!0-9]* | 0) echo "usage: tools/fuzz.sh MINUTES [TARGET...]" >&2; exit 2 ;; esac
shift
. tools/packages.sh
need_packages "to build" $BUILD_PACKAGES
need_packages "for the fuzzers" check clang libclang-rt-14-dev python3
build=build-fuzz
if [ ! -f $build/build.ninja ]; then
    CC=clang meson setup $build -Dfuzzers=true -Db_sanitize=address,undefined -Db_lundef=false -Dexamples=false -Dbenchmarks=false >/dev/null
fi
targets=${*:-json venue book journal http1 config server}
set --
for t in $targets; do set -- "$@" "tests/fuzz/fuzz_$t" "tests/fuzz/replay_$t"; done
ninja -C $build "$@" >$build.log 2>&1 || { tail -n 40 $build.log >&2; exit 1; }
count=$(echo "$targets" | wc -w)
seconds=$((minutes * 60 / count))
mkdir -p $build/crashes
failed=0
for t in $targets; do
    corpus=$build/corpus/$t
    mkdir -p "$corpus"
    FUZZ_SEEDS=$PWD/$corpus LIBBOT_SOURCE=$PWD ./$build/tests/fuzz/replay_$t >/dev/null 2>&1 || true # not every target writes seeds
    log=$build/fuzz_$t.log
    status=0
    BOT_KEY=k BOT_SECRET=s ./$build/tests/fuzz/fuzz_$t -max_total_time=$seconds -max_len=8192 -timeout=10 -rss_limit_mb=3000 -print_final_stats=1 \
        -artifact_prefix=$build/crashes/$t- "$corpus" >"$log" 2>&1 || status=1
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    printf '%-8s %12s executions in %s s, %s inputs kept%s\n' "$t" "${runs:-?}" "$seconds" "$(ls "$corpus" | wc -l)" \
        "$([ $status -eq 0 ] || echo ': CRASHED, see '"$log")"
    [ $status -eq 0 ] || failed=1
done
exit $failed
