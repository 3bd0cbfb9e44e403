"""One event loop for all calls of asynchronous functions, as a server has: a task that a call leaves running stays, and
what one call opens in the loop another may use."""

import time
from typing import Any, Coroutine

PATIENCE = 0.3
"""Seconds that tasks may take to end after the call that started them; half as many each time they do not."""
LEAST_PATIENCE = 0.001
"""Seconds from which they are not waited for any more."""


class EventLoop:
    """A loop that is made for the first call."""

    def __init__(self) -> None:
        self.loop: Any = None
        """Findings name it: what piles up in it is held here."""
        self._patience = PATIENCE
        self._left = 0
        """Tasks that calls have left running."""

    def run(self, call: "Coroutine[Any, Any, Any]") -> None:
        """Runs a coroutine to its end, and what it left in the loop for a moment more. What it raises is passed on."""
        import asyncio

        if self.loop is None:
            self.loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self._whole(call))

    async def _whole(self, call: "Coroutine[Any, Any, Any]") -> None:
        import asyncio

        await call
        # What was to be called soon, and what that has called soon.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        if self._patience < LEAST_PATIENCE:
            return
        until = time.monotonic() + self._patience
        while len(asyncio.all_tasks()) - 1 > self._left and time.monotonic() < until:
            await asyncio.sleep(0.002)
        left = len(asyncio.all_tasks()) - 1
        if left > self._left:
            self._left, self._patience = left, self._patience / 2

    def close(self) -> None:
        """Ends the loop as `asyncio.run` does: without a word about tasks that were left."""
        loop = self.loop
        if loop is None or loop.is_closed():
            return
        import asyncio

        try:
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True) if tasks else _nothing())
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            asyncio.set_event_loop(None)
            loop.close()


async def _nothing() -> None:
    """What is waited for where nothing is left."""
