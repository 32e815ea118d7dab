#!/bin/sh
# account_poll.sh BOTCTL ACCOUNT_POLL: the account poller beside the paper exchange, as a person starts the two.
set -eu
. "$(dirname "$0")/paper.sh"
paper_start "$1" 30
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
