# /// leak
# severity = "leak"
# kind = "container"
# names = ["OPENED|Pool", "Connection"]
# advice = ["closed", "remove|Take each out"]
# ///
"""Connections that are closed in order, and stay in the list of those that were opened."""

import sqlite3
import time


class Pool:
    def __init__(self):
        self.opened = []

    def connect(self):
        connection = sqlite3.connect(":memory:")  # LEAK
        self.opened.append(connection)
        return connection


OPENED = Pool()

stop = time.monotonic() + 9
while time.monotonic() < stop:
    connection = OPENED.connect()  # LEAK
    connection.execute("select 1").fetchall()
    connection.close()
    time.sleep(0.01)
