# /// same
# requires = ["greenlet"]
# ///
"""Stacks that are switched under the interpreter's feet: greenlets that allocate at different depths."""

import time

import greenlet


def work(depth, name):
    if depth:
        return work(depth - 1, name)
    kept = []
    for number in range(60):
        kept.append(["%s %d %d" % (name, number, n) for n in range(100)])
        main.switch()
    return len(kept)


main = greenlet.getcurrent()
workers = [greenlet.greenlet(work) for _ in range(12)]
results = {}
for number, worker in enumerate(workers):
    worker.switch(number * 7, "worker %d" % number)
while not all(worker.dead for worker in workers):
    for number, worker in enumerate(workers):
        if not worker.dead:
            results[number] = worker.switch()
    time.sleep(0.04)
print(sorted(results.items()))
