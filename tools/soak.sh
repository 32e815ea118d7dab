#!/bin/sh
# tools/soak.sh [MINUTES] [SEED]: the market maker on the paper exchange over TLS through a network that cuts, stalls, drips and resets; ten
# minutes when not said. At the end its position must be the exchange's, its limit held, the gate open, memory and descriptors flat.
set -eu
cd "$(dirname "$0")/.."
. tools/packages.sh
need_packages "to build" $BUILD_PACKAGES
need_packages "for the soak" python3
minutes=${1:-10}
case $minutes in '' | *[!0-9]* | 0) echo "usage: tools/soak.sh [MINUTES] [SEED]" >&2; exit 2 ;; esac
[ -f build/build.ninja ] || meson setup build >/dev/null
ninja -C build tools/botctl/botctl strategies/strategy_market_maker >build/soak-build.log 2>&1 || { tail -n 40 build/soak-build.log >&2; exit 1; }
exec python3 tests/soak/soak.py build $((minutes * 60)) "${2:-1}"
