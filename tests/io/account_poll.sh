#!/bin/sh
# account_poll.sh BOTCTL ACCOUNT_POLL: the account poller beside the paper exchange, as a person starts the two.
set -eu
command -v python3 >/dev/null || { echo "no python3 here"; exit 77; }
scratch=$(mktemp -d)
"$1" paper --for 30 --dir "$scratch" > "$scratch/paper" 2>&1 &
paper=$!
trap 'kill $paper 2>/dev/null || true; rm -rf "$scratch"' EXIT
for _ in $(seq 100); do
    grep -q '"event":"paper"' "$scratch/paper" 2>/dev/null && break
    sleep 0.1
done
eval "$(grep export "$scratch/paper")"
export BOT_VENUE BOT_KEY BOT_SECRET BOT_REST_URL BOT_WS_PRIVATE_URL BOT_WS_PUBLIC_URL BOT_CA_FILE
POLL_MS=200 timeout -s INT 4 "$2" > "$scratch/lines" 2> "$scratch/log" || true
python3 - "$scratch/lines" "$BOT_SECRET" <<'END'
import json, sys
text = open(sys.argv[1]).read()
assert sys.argv[2] not in text, "the secret is printed"
events = [json.loads(line) for line in text.splitlines()]
kinds = {e["event"] for e in events}
assert {"gate", "position", "budget"} <= kinds, kinds
assert any(e["event"] == "gate" and e["open"] for e in events), "the account was never proven"
asked = [e for e in events if e["event"] == "position" and "agreed_ms_ago" in e]
assert asked and asked[-1]["agreed_ms_ago"] < 3000, asked[-1:]
assert all(e["used"] <= e["limit"] for e in events if e["event"] == "budget")
print(len(events), "lines")
END
