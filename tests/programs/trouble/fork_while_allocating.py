# /// same
# ///
"""Forks again and again while other threads allocate; each child allocates, and ends in its own way."""

import os
import threading
import time

stopping = False


def work():
    while not stopping:
        [str(n) for n in range(200)]
        time.sleep(0.001)


def in_child(number):
    data = {n: "value %d" % n for n in range(2000)}
    thread = threading.Thread(target=lambda: [str(n) for n in range(500)])
    thread.start()
    thread.join()
    os._exit(len(data) // 1000 + number % 3)


threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads:
    thread.start()
codes = []
for number in range(25):
    pid = os.fork()
    if pid == 0:
        in_child(number)
    codes.append(os.waitpid(pid, 0)[1])
    time.sleep(0.02)
stopping = True
for thread in threads:
    thread.join()
print(codes)
