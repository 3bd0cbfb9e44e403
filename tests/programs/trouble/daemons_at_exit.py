# /// same
# ///
"""The interpreter ends while daemon threads are still allocating."""

import threading
import time


def work():
    kept = []
    while True:
        kept.append(["%d" % n for n in range(100)])
        if len(kept) > 50:
            kept.clear()
            time.sleep(0.0001)


for _ in range(4):
    threading.Thread(target=work, daemon=True).start()
time.sleep(2)
print("the main thread ends")
