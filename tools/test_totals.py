#!/usr/bin/env python3
"""python3 tools/test_totals.py BUILD LABEL [MESON TEST OPTIONS]: runs the tests of a build directory and adds up the tests, not the programs.

Prints what failed and what was skipped, then `LABEL: N passed, N failed, N skipped`; the numbers alone are in BUILD/totals.

The rooms io and browser live in real time: a machine that stands still for a second may fail one of their programs with no fault of ours.
Such a program is run once more, alone, and its second result counts, in the open: the line says that it failed beside others. What fails alone
has failed."""
import json
import os
import re
import subprocess
import sys

REAL_TIME = ('libbot:io / ', 'libbot:browser / ')
AGAIN_MAX = 6  # more than that is no bad moment


def run(build, log, options):
    """The programs' runs; meson writes one object a line, each with the TAP text of a program."""
    path = os.path.join(build, 'meson-logs', log + '.json')
    if os.path.exists(path):
        os.remove(path)
    with open(build + '.log', 'a') as out:
        code = subprocess.run(['meson', 'test', '-C', build, '--no-rebuild', '--print-errorlogs', '--logbase', log, *options], stdout=out, stderr=out).returncode
    if not os.path.exists(path):
        sys.exit(f'meson test ended with {code} and ran nothing: see {build}.log')
    with open(path, encoding='utf-8', errors='replace') as f:
        return [json.loads(line) for line in f]


def count(program):
    """passed, failed, skipped and the lines that name the last two."""
    out = program.get('stdout') or ''
    passed, failed, skipped, lines = 0, 0, 0, []
    for line in out.splitlines():
        if re.match(r'ok \d+', line):
            if '# SKIP' in line:
                skipped += 1
                lines.append('skipped: ' + line.split(' - ', 1)[-1])
            else:
                passed += 1
        elif re.match(r'not ok \d+', line):
            failed += 1
            lines.append(f'FAILED: {program["name"]}: {line}')
    if passed + failed + skipped == 0:  # it speaks no TAP
        if program['result'] == 'SKIP':
            return 0, 0, 1, [f'skipped: {program["name"]}: ' + (out.strip().splitlines() or ['no reason given'])[-1]]
        if program['result'] == 'OK':
            return 1, 0, 0, []
    if failed == 0 and program['result'] not in ('OK', 'SKIP'):
        failed = 1
        lines.append(f'FAILED: {program["name"]}: {program["result"]}')
    return passed, failed, skipped, lines


def tell(program, margin=''):
    for text in (program.get('stdout') or '')[-3000:], (program.get('stderr') or '')[-3000:]:
        print('\n'.join(margin + line for line in text.splitlines()))


def main():
    build, label, options = sys.argv[1], sys.argv[2], sys.argv[3:]
    programs = run(build, 'testlog', options)
    bad = [p for p in programs if count(p)[1] > 0]
    again = [p for p in bad if p['name'].startswith(REAL_TIME)]
    if 0 < len(again) <= AGAIN_MAX:
        second = {p['name']: p for p in run(build, 'again', [*options, '--num-processes', '1', *(p['name'].split(' / ', 1)[1] for p in again)])}
        for i, p in enumerate(programs):
            if p not in again or p['name'] not in second:
                continue
            programs[i] = second[p['name']]
            tell(p, '  | ')
            print(f'  {p["name"]}: of that above {count(p)[1]} failed beside others; once more and alone: {count(programs[i])[1]}')
    total = [0, 0, 0]
    for p in programs:
        passed, failed, skipped, lines = count(p)
        total = [total[0] + passed, total[1] + failed, total[2] + skipped]
        for line in lines:
            print('  ' + line)
        if failed > 0:
            tell(p)
    print('%s: %d passed, %d failed, %d skipped' % (label, *total))
    with open(os.path.join(build, 'totals'), 'w') as f:
        f.write('%d %d %d' % tuple(total))


if __name__ == '__main__':
    main()
