# /// not-leak
# ///
"""Files, pipes and threads come and go: the numbers go up and down, none stays."""

import os
import tempfile
import threading
import time


def work(folder, number):
    path = os.path.join(folder, "part-%d" % (number % 5))
    with open(path, "w") as out:
        out.write("x" * 100)
    reading, writing = os.pipe()
    threads = [threading.Thread(target=time.sleep, args=(0.02,)) for _ in range(1 + number % 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.close(reading)
    os.close(writing)


def main():
    with tempfile.TemporaryDirectory() as folder:
        stop = time.monotonic() + 9
        number = 0
        while time.monotonic() < stop:
            work(folder, number)
            number += 1
            time.sleep(0.02)


main()
