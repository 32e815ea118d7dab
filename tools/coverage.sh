#!/bin/sh
# tools/coverage.sh [MINIMUM]: what the unit and scenario tests reach of libbot/core, by branches; exit status 1 below MINIMUM per cent (95).
# Assertions do not count: their failing branch is a defect by definition. A page for each file: build-coverage/html/index.html.
set -eu
cd "$(dirname "$0")/.."
minimum=${1:-95}
. tools/packages.sh
need_packages "to build" $BUILD_PACKAGES
need_packages "for the tests" check gcovr gzip python3
build=build-coverage
[ -f $build/build.ninja ] || meson setup $build -Db_coverage=true -Dbuildtype=debug -Dexamples=false -Dbenchmarks=false >/dev/null
ninja -C $build >$build.log 2>&1 || { tail -n 40 $build.log >&2; exit 1; }
meson test -C $build --no-rebuild --suite unit --suite scenario --suite dst --timeout-multiplier 6 >$build.log 2>&1 || { tail -n 40 $build.log >&2; exit 1; }
mkdir -p $build/html
exec gcovr -r . $build --filter 'libbot/core/' --exclude-branches-by-pattern '.*BOT_ASSERT.*' --exclude-lines-by-pattern '.*BOT_ASSERT.*' --branches \
    --exclude-unreachable-branches --sort-percentage --html-details $build/html/index.html --print-summary --fail-under-branch "$minimum"
