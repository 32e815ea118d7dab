#!/bin/sh
# tools/soak.sh [MINUTES [libwebsockets]]: the market maker on the paper exchange over TLS through a proxy that cuts, stalls, drips and resets; ten minutes
# when not said, over wslay unless the other transport is named. Its position must be the exchange's, its limit held all the time, descriptors and memory flat.
set -eu
cd "$(dirname "$0")/.."
. tools/packages.sh
need_packages "to build" $BUILD_PACKAGES
need_packages "for the tests" check gzip python3
minutes=${1:-10}
case $minutes in '' | *[!0-9]* | 0) echo "usage: tools/soak.sh [MINUTES [libwebsockets]]" >&2; exit 2 ;; esac
[ -f build/build.ninja ] || meson setup build >/dev/null
[ -z "${2:-}" ] || export TEST_WS="$2"
log=build/soak-build.log
ninja -C build tests/io/test_soak >"$log" 2>&1 || { tail -n 40 "$log" >&2; exit 1; }
CK_FORK=no SOAK_SECONDS=$((minutes * 60)) LIBBOT_SOURCE=$PWD LIBBOT_BUILD=$PWD/build exec ./build/tests/io/test_soak
