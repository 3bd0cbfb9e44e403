# /// worker
# requires = ["gunicorn"]
# kept_in = {"before": 1, "served": 2}
# processes = 4
# ///
"""gunicorn that loads the application before it forks two workers: what both serve counts in each of them."""

import os
import socket
import subprocess
import sys
import time

SOCKET = os.path.join(os.environ["TMPDIR"], "shop.sock")
SERVED = []


def application(environment, start_response):
    if not SERVED:
        SERVED.append([bytes(1000) for _ in range(2000)])  # KEPT served
        # Meanwhile the other worker gets the next request.
        time.sleep(1)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"pid=%d" % os.getpid()]


def request():
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(SOCKET)
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        answer = b""
        while True:
            part = connection.recv(4096)
            if not part:
                return answer.rpartition(b"pid=")[2]
            answer += part


def main():
    words = ["-m", "gunicorn", "--preload", "--workers=2", "--bind=unix:" + SOCKET, "--chdir=" + os.path.dirname(__file__)]
    server = subprocess.Popen([sys.executable, *words, "gunicorn_workers:application"], stderr=subprocess.DEVNULL)
    stop = time.monotonic() + 30
    while not os.path.exists(SOCKET) and time.monotonic() < stop:
        time.sleep(0.05)
    seen = set()
    while len(seen) < 2 and time.monotonic() < stop:
        connections = [subprocess.Popen([sys.executable, __file__, "request"], stdout=subprocess.PIPE) for _ in range(3)]
        seen |= {one.communicate()[0] for one in connections}
    time.sleep(1)
    server.terminate()
    server.wait()


if __name__ == "gunicorn_workers":
    LOADED = [bytes(1000) for _ in range(2000)]  # KEPT before
elif sys.argv[1:] == ["request"]:
    sys.stdout.buffer.write(request())
else:
    main()
