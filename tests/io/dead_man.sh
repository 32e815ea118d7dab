#!/bin/sh
# dead_man.sh BOTCTL DEAD_MAN MARKET_MAKER: a bot that rests quotes at the paper exchange is frozen; what it rests is cancelled by the
# process beside it, and then nothing of it is left at the venue.
set -eu
. "$(dirname "$0")/paper.sh"
paper_start "$1" 60
helper=
trap 'kill -9 $helper 2>/dev/null || true; kill $paper 2>/dev/null || true; kill -CONT $(cat "$scratch/maker") 2>/dev/null || true; kill -9 $(cat "$scratch/maker") 2>/dev/null || true; rm -rf "$scratch"' EXIT
# Beats while the maker lives; then it is frozen, and the shell that beat for it ends.
"$2" 2 sh -c '
    "$0" > "$scratch/lines" 2>&1 &
    echo $! > "$scratch/maker"
    for _ in $(seq 40); do
        printf . >&"$BOT_DEAD_MAN_FD"
        sleep 0.2
    done
    kill -STOP $(cat "$scratch/maker")
    sleep 20' "$3" > "$scratch/out" 2> "$scratch/log" &
helper=$!
for _ in $(seq 300); do
    grep -q '"event":"dead_man"' "$scratch/out" 2>/dev/null && break
    sleep 0.1
done
kill $helper 2>/dev/null || true
cat "$scratch/out"
python3 - "$scratch/out" <<'END'
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
assert events and events[0]["canceled"] >= 1 and events[0]["clean"], events
END
