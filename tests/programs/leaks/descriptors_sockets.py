# /// leak
# severity = "leak|warning"
# kind = "resource"
# names = ["socket"]
# also = ["CLIENTS"]
# marked_line = false
# advice = ["close"]
# ///
"""Sockets kept in a list after the answer is read: a descriptor and a Python object for each."""

import socket
import time

CLIENTS = []


def ask(port):
    client = socket.create_connection(("127.0.0.1", port))  # LEAK
    CLIENTS.append(client)  # LEAK
    client.sendall(b"hello")


def main():
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    stop = time.monotonic() + 9
    while time.monotonic() < stop:
        ask(port)
        peer, _ = server.accept()
        peer.recv(5)
        peer.close()
        time.sleep(0.04)


main()
