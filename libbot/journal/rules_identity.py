#!/usr/bin/env python3
"""rules_identity.py SOURCE OUTPUT DEPFILE: a header that names the sources on which the outcome of a replay depends."""
import glob
import hashlib
import os
import sys

source, output, depfile = sys.argv[1:]
files = sorted(f for part in ('libbot/base/*.[ch]', 'libbot/core/*.[ch]', 'include/bot/*.h', 'libbot/journal/*.[ch]')
               for f in glob.glob(os.path.join(source, part)))
digest = hashlib.sha256()
for name in files:
    with open(name, 'rb') as f:
        data = f.read()
    digest.update(b'%s %d\n' % (os.path.relpath(name, source).encode(), len(data)))
    digest.update(data)
with open(output, 'w') as f:
    f.write('/* Made by rules_identity.py. */\n#define RULES_IDENTITY { %s }\n' % ', '.join('0x%02x' % b for b in digest.digest()))
with open(depfile, 'w') as f:
    f.write('%s: %s\n' % (output, ' '.join(name.replace(' ', '\\ ') for name in files)))
