# /// same
# requires = ["coverage"]
# ///
"""coverage of a function, started by the program through the API: the same lines as without unfreed."""

import os
import sys
import tempfile
import time

import coverage

SOURCE = '''
import threading


def classify(number):
    if number % 2:
        return "odd"
    elif number < 0:
        return "negative"
    return [str(n) for n in range(number)]


def main():
    threads = [threading.Thread(target=classify, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
'''

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "classified.py")
    with open(path, "w") as out:
        out.write(SOURCE)
    sys.path.insert(0, folder)
    measuring = coverage.Coverage(data_file=None, include=[path], branch=True)
    measuring.start()
    import classified

    for _ in range(100):
        classified.main()
        time.sleep(0.02)
    measuring.stop()
    _, statements, _, missing, _ = measuring.analysis2(path)
    print(statements, missing)
