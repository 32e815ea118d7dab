#!/usr/bin/env python3
"""Applies each deliberate defect to a copy of the tree and says which test catches it. See tools/mutate.sh."""
import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import time

# In this order, the quickest first; a mutant is caught by the first that fails. A block may name in a line `by` the one that caught it
# last, or several: those are built and tried before all others, which takes seconds instead of half a minute.
TESTS = ['tests/unit/test_gate', 'tests/unit/test_path', 'tests/unit/test_dedupe', 'tests/unit/test_budget', 'tests/unit/test_ledger', 'tests/unit/test_orders',
         'tests/unit/test_exposure', 'tests/unit/test_refusals', 'tests/unit/test_reports', 'tests/unit/test_baseline', 'tests/unit/test_ledger_bounds', 'tests/unit/test_session',
         'tests/scenario/scenario_test_limits', 'tests/scenario/scenario_test_rules', 'tests/scenario/scenario_test_core', 'tests/scenario/scenario_test_orders',
         'tests/scenario/scenario_test_review', 'tests/scenario/scenario_test_adversary', 'tests/scenario/scenario_test_found', 'tests/scenario/scenario_test_cancels', 'tests/scenario/scenario_test_ledger', 'tests/scenario/scenario_test_world',
         'tests/scenario/scenario_test_interleavings', 'tests/scenario/scenario_test_budget', 'tests/unit/test_lag', 'tests/unit/test_silent',
         'tests/unit/test_session_reads', 'tests/scenario/scenario_test_agreement', 'tests/scenario/scenario_test_hedge',
         'tests/scenario/scenario_test_monitors', 'tests/scenario/scenario_test_dialects']
# These only for mutants that name them.
OTHERS = ['tests/unit/test_rate', 'tests/unit/test_bybit', 'tests/unit/test_binance', 'tests/unit/test_okx', 'tests/unit/test_bitflyer', 'tests/unit/test_hyperliquid', 'tests/unit/test_venue_facts',
          'tests/unit/test_venue_damage', 'tests/unit/test_venue_requests', 'tests/unit/test_journal',
          'tests/unit/test_journal_faults', 'tests/unit/test_journal_replay', 'tests/scenario/scenario_test_numbers', 'tests/scenario/scenario_test_journal']
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def read(path):
    mutants, current = [], None
    for number, line in enumerate(open(path, encoding='utf-8'), 1):
        line = line.rstrip('\n')
        if not line or line.startswith('#'):
            continue
        m = re.match(r'mutant ([a-z0-9-]+): (.+)', line)
        if m:
            current = {'name': m[1], 'says': m[2], 'edits': [], 'file': None, 'line': number, 'by': None}
            mutants.append(current)
        elif line.startswith('by '):
            current['by'] = [t for name in line[3:].split() for t in TESTS + OTHERS if os.path.basename(t) == name]
            if len(current['by']) != len(line[3:].split()):
                sys.exit('%s:%d: no such test: %s' % (path, number, line[3:]))
        elif line.startswith('file '):
            current['file'] = line[5:]
        elif line[:2] == '- ':
            if not current['edits'] or current['edits'][-1][1]: # a `-` behind a `+` begins the next edit
                current['edits'].append(([], []))
            current['edits'][-1][0].append(line[2:])
        elif line[:2] == '+ ':
            current['edits'][-1][1].append(line[2:])
        else:
            sys.exit('%s:%d: not understood: %s' % (path, number, line))
    names = [m['name'] for m in mutants]
    if len(set(names)) != len(names):
        sys.exit('%s: a name stands there twice' % path)
    return mutants


def misfits(text, mutant):
    """What of the mutant does not stand in the text exactly once."""
    found = []
    for edit in mutant['edits']:
        old = '\n'.join(edit[0])
        if text.count(old) != 1:
            found.append('%s (line %d): its text stands %d times in %s; mend the block' % (mutant['name'], mutant['line'], text.count(old), mutant['file']))
        text = text.replace(old, '\n'.join(edit[1]), 1)
    return found


def apply(text, mutant):
    for edit in mutant['edits']:
        text = text.replace('\n'.join(edit[0]), '\n'.join(edit[1]))
    return text


def build(tree, tests=TESTS):
    done = subprocess.run(['ninja', '-C', tree + '/build'] + tests, capture_output=True, text=True)
    return done.returncode == 0, done.stdout[-3000:]


def first_failure(tree, seconds, tests=TESTS):
    env = dict(os.environ, LIBBOT_SOURCE=tree, LIBBOT_BUILD=tree + '/build', TEST_STOP='1')
    env.setdefault('LIBBOT_SHARED', os.path.join(ROOT, '..', 'shared'))
    for test in tests:
        if not os.path.exists(tree + '/build/' + test):
            continue
        with subprocess.Popen([tree + '/build/' + test], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace', env=env, cwd=tree,
                              start_new_session=True) as run:
            try:
                out = run.communicate(timeout=seconds)[0]
            except subprocess.TimeoutExpired:
                os.killpg(run.pid, signal.SIGKILL) # the tests that it forked as well
                return os.path.basename(test) + ': ran out of time'
        bad = re.search(r'^not ok \d+ - (.*)', out, re.M)
        if bad or run.returncode != 0:
            hung = bad and re.search(r'^not ok .*\n#.*Test timeout expired', out, re.M)
            return '%s: %s%s' % (os.path.basename(test), bad[1] if bad else 'status %d' % run.returncode, ' (out of time)' if hung else '')
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('names', nargs='*', help='only these mutants (a regular expression each; a part of a name is one)')
    parser.add_argument('--no-baseline', action='store_true', help='do not first see that the tests pass without a mutant')
    parser.add_argument('--check', action='store_true', help='only see that every block still fits')
    parser.add_argument('--part', metavar='K/N', help='only the K-th of N parts of the list, for runs that have an end')
    parser.add_argument('--list', default=HERE + '/core.mutants', help='another list of mutants')
    parser.add_argument('--by-only', action='store_true', help='run no tests but those that a block names')
    parser.add_argument('--dir', default=os.path.join(ROOT, 'build-mutants'), help='where the copy is built')
    parser.add_argument('--seconds', type=float, default=300, help='for one test program')
    arguments = parser.parse_args()
    mutants = read(arguments.list)
    bad = [line for m in mutants for line in misfits(open(os.path.join(ROOT, m['file']), encoding='utf-8').read(), m)]
    if bad:
        sys.exit('\n'.join(bad))
    if arguments.check:
        print('%d mutants fit' % len(mutants))
        return 0
    if arguments.names:
        mutants = [m for m in mutants if any(re.search(n, m['name']) for n in arguments.names)]
    if arguments.part:
        k, n = (int(x) for x in arguments.part.split('/'))
        if not 1 <= k <= n:
            sys.exit('--part: 1/N to N/N')
        mutants = mutants[(k - 1) * len(mutants) // n:k * len(mutants) // n]
    tree = os.path.abspath(arguments.dir)
    files = subprocess.run(['git', 'ls-files', '-co', '--exclude-standard'], capture_output=True, text=True, check=True, cwd=ROOT).stdout.split('\n')
    for f in filter(None, files):
        source, to = os.path.join(ROOT, f), os.path.join(tree, f)
        if not os.path.isfile(source):
            continue
        os.makedirs(os.path.dirname(to), exist_ok=True)
        if not os.path.exists(to) or open(source, 'rb').read() != open(to, 'rb').read():
            shutil.copyfile(source, to)
            shutil.copymode(source, to)
    if not os.path.exists(tree + '/build/build.ninja'):
        subprocess.run(['meson', 'setup', tree + '/build', tree, '-Dexamples=false', '-Dbenchmarks=false', '-Doptimization=1', '-Ddebug=false'],
                       check=True, stdout=subprocess.DEVNULL) # most of the time goes into compiling and linking
    good, out = build(tree, sorted({t for m in mutants for t in m['by'] or TESTS}) if arguments.by_only else TESTS)
    if not good:
        sys.exit('the tree does not build as it is:\n' + out)
    if not arguments.no_baseline and (not arguments.part or arguments.part.startswith('1/')): # the first part answers for all
        began = time.time()
        failing = first_failure(tree, arguments.seconds)
        if failing:
            sys.exit('the tests fail without any mutant: ' + failing)
        print('without a mutant: all pass in %.0f s' % (time.time() - began), flush=True)
    survivors = 0
    for m in mutants:
        path = os.path.join(tree, m['file'])
        text = open(path, encoding='utf-8').read()
        open(path, 'w', encoding='utf-8').write(apply(text, m))
        try:
            caught = None
            for tests in ([m['by']] if m['by'] else []) + ([] if m['by'] and arguments.by_only else [TESTS]):
                good, out = build(tree, tests)
                if not good:
                    sys.exit('%s does not compile:\n%s' % (m['name'], out))
                caught = caught or first_failure(tree, arguments.seconds, tests)
                if caught:
                    break
        finally:
            open(path, 'w', encoding='utf-8').write(text)
        survivors += caught is None
        print('%-38s %s' % (m['name'], caught or 'SURVIVED: ' + m['says']), flush=True)
    print('%d mutants, %d caught, %d survived' % (len(mutants), len(mutants) - survivors, survivors))
    return 1 if survivors else 0


sys.exit(main())
