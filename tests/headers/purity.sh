#!/bin/sh
# purity.sh SOURCE: the pure rooms reach no clock, socket, allocator or libuv, and know only the rooms below them.
cd "$1" || exit 1
bad=0
complain() { [ -z "$2" ] || { echo "$1:"; echo "$2"; bad=1; }; }
pure="libbot/base libbot/core libbot/venue libbot/session libbot/sim"
complain "a pure room includes a header of the outside world" "$(grep -rnE '#[[:space:]]*include[[:space:]]*<(uv|libwebsockets|curl/curl|time|sys/time|sys/socket|pthread|threads|unistd|fcntl|poll|cJSON|cjson/cJSON)\.h>' $pure)"
code() { # file names with their code, comments and texts taken out
    for f in $(find "$@" -name '*.[ch]'); do
        cc -fpreprocessed -dD -E -P "$f" 2>/dev/null | sed -e 's/"[^"]*"//g' -e "s|^|$f: |"
    done
}
complain "a pure room allocates, reads a clock or draws a random number" "$(code $pure | grep -E '(^|[^_[:alnum:].>])(malloc|calloc|realloc|free|strdup|clock_gettime|gettimeofday|time|rand|srand|random|getenv|fopen|open|socket)[[:space:]]*\(')"
complain "base looks up" "$(grep -rnE '#include "(core|venue|session|journal|io|sim)/' libbot/base)"
complain "core knows venue, session, journal, io or sim" "$(grep -rnE '#include "(venue|session|journal|io|sim)/' libbot/core)"
complain "venue knows core, session, journal, io or sim" "$(grep -rnE '#include "(core|session|journal|io|sim)/' libbot/venue)"
complain "session knows journal, io or sim" "$(grep -rnE '#include "(journal|io|sim)/' libbot/session)"
complain "the paper exchange knows core, venue codecs, journal or io" "$(grep -rnE '#include "(core|journal|io)/' libbot/sim)"
complain "a venue is named outside its folder" "$(code libbot/core libbot/session libbot/base | grep -E 'binance|bybit|okx|bitflyer|hyperliquid')"
exit $bad
