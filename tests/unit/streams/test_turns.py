"""Clients that are woken in the same moment look one after the other: a crowd must not open a connection each."""

import asyncio

from producer.feed import Watch
from producer.waiting import wait_until


def test_of_a_hundred_that_wake_at_once_few_look_at_the_same_time() -> None:
    looking = most = looks = 0
    all_have_looked = asyncio.Event()

    async def look() -> int:
        nonlocal looking, most, looks
        looking, looks = looking + 1, looks + 1
        most = max(most, looking)
        await asyncio.sleep(0)
        looking -= 1
        if looks == 100:
            all_have_looked.set()
        return looks

    async def crowd() -> None:
        turn = asyncio.Semaphore(3)
        watches = [Watch(until_end=False, turn=turn) for _ in range(100)]
        waiting = [asyncio.create_task(wait_until(watch, look, lambda n: n > 100, 30)) for watch in watches]
        await all_have_looked.wait()
        for watch in watches:
            watch.wake()
        await asyncio.gather(*waiting)

    asyncio.run(crowd())
    assert looks == 200
    assert most == 3
