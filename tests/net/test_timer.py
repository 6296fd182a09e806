"""The timer under a core: armed for the earliest deadline, never early, never twice."""

from __future__ import annotations

import asyncio

from gateway.net.timer import CoreTimer


def test_fires_at_the_deadline_and_not_before() -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        fired = loop.create_future()
        timer = CoreTimer(loop, fired.set_result)
        deadline = loop.time() + 0.01
        timer.arm(deadline + 60)
        timer.arm(deadline)
        timer.arm(deadline)
        assert await fired >= deadline
        timer.arm(None)

    asyncio.run(run())


def test_disarmed_it_stays_silent() -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        fired: list[float] = []
        timer = CoreTimer(loop, fired.append)
        timer.arm(loop.time() + 0.001)
        timer.arm(None)
        later = loop.create_future()
        loop.call_at(loop.time() + 0.01, later.set_result, None)
        await later
        assert fired == []

    asyncio.run(run())
