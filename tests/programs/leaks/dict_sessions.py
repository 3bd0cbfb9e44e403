# /// leak
# severity = "leak"
# kind = "container"
# names = ["SESSIONS", "Session"]
# advice = ["expire|bound|evict|ttl|lru|remove|delete|weak"]
# ///
"""A login service that writes each session into a dict and never deletes one on logout."""

import time
import uuid

SESSIONS = {}


class Session:
    def __init__(self, user, payload):
        self.user = user
        self.payload = payload
        self.opened = time.time()


def login(user):
    token = uuid.uuid4().hex
    session = Session(user, bytes(2500))  # LEAK
    SESSIONS[token] = session  # LEAK
    return token


def handle(request):
    token = login("user-%d" % request)
    page = ["<li>%d %s</li>" % (row, token) for row in range(50)]
    return len("".join(page))


def serve():
    stop = time.monotonic() + 9
    request = 0
    while time.monotonic() < stop:
        handle(request)
        request += 1
        time.sleep(0.01)


if __name__ == "__main__":
    serve()
