#!/bin/sh
# tools/mutate.sh [--part K/N] [NAME...]: puts deliberate defects into a copy of the core, one at a time, and says which test catches each.
# Without names all of tests/mutants/core.mutants, some twenty minutes on two cores. --part 2/5 does the second fifth.
# Exit status 1 when one survives.
set -eu
cd "$(dirname "$0")/.."
. tools/packages.sh
need_packages "to build" $BUILD_PACKAGES
need_packages "for the tests" check git gzip python3
exec python3 tests/mutants/run.py "$@"
