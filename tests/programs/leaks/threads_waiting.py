# /// leak
# severity = "leak|warning"
# kind = "resource"
# names = ["thread", "run_session"]
# marked_line = false
# also = ["Thread", "STOPPING", "malloc|native|mmap"]
# advice = ["join|thread|pool|stop"]
# ///
"""A thread for each client that waits for a stop which nobody gives (slack-sdk before 3.47)."""

import threading
import time

STOPPING = threading.Event()


def run_session(number):
    STOPPING.wait()


def connect(number):
    thread = threading.Thread(target=run_session, args=(number,), name="session-%d" % number, daemon=True)
    thread.start()  # LEAK


def main():
    stop = time.monotonic() + 9
    number = 0
    while time.monotonic() < stop:
        connect(number)
        number += 1
        time.sleep(0.06)
    STOPPING.set()


main()
