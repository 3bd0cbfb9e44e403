# /// same
# environment = {"PYTHONDEVMODE": "1", "PYTHONFAULTHANDLER": "1"}
# ///
"""The development mode: its checks and warnings are the program's own."""

import sys
import time


def main():
    open(__file__)
    kept = [["%d" % n] for n in range(5000)]
    time.sleep(2)
    print(sys.flags.dev_mode, len(kept))


main()
