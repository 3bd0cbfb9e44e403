# /// leak
# severity = "leak"
# kind = "container|site"
# names = ["received|growing_buffer.py", "bytearray"]
# advice = ["buffer|bound|bytearray|consume|clear|remove"]
# ///
"""One bytearray that gets longer and longer: no object is gained, and no container grows."""

import time


class Protocol:
    def __init__(self):
        self.received = bytearray()
        self.cursor = 0

    def feed(self, chunk):
        self.received += chunk  # LEAK

    def read(self, size):
        message = bytes(self.received[self.cursor : self.cursor + size])
        self.cursor += size
        return message


protocol = Protocol()


def main():
    stop = time.monotonic() + 9
    while time.monotonic() < stop:
        protocol.feed(b"m" * 4000)  # LEAK
        protocol.read(4000)
        time.sleep(0.01)


main()
