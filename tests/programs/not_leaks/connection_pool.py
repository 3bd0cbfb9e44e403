# /// not-leak
# ///
"""A pool of sqlite3 connections that grows to its bound within the first seconds and is then reused."""

import queue
import sqlite3
import threading
import time


class Pool:
    def __init__(self, bound):
        self.bound = bound
        self.made = 0
        self.idle = queue.LifoQueue()
        self.lock = threading.Lock()

    def take(self):
        with self.lock:
            if self.idle.empty() and self.made < self.bound:
                self.made += 1
                return sqlite3.connect(":memory:", check_same_thread=False)
        return self.idle.get()

    def give(self, connection):
        self.idle.put(connection)


POOL = Pool(12)


def main():
    begin = time.monotonic()
    while time.monotonic() < begin + 10:
        at_once = min(12, 1 + int((time.monotonic() - begin) * 4))
        connections = [POOL.take() for _ in range(at_once)]
        for connection in connections:
            connection.execute("SELECT 1").fetchone()
            POOL.give(connection)
        time.sleep(0.03)


main()
