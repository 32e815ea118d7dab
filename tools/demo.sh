#!/bin/sh
# tools/demo.sh: builds botctl and shows the founding incident: two ordinary bots and one on libbot, in the same market.
# Installs what it needs from Debian (as root or through sudo). Arguments go to `botctl demo`.
set -eu
cd "$(dirname "$0")/.."
. tools/packages.sh
need_packages "to build" $BUILD_PACKAGES
if [ ! -f build-demo/build.ninja ]; then
    meson setup build-demo -Dbuildtype=release -Dtests=false -Dexamples=false >build-demo.log 2>&1 || { cat build-demo.log >&2; exit 1; }
fi
echo "Building botctl"
ninja -C build-demo tools/botctl/botctl >build-demo.log 2>&1 || { tail -n 40 build-demo.log >&2; exit 1; }
exec build-demo/tools/botctl/botctl demo "$@"
