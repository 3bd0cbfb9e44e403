"""Closes a pipe, a socket and a listening socket while a copy of the process is at work, and stopped there: whoever is at
the other end has to notice at once."""

import json
import os
import signal
import socket
import sys
import threading

import unfreed
from copies import Node, is_alive, wait_for_copy

KEPT = [Node(number) for number in range(100_000)]


def stopped_copy():
    """A copy that was at work and is stopped, and the thread that waits for its snapshot."""
    while True:
        thread = threading.Thread(target=unfreed.snapshot, args=(sys.argv[1],), kwargs={"fork": True})
        thread.start()
        pid = wait_for_copy()
        try:
            os.kill(pid, signal.SIGSTOP)
        except ProcessLookupError:
            pass
        if is_alive(pid):
            return pid, thread
        thread.join()


def main():
    reader, writer = os.pipe()
    here, there = socket.socketpair()
    listening = socket.create_server(("127.0.0.1", 0))
    address = listening.getsockname()
    waiting = socket.create_connection(address)
    pid, thread = stopped_copy()
    os.close(writer)
    here.close()
    listening.close()
    seen = {"pipe": os.read(reader, 1) == b"", "socket": there.recv(1) == b""}
    try:
        socket.create_connection(address)
        seen["listening"] = False
    except ConnectionRefusedError:
        seen["listening"] = True
    seen["copy was there"] = is_alive(pid)
    waiting.close()
    os.kill(pid, signal.SIGCONT)
    thread.join()
    print(json.dumps(seen))


main()
