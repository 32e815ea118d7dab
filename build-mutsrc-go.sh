#!/bin/bash
cd /work/wt/proof/build-mutsrc; mkdir -p build-mutants
export LIBBOT_SHARED=/work/shared
n=21
for k in $(seq 1 $n); do
  for try in 1 2 3; do
    slot python3 tests/mutants/run.py --part $k/$n > build-mutants/part.$k 2>&1; r=$?
    [ $r -eq 124 ] || break
  done
  echo "part $k rc=$r" >> build-mutants/progress
done
