#!/bin/sh
# leaving.sh BOTCTL MARKET_MAKER DEAD_MAN: a bot that a supervisor ends (SIGTERM) leaves nothing resting, alone and under dead_man, which
# passes the signal on and ends with it.
set -eu
. "$(dirname "$0")/paper.sh"
paper_start "$1" 120
rests() { "$1" poll --venue bybit --once --rest-url "$BOT_REST_URL" --ca-file "$BOT_CA_FILE" | grep -c '"event":"order"' || true; }
until_quoting() {
    for _ in $(seq 300); do
        [ "$(rests "$1")" -ge 1 ] && return 0
        sleep 0.1
    done
    echo "it never quoted"; cat "$scratch/lines"; exit 1
}
# Far from the market: the quotes rest.
export SPREAD_BPS=50
"$2" > "$scratch/lines" 2>&1 &
maker=$!
until_quoting "$1"
kill -TERM $maker
wait $maker || { echo "the maker died of SIGTERM"; exit 1; }
grep -q '^left;' "$scratch/lines"
[ "$(rests "$1")" -eq 0 ]
# Nobody writes to the descriptor: it is open as long as the maker lives.
"$3" 60 "$2" > "$scratch/lines" 2>&1 &
helper=$!
until_quoting "$1"
kill -TERM $helper
wait $helper || { echo "dead_man died of SIGTERM"; cat "$scratch/lines"; exit 1; }
grep -q '^left;' "$scratch/lines"
[ "$(rests "$1")" -eq 0 ]
