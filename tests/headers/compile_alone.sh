#!/bin/sh
# compile_alone.sh HEADER STANDARD INCLUDE: the header by itself, twice, as that language.
case $2 in c++*)
    command -v c++ >/dev/null || { echo "no C++ compiler here"; exit 77; }
    printf '#include "%s"\n#include "%s"\n' "$1" "$1" | c++ -x c++ -std="$2" -Wall -Wextra -Wpedantic -Werror -I "$3" -fsyntax-only - ;;
*)  printf '#include "%s"\n#include "%s"\n' "$1" "$1" | cc -x c -std="$2" -Wall -Wextra -Wpedantic -Werror -I "$3" -fsyntax-only - ;;
esac
