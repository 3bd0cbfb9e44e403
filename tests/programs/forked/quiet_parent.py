"""A program that waits for all its children, handles SIGCHLD, and starts children of every kind, while copies of it look
at its heap. Prints what it saw of its children, and whether a copy was at work then."""

import asyncio
import collections
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time

from copies import Node, copies

SEEN = collections.Counter()
SIGNALS = []


def on_child(number, frame):
    SIGNALS.append(number)


def wait_for_none():
    """There is no child to wait for, copy or not."""
    before = bool(copies())
    for wait in (os.wait, lambda: os.waitpid(-1, os.WNOHANG), lambda: os.waitid(os.P_ALL, 0, os.WEXITED)):
        try:
            raise SystemExit("waited for %s, which the program did not start" % (wait(),))
        except ChildProcessError:
            pass
    SEEN["no children"] += before and bool(copies())


def wait_for_one():
    before = bool(copies())
    own = os.fork()
    if own == 0:
        os._exit(7)
    pid, status = os.wait()
    assert (pid, os.WEXITSTATUS(status)) == (own, 7), (pid, status, own)
    SEEN["fork"] += before
    return 1


def run_one():
    before = bool(copies())
    assert subprocess.run([sys.executable, "-I", "-S", "-c", "print(5)"], stdout=subprocess.PIPE).stdout == b"5\n"
    SEEN["subprocess"] += before
    return 1


def work(number):
    return number + 1


def multiprocess():
    before = bool(copies())
    worker = multiprocessing.get_context("fork").Process(target=work, args=(1,))
    worker.start()
    assert multiprocessing.active_children() in ([worker], [])
    worker.join()
    assert worker.exitcode == 0 and multiprocessing.active_children() == []
    SEEN["multiprocessing"] += before
    return 1


def asynchronous():
    before = bool(copies())

    async def main():
        child = await asyncio.create_subprocess_exec("true")
        assert await child.wait() == 0

    asyncio.run(main())
    SEEN["asyncio"] += before
    return 1


def main():
    signal.signal(signal.SIGCHLD, on_child)
    kept = [Node(number) for number in range(60_000)]
    started = 0
    until = time.monotonic() + 60
    wanted = {"no children", "fork", "subprocess", "multiprocessing", "asyncio"}
    while time.monotonic() < until and not all(SEEN[one] for one in wanted):
        for start in (wait_for_one, run_one, multiprocess, asynchronous):
            wait_for_none()
            started += start()
            kept.append([Node(0) for _ in range(50)])
    # asyncio waits for each child in a thread of its own, which ends a moment after the child.
    until = time.monotonic() + 10
    while threading.active_count() > 1 and time.monotonic() < until:
        time.sleep(0.01)
    # One that ended while another's signal was on its way is told once for both.
    print(json.dumps({"seen": SEEN, "signals": len(SIGNALS), "started": started, "threads": threading.active_count()}))


if __name__ == "__main__":
    main()
