# /// not-leak
# ///
"""Sessions that live for three seconds: the dict grows at the start and is then as long as ever."""

import time

SESSIONS = {}


def login(number, now):
    SESSIONS["token-%d" % number] = (now + 3, {"user": number, "text": "t" * 2000})
    for token, (expires, _) in list(SESSIONS.items())[:20]:
        if expires < now:
            del SESSIONS[token]


def main():
    stop = time.monotonic() + 12
    number = 0
    while time.monotonic() < stop:
        login(number, time.monotonic())
        number += 1
        time.sleep(0.01)


main()
