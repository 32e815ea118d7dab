#!/usr/bin/env python3
"""embed.py OUT FILE...: writes the page's files as C arrays, so that the program serves them without a file beside it."""
import os
import sys

TYPES = {'.html': 'text/html; charset=utf-8', '.css': 'text/css; charset=utf-8', '.js': 'text/javascript; charset=utf-8'}
out = ['#include "watch/page_assets.h"\n']
rows = []
for i, path in enumerate(sys.argv[2:]):
    data = open(path, 'rb').read()
    name = os.path.basename(path)
    out.append('static const unsigned char asset_%d[] = {' % i)
    for at in range(0, len(data), 24):
        out.append('    ' + ', '.join(str(b) for b in data[at:at + 24]) + ',')
    out.append('};\n')
    rows.append('    { "%s", "%s", asset_%d, sizeof asset_%d },' % ('/' if name == 'index.html' else '/' + name, TYPES[os.path.splitext(name)[1]], i, i))
out.append('const struct page_asset page_assets[] = {\n%s\n    { NULL, NULL, NULL, 0 },\n};' % '\n'.join(rows))
open(sys.argv[1], 'w').write('\n'.join(out) + '\n')
