# /// leak
# severity = "leak"
# kind = "container|backlog"
# names = ["Task|watch_client", "SHUTDOWN|_waiters"]
# advice = ["cancel|timeout|wait"]
# ///
"""Tasks that wait for ever: one for each client, waiting for a shutdown that does not come."""

import asyncio
import time

SHUTDOWN = None


async def watch_client(number):
    state = {"client": number, "log": ["line %d %d" % (number, n) for n in range(25)]}  # LEAK
    await SHUTDOWN.wait()
    return state


async def main():
    global SHUTDOWN
    SHUTDOWN = asyncio.Event()
    stop = time.monotonic() + 9
    number = 0
    while time.monotonic() < stop:
        asyncio.ensure_future(watch_client(number))  # LEAK
        number += 1
        await asyncio.sleep(0.01)
    SHUTDOWN.set()
    await asyncio.sleep(0)


asyncio.run(main())  # LEAK
