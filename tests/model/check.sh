#!/bin/sh
# Checks tests/model/gate.pml exhaustively, and that each mutation of its rules is caught. Usage: check.sh [gate.pml]
# Exit status: 0 proven, 1 not, 77 spin is not installed (meson reads that as skipped).
command -v spin >/dev/null 2>&1 || { echo "spin is not installed"; exit 77; }
model=$(cd "$(dirname "${1:-$0}")" && pwd)/gate.pml
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# check CLAIM [-DMUTATION]: prints errors and states; true when the whole state space was searched without an error.
check() {
    spin -a ${2:+"$2"} "$model" >spin.log 2>&1 || { cat spin.log; return 2; }
    ${CC:-cc} -O2 -w -DSAFETY -DCOLLAPSE -o pan pan.c || return 2
    ./pan -m2000000 -N "$1" >pan.log 2>&1
    if grep -q 'max search depth too small\|out of memory' pan.log; then cat pan.log; return 2; fi
    grep -q 'errors: 0' pan.log
}

failed=0
for claim in gate_holds limit_holds never_below; do
    if check "$claim"; then
        echo "$claim: proven, $(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' pan.log) states"
    else
        echo "$claim: NOT PROVEN"; cat pan.log; failed=1
    fi
done
# A model that cannot fail proves nothing: each of these is a mistake that somebody made once.
for mutation in RELEASE_ON_CANCEL_REQUEST:limit_holds RELEASE_ON_TIMEOUT:limit_holds IGNORE_LEASE:gate_holds \
                RESEND_AFTER_UNKNOWN:limit_holds NOT_FOUND_ONCE_IS_PROOF:limit_holds; do
    check "${mutation#*:}" "-D${mutation%:*}"
    case $? in
    0) echo "${mutation%:*}: NOT CAUGHT"; failed=1 ;;
    1) echo "${mutation%:*}: caught" ;;
    *) failed=1 ;;
    esac
done
exit $failed
