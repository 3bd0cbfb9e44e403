# /// leak
# severity = "leak"
# kind = "container"
# names = ["peers", "Peer"]
# advice = ["bound|remove|expire|evict|weak|dict|pop|delete"]
# ///
"""An asyncio server with clients over loopback: what it knows of a peer stays when the peer has gone."""

import asyncio
import time


class Peer:
    def __init__(self, address):
        self.address = address
        self.received = []


class Server:
    def __init__(self):
        self.peers = {}

    async def serve_client(self, reader, writer):
        address = writer.get_extra_info("peername")
        peer = self.peers[len(self.peers), address] = Peer(address)  # LEAK
        while True:
            line = await reader.readline()
            if not line:
                break
            peer.received.append(line)  # LEAK
            writer.write(b"ok\n")
            await writer.drain()
        writer.close()


async def visit(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(2):
        writer.write(b"x" * 2000 + b"\n")
        await writer.drain()
        await reader.readline()
    writer.close()
    await writer.wait_closed()


async def main():
    server = Server()
    listening = await asyncio.start_server(server.serve_client, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    stop = time.monotonic() + 9
    while time.monotonic() < stop:
        await visit(port)
        await asyncio.sleep(0.02)
    listening.close()
    await asyncio.sleep(0.1)


asyncio.run(main())  # LEAK
