"""Prints its own process id and that of a copy at work, and ends by a signal at once."""

import os
import signal
import sys
import threading

import unfreed
from copies import Node, wait_for_copy

KEPT = [Node(number) for number in range(400_000)]
threading.Thread(target=unfreed.snapshot, args=(sys.argv[1],), kwargs={"fork": True}, daemon=True).start()
print(wait_for_copy(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
