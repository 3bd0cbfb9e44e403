# /// same
# ///
"""Other interpreters in the same process, from 3.12 on with a GIL of their own, while the first one allocates."""

import sys
import threading
import time

CODE = "kept = [{n: str(n)} for n in range(3000)]; import json; text = json.dumps(kept)"


def run_one():
    if sys.version_info >= (3, 14):
        from concurrent import interpreters

        interpreter = interpreters.create()
        interpreter.exec(CODE)
        interpreter.close()
        return
    if sys.version_info >= (3, 13):
        import _interpreters as interpreters
    else:
        import _xxsubinterpreters as interpreters
    interpreter = interpreters.create()
    interpreters.run_string(interpreter, CODE) if sys.version_info < (3, 13) else interpreters.exec(interpreter, CODE)
    interpreters.destroy(interpreter)


def allocate(stop):
    while time.monotonic() < stop:
        [str(n) for n in range(500)]
        time.sleep(0.001)


stop = time.monotonic() + 3
thread = threading.Thread(target=allocate, args=(stop,))
thread.start()
ran = 0
while time.monotonic() < stop:
    run_one()
    ran += 1
    time.sleep(0.05)
thread.join()
print("ran", ran > 3)
