#!/bin/sh
# Runs seeded worlds for so many hours on every core, from seeds that nobody has seen yet, and reports totals.
#     tools/dst.sh HOURS [BUILD_DIR [VENUE]]
# Failures go to BUILD_DIR/dst-failures.txt, each with the line that repeats it and its shrunk list of faults: a fixed one
# belongs into tests/dst/seeds.txt. Exit status 1 when there was one, 2 when a run could not begin or did not end.
set -eu
[ $# -ge 1 ] || { echo "usage: tools/dst.sh HOURS [BUILD_DIR [VENUE]]" >&2; exit 2; }
build=${2:-build}
dst=$build/tests/dst/dst
[ -x "$dst" ] || { echo "tools/dst.sh: $dst is not there: ninja -C $build tests/dst/dst" >&2; exit 2; }
case $1 in *[!0-9.]*|"") echo "tools/dst.sh: HOURS is a number, 0.1 say, not '$1'" >&2; exit 2;; esac
seconds=$(awk "BEGIN { print $1 * 3600 }")
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
from=$(( $(date +%s) * 100000 ))
pids=
for core in $(seq "$(nproc)"); do
    "$dst" --venue "${3:-bybit}" --from $((from + core * 10000000)) --seconds "$seconds" --shrink --census > "$out/$core" &
    pids="$pids $!"
done
broken=0
for pid in $pids; do # 1: a world failed, which is in what it says; anything else: it did not get to its end
    wait "$pid" || [ $? -eq 1 ] || broken=1
done
cat "$out"/* | awk '/^seeds /{ s += $2; f += $4; h += $6; c += $9 }
    END { printf("%d seeds, %d failed, %.1f simulated hours, %.0f simulated seconds per second and core\n", s, f, h, (c > 0) ? h * 3600 / c : 0) }'
# How often each kind of fault was drawn, in how many worlds; how often it struck; and changed something, in how many worlds.
cat "$out"/* | awk '/^census kind/{ if (!said++) print; next }
    /^census /{ if (!($2 in d)) order[++n] = $2; d[$2] += $3; w[$2] += $4; u[$2] += $5; b[$2] += $6; v[$2] += $7 }
    END { for (i = 1; i <= n; i++) printf("census %-18s %8d %8d %9d %9d %8d\n", order[i], d[order[i]], w[order[i]], u[order[i]], b[order[i]], v[order[i]]) }'
if grep -hE "dst (--venue [a-z-]+ )?--seed" "$out"/* >> "$build/dst-failures.txt"; then
    echo "failures: $build/dst-failures.txt"
    exit 1
fi
[ $broken -eq 0 ] || { echo "tools/dst.sh: a run ended before its time: see above" >&2; exit 2; }
