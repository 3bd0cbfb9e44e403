# /// worker
# kept_in = {"order": 1, "invoice": 1, "page": 1}
# ///
"""Coroutines that wait and go on: the stack leads through those that await them, not through others that wait."""

import asyncio
import time

KEPT = []


async def order():
    for _ in range(20):
        KEPT.append([bytes(1000) for _ in range(100)])  # KEPT order
        await asyncio.sleep(0)


async def invoice():
    for _ in range(20):
        KEPT.append([bytes(1000) for _ in range(100)])  # KEPT invoice
        await asyncio.sleep(0)


async def pages():
    for _ in range(20):
        KEPT.append([bytes(1000) for _ in range(100)])  # KEPT page
        await asyncio.sleep(0)
        yield


async def sell():
    await order()  # CALLS order


async def shop():
    await sell()  # CALLS order


async def accounts():
    await invoice()  # CALLS invoice


async def read():
    async for _ in pages():  # CALLS page
        pass


async def main():
    await asyncio.gather(shop(), accounts(), read())


asyncio.run(main())
time.sleep(1)
