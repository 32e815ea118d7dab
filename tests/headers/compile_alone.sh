#!/bin/sh
# compile_alone.sh HEADER STANDARD INCLUDE: the header by itself, twice, as that language, by each compiler that is here.
set -eu
case $2 in c++*) language=c++ compilers="c++ g++ clang++" ;; *) language=c compilers="cc gcc clang" ;; esac
done=0
for compiler in $compilers; do
    command -v "$compiler" >/dev/null || continue
    printf '#include "%s"\n#include "%s"\n' "$1" "$1" | "$compiler" -x "$language" -std="$2" -Wall -Wextra -Wpedantic -Werror -I "$3" -fsyntax-only -
    done=1
done
[ "$done" = 1 ] || { echo "no compiler for $2 here"; exit 77; }
