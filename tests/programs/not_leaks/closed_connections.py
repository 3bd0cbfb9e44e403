# /// not-leak
# ///
"""The fixed twin: a connection leaves the list when it is closed."""

import sqlite3
import time


class Pool:
    def __init__(self):
        self.opened = []

    def connect(self):
        connection = sqlite3.connect(":memory:")
        self.opened.append(connection)
        return connection

    def close(self, connection):
        connection.close()
        self.opened.remove(connection)


OPENED = Pool()

stop = time.monotonic() + 9
while time.monotonic() < stop:
    connection = OPENED.connect()
    connection.execute("select 1").fetchall()
    OPENED.close(connection)
    time.sleep(0.01)
