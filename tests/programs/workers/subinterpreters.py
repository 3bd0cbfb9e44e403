# /// worker
# kept_in = {"kept": 1}
# ///
"""Other interpreters in the process allocate while this one does: what they keep is not told of a line of this one."""

import sys
import threading
import time

CODE = "import sys; sys.kept = [bytes(1000) for _ in range(20000)]; import time; time.sleep(1.5)"
KEPT = []


def keep():
    for _ in range(20):
        KEPT.append([bytes(1000) for _ in range(100)])  # KEPT kept
        time.sleep(0.03)


def run_other():
    if sys.version_info >= (3, 14):
        from concurrent import interpreters

        interpreter = interpreters.create()
        interpreter.exec(CODE)
        return
    if sys.version_info >= (3, 13):
        import _interpreters as interpreters

        interpreters.exec(interpreters.create(), CODE)
        return
    import _xxsubinterpreters as interpreters

    interpreters.run_string(interpreters.create(), CODE)


other = threading.Thread(target=run_other)
other.start()
keep()  # CALLS kept
other.join()
time.sleep(1)
