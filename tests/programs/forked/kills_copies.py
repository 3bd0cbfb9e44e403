"""Kills the first copies that look at its heap, lets the others be, and leaks."""

import os
import signal
import sys
import time

from copies import Node, copies

KEPT = [Node(number) for number in range(100_000)]


def main():
    killed, until = set(), time.monotonic() + float(sys.argv[1])
    while time.monotonic() < until:
        KEPT.append(Node(0))
        for pid in copies():
            if len(killed) < 2 and pid not in killed:
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)
        time.sleep(0.001)
    print(len(killed))


main()
