"""Tests of the page: one function a promise, told as TAP."""
import os
import sys
import traceback

import devtools


def skip_all(why):
    print(f'1..0 # SKIP {why}')
    sys.exit(0)


def run(tests, *context):
    """Each test gets the context; a failure does not stop the rest."""
    only = sys.argv[1:] if len(sys.argv) > 1 else None
    tests = [t for t in tests if only is None or t.__name__ in only]
    print(f'1..{len(tests)}', flush=True)
    failed = 0
    for n, test in enumerate(tests, 1):
        try:
            test(*context)
            print(f'ok {n} - {test.__name__}', flush=True)
        except Exception:
            failed += 1
            print(f'not ok {n} - {test.__name__}')
            for line in traceback.format_exc().splitlines():
                print('# ' + line, flush=True)
    return 1 if failed else 0


def browser_or_skip():
    path = devtools.find_chromium()
    if path is None:
        skip_all('no chromium, chromium-browser or google-chrome in PATH')
    try:
        return devtools.Browser(path)
    except OSError as e:
        skip_all(f'{path}: {e}')


def shots():
    """Where screenshots go: LIBBOT_SHOTS, or nowhere."""
    return os.environ.get('LIBBOT_SHOTS')
