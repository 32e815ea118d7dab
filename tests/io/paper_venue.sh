#!/bin/sh
# paper_venue.sh BOTCTL EXAMPLE_HELLO VENUE STREAM...: the paper exchange in a venue's dialect, as a person starts it, and beside it the first
# example and the poller. Somebody trades by hand meanwhile: all three must come to the same position.
set -eu
. "$(dirname "$0")/paper.sh"
botctl=$1 hello_of=$2 venue=$3
shift 3
printf 'at 4s trade side=buy qty=0.05\n' > "$scratch/faults"
paper_start "$botctl" 60 --venue "$venue" --fault "$scratch/faults"
[ "$BOT_VENUE" = "$venue" ]
"$hello_of" > "$scratch/hello" 2> "$scratch/log" &
hello=$!
trap 'kill $paper $hello 2>/dev/null || true; rm -rf "$scratch"' EXIT
for _ in $(seq 200); do
    grep -q "^$BOT_INSTRUMENT 0.05 at " "$scratch/hello" && break
    sleep 0.1
done
"$botctl" poll --venue "$venue" --count 3 --rest-url "$BOT_REST_URL" --ca-file "$BOT_CA_FILE" > "$scratch/poll"
kill $hello
python3 - "$scratch" "$BOT_SECRET" "$BOT_INSTRUMENT" "$@" <<'END'
import json, sys
read = lambda name: open(sys.argv[1] + "/" + name).read()
hello, log, poll = read("hello"), read("log"), read("poll")
assert sys.argv[2] not in hello + log + poll, "the secret is printed"
lines = hello.splitlines()
assert any(l.startswith("gate open") for l in lines), (hello, log)
assert any(l.startswith(sys.argv[3] + " 0.05 at ") for l in lines), (hello, log)
for stream in sys.argv[4:]:
    assert "stream_ready: " + stream + "\n" in log, log
assert "undecodable" not in log, log
events = [json.loads(l) for l in poll.splitlines()]
rounds = [e for e in events if e["event"] == "poll"]
assert len(rounds) == 3 and all(e["complete"] for e in rounds), rounds
held = [e for e in events if e["event"] == "position" and e["instrument"] == sys.argv[3]]
assert held and all(float(e["qty"]) == 0.05 for e in held), held
budget = [e for e in events if e["event"] == "budget"]
assert budget and all(e["used"] <= e["limit"] for e in budget), budget
print(len(lines), "lines of hello,", len(events), "of poll")
END
