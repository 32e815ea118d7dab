# paper.sh, to be read by a script: starts the paper exchange and exports what its clients read.
# paper_start BOTCTL SECONDS [OPTION...]; sets scratch (a directory that goes with the script) and paper (the process).
command -v python3 >/dev/null || { echo "no python3 here"; exit 77; }
scratch=$(mktemp -d)
paper_start() {
    botctl=$1
    seconds=$2
    shift 2
    "$botctl" paper --for "$seconds" --dir "$scratch" "$@" > "$scratch/paper" 2>&1 &
    paper=$!
    trap 'kill $paper 2>/dev/null || true; rm -rf "$scratch"' EXIT
    for _ in $(seq 100); do
        grep -q '"event":"paper"' "$scratch/paper" 2>/dev/null && break
        sleep 0.1
    done
    eval "$(grep export "$scratch/paper")"
    export BOT_VENUE BOT_KEY BOT_SECRET BOT_REST_URL BOT_WS_PRIVATE_URL BOT_WS_PUBLIC_URL BOT_CA_FILE scratch
}
