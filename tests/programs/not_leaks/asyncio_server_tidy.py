# /// not-leak
# ///
"""An asyncio server with clients over loopback that forgets its peers as it should."""

import asyncio
import time

PEERS = {}


async def serve_client(reader, writer):
    address = writer.get_extra_info("peername")
    PEERS[address] = []
    try:
        while True:
            line = await reader.readline()
            if not line:
                break
            PEERS[address].append(line)
            writer.write(b"ok\n")
            await writer.drain()
    finally:
        del PEERS[address]
        writer.close()


async def visit(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(3):
        writer.write(b"x" * 2000 + b"\n")
        await writer.drain()
        await reader.readline()
    writer.close()
    await writer.wait_closed()


async def main():
    listening = await asyncio.start_server(serve_client, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    stop = time.monotonic() + 9
    while time.monotonic() < stop:
        await asyncio.gather(*(visit(port) for _ in range(2)))
        await asyncio.sleep(0.03)
    listening.close()
    await asyncio.sleep(0.1)


asyncio.run(main())
