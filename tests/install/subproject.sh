#!/bin/sh
# subproject.sh SOURCE CONSUMER: a meson project of its own that has libbot in subprojects/.
set -eu
for tool in meson ninja cc; do
    command -v "$tool" >/dev/null || { echo "no $tool here"; exit 77; }
done
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/subprojects"
ln -s "$1" "$scratch/subprojects/libbot"
cp "$2" "$scratch/consumer.c"
cat > "$scratch/meson.build" <<'END'
project('consumer', 'c', default_options: ['c_std=c11', 'warning_level=3', 'werror=true'])
libbot = subproject('libbot', default_options: ['default_library=static'])
test('consumer', executable('consumer', 'consumer.c', dependencies: libbot.get_variable('libbot_dep')))
test('by name', executable('by_name', 'consumer.c', dependencies: dependency('libbot')))
END
meson setup "$scratch/build" "$scratch" >"$scratch/log" 2>&1 || { cat "$scratch/log"; exit 1; }
ninja -C "$scratch/build" -j 2 consumer by_name >"$scratch/log" 2>&1 || { tail -40 "$scratch/log"; exit 1; }
[ ! -e "$scratch/build/subprojects/libbot/tests" ] || { echo "a subproject builds the tests too"; exit 1; }
meson test -C "$scratch/build" consumer 'by name' --no-rebuild
