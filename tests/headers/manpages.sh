#!/bin/sh
# manpages.sh SOURCE: the manual pages name every command of botctl, every key of the watch's configuration and every fault
# there is, and no command that is not there.
cd "$1" || exit 1
bad=0
complain() { echo "$1"; bad=1; }
for name in $(sed -n 's/^extern const struct command command_\([a-z]*\);/\1/p' tools/botctl/main.c); do
    grep -q "^\.SS $name$" tools/man/botctl.1 || complain "botctl.1 says nothing of: $name"
done
for name in $(sed -n 's/^\.SS \([a-z]*\)$/\1/p' tools/man/botctl.1); do
    grep -q "command_$name;" tools/botctl/main.c || complain "botctl.1 tells of $name, which is not there"
done
for key in $(sed -n 's/^    { \.name = "\([a-z_$]*\)".*/\1/p' tools/watch/config.c); do
    grep -qF "$key" tools/man/libbot-watch.json.5 || complain "libbot-watch.json.5 says nothing of: $key"
done
for rule in $(sed -n 's/^    X([A-Z_]*, *"\([a-z_]*\)",.*/\1/p' tools/watch/alert.h); do
    grep -qE "(^|[^a-z_])$rule([^a-z_]|\$)" tools/man/libbot-watch.json.5 || complain "libbot-watch.json.5 says nothing of the rule $rule"
done
sed -n '3,/\*\//p' libbot/sim/faults.h | sed -e 's/^ \* \{0,1\}//' -e '/^\/$/d' > "${TMPDIR:-/tmp}/faults.$$"
sed -n '/^\.nf$/,/^\.fi$/p' tools/man/libbot-fault.5 | sed -e '/^\.[nf]*i*$/d' -e 's/\\-/-/g' -e 's/^\\&//' > "${TMPDIR:-/tmp}/page.$$"
diff -u "${TMPDIR:-/tmp}/faults.$$" "${TMPDIR:-/tmp}/page.$$" || complain "libbot-fault.5 is not what sim/faults.h says"
rm -f "${TMPDIR:-/tmp}/faults.$$" "${TMPDIR:-/tmp}/page.$$"
if command -v groff > /dev/null; then
    for page in tools/man/*; do
        said=$(groff -man -ww -Tutf8 "$page" 2>&1 > /dev/null)
        [ -z "$said" ] || complain "$said"
    done
fi
exit $bad
