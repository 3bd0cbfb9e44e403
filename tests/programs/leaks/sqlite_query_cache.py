# /// leak
# severity = "leak"
# kind = "container"
# names = ["results", "Row|tuple|list"]
# advice = ["bound|lru|evict|expire|ttl|remove|dict|delete"]
# ///
"""Rows of sqlite3 in a query cache whose key has the request's number in it, so nothing is ever found again."""

import sqlite3
import time


class Database:
    def __init__(self):
        self.connection = sqlite3.connect(":memory:")
        self.connection.row_factory = sqlite3.Row
        self.results = {}

    def fill(self):
        self.connection.execute("CREATE TABLE article (number INTEGER, text TEXT)")
        self.connection.executemany("INSERT INTO article VALUES (?, ?)", [(n, "text %d" % n) for n in range(500)])

    def query(self, *request):
        if request not in self.results:
            rows = self.connection.execute("SELECT * FROM article WHERE number % 25 = ?", (request[0] % 25,))
            self.results[request] = rows.fetchall()  # LEAK
        return self.results[request]


def main():
    database = Database()
    database.fill()
    stop = time.monotonic() + 9
    request = 0
    while time.monotonic() < stop:
        assert len(database.query(request, "anonymous")) == 20
        request += 1
        time.sleep(0.012)


main()
