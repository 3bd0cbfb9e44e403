# /// leak
# severity = "leak"
# kind = "container"
# names = ["Connection", "opened"]
# advice = ["class|weak|remove|bound"]
# ///
"""A class that counts its instances by keeping them all in a list of the class."""

import time


class Connection:
    opened = []

    def __init__(self, peer):
        self.peer = peer
        self.buffer = bytearray(2000)  # LEAK
        Connection.opened.append(self)  # LEAK

    def close(self):
        self.peer = None


def main():
    stop = time.monotonic() + 9
    number = 0
    while time.monotonic() < stop:
        connection = Connection(("10.0.0.%d" % (number % 250), number))  # LEAK
        connection.close()
        number += 1
        {n: str(n) for n in range(50)}
        time.sleep(0.01)


main()
