#!/bin/sh
# installed.sh LANGUAGE BUILD CONSUMER: installs BUILD into a scratch directory and builds and runs CONSUMER against it alone.
set -eu
case $1 in c++*) compiler=c++ flags="-x c++" ;; *) compiler=cc flags="-x c" ;; esac
for tool in $compiler pkg-config meson; do
    command -v "$tool" >/dev/null || { echo "no $tool here"; exit 77; }
done
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
DESTDIR=$scratch meson install -C "$2" --no-rebuild --quiet
pc=$(find "$scratch" -name libbot.pc)
[ -n "$pc" ] || { echo "no libbot.pc was installed"; exit 1; }
PKG_CONFIG_PATH=$(dirname "$pc")
PKG_CONFIG_SYSROOT_DIR=$scratch
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
libdir=$(pkg-config --variable=libdir libbot)
case $libdir in "$scratch"*) ;; *) libdir=$scratch$libdir ;; esac
# shellcheck disable=SC2046,SC2086
$compiler $flags -std="$1" -Wall -Wextra -Wpedantic -Werror $(pkg-config --cflags libbot) "$3" -x none $(pkg-config --libs libbot) -o "$scratch/consumer"
[ "$(readlink "$libdir/libbot.so")" = libbot.so.0 ] || { echo "libbot.so is no link to its soname"; exit 1; }
# Only what the headers name is exported.
if command -v nm >/dev/null; then
    strangers=$(nm -D --defined-only "$libdir/libbot.so" | awk '$3 !~ /^bot_[a-z]/ && $3 !~ /^_(init|fini)$/ { print $3 }')
    [ -z "$strangers" ] || { echo "exported and not ours to export: $strangers"; exit 1; }
fi
# What an operator looks for is in its place.
for file in bin/botctl share/man/man1/botctl.1 share/man/man5/libbot-watch.json.5 share/man/man5/libbot-fault.5 \
    share/libbot/watch.schema.json share/libbot/libbot-watch.json share/libbot/libbot.rules.yml lib/systemd/system/libbot-watch.service \
    share/libbot/faults/founding.fault share/bash-completion/completions/botctl; do
    [ -n "$(find "$scratch" -path "*/$file" -o -path "*/$file.gz")" ] || { echo "not installed: $file"; exit 1; }
done
botctl=$(find "$scratch" -path '*/bin/botctl')
LD_LIBRARY_PATH=$libdir "$botctl" version | grep -q '^botctl [0-9]' || { echo "the installed botctl does not run"; exit 1; }
if command -v bash >/dev/null; then
    completed=$(LD_LIBRARY_PATH=$libdir PATH=$(dirname "$botctl"):$PATH bash -c '. "$1"
        COMP_WORDS=(botctl ex) COMP_CWORD=1; _botctl; echo "${COMPREPLY[*]}"
        COMP_WORDS=(botctl poll --venue ok) COMP_CWORD=3; _botctl; echo "${COMPREPLY[*]}"
        COMP_WORDS=(botctl paper --fa) COMP_CWORD=2; _botctl; echo "${COMPREPLY[*]}"' completion "$(find "$scratch" -path '*/completions/botctl')" | tr '\n' ' ')
    [ "$completed" = "explain export okx --fault " ] || { echo "completed: $completed"; exit 1; }
fi
LD_LIBRARY_PATH=$libdir "$scratch/consumer"
