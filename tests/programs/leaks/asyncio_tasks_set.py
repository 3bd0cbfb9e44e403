# /// leak
# severity = "leak"
# kind = "container"
# names = ["BACKGROUND", "Task"]
# advice = ["add_done_callback|discard|task"]
# ///
"""Background tasks are kept in a set so that they are not collected, and stay there when they are done."""

import asyncio
import time

BACKGROUND = set()


async def thumbnail(number):
    await asyncio.sleep(0)
    return bytes(2000) + b"%d" % number  # LEAK


async def upload(number):
    task = asyncio.create_task(thumbnail(number))  # LEAK
    BACKGROUND.add(task)  # LEAK
    await asyncio.sleep(0.01)


async def main():
    stop = time.monotonic() + 9
    number = 0
    while time.monotonic() < stop:
        await upload(number)
        number += 1


asyncio.run(main())
