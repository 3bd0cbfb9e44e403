# /// leak
# severity = "leak"
# kind = "container"
# names = ["EXPORTS", "generator|export"]
# also = ["sqlite|malloc|native|descriptor|open file"]
# advice = ["close|generator"]
# ///
"""Exports that stop after the first page: the suspended generators keep their sqlite3 connections open."""

import os
import sqlite3
import tempfile
import time

EXPORTS = []
FOLDER = tempfile.mkdtemp()
DATABASE = os.path.join(FOLDER, "shop.db")


def fill():
    connection = sqlite3.connect(DATABASE)
    connection.execute("CREATE TABLE article (number INTEGER, text TEXT)")
    connection.executemany("INSERT INTO article VALUES (?, ?)", ((n, "text %d" % n) for n in range(300)))
    connection.commit()
    connection.close()


def export():
    connection = sqlite3.connect(DATABASE)  # LEAK
    cursor = connection.execute("SELECT number, text FROM article")  # LEAK
    while True:
        rows = cursor.fetchmany(100)  # LEAK
        if not rows:
            connection.close()
            return
        yield rows


def show_first_page():
    pages = export()  # LEAK
    EXPORTS.append(pages)  # LEAK
    return len(next(pages))  # LEAK


def main():
    fill()
    stop = time.monotonic() + 9
    while time.monotonic() < stop:
        show_first_page()
        time.sleep(0.04)
    os.unlink(DATABASE)
    os.rmdir(FOLDER)


main()
