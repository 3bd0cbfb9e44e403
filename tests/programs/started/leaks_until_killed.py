"""Leaks until a signal ends it; writes its process id to $TMPDIR/pid as soon as it runs.

Its argument says what SIGTERM does: `default`, or `handler`, which ends it with exit code 7.
"""

import os
import signal
import sys
import time

KEPT = []


def main():
    # A shell that starts the tests in the background lets them inherit that Ctrl-C is ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if sys.argv[1] == "handler":
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(7))
    folder = os.environ["TMPDIR"]
    with open(os.path.join(folder, "pid.new"), "w") as out:
        out.write(str(os.getpid()))
    os.rename(out.name, os.path.join(folder, "pid"))
    while True:
        KEPT.append({"number": len(KEPT), "text": "t" * 2500})
        time.sleep(0.01)


main()
