"""One run: the system starts, clients begin, faults come and go, the system settles, and what is known is brought together."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from speechmill.cli.chaos.audit import Evidence
from speechmill.cli.chaos.clients import Clients
from speechmill.cli.chaos.event_log import EventLog
from speechmill.cli.chaos.faults import Fault, World
from speechmill.cli.chaos.inspector import Inspector
from speechmill.cli.chaos.ledger import Ledger
from speechmill.cli.chaos.mortal_worker import POISONED
from speechmill.cli.chaos.receiver import Receiver
from speechmill.cli.chaos.s3_proxy import Mode
from speechmill.cli.chaos.schedule import CPU_WORKERS, SPEECH_WORKERS, Planned
from speechmill.cli.chaos.settle import settle
from speechmill.cli.chaos.system import System
from speechmill.cli.stack.part import Ended

_TEND_S = 0.1
_LAST_STORIES_S = 40.0


@dataclass(frozen=True)
class Order:
    """What was asked for. `tell` is given a line at each thing that happens."""

    seed: int
    seconds: float
    n_clients: int
    planned: Sequence[Planned]
    tell: Callable[[str], None]


@dataclass
class Harm:
    """What came to whom. Times are of the harness's own clock."""

    deaths_s: list[float] = field(default_factory=list)
    n_poisoned: int = 0
    spoiled: list[str] = field(default_factory=list)


async def run(system: System, order: Order) -> Evidence:
    """Raises Failure when the system does not start, and whatever shows a bug of the harness itself."""
    ledger, harm = Ledger(), Harm()
    async with AsyncExitStack() as stack:
        await system.proxy.turn(Mode.PASS)
        stack.push_async_callback(system.proxy.close)
        receiver = Receiver(system.webhook_secret)
        await receiver.listen()
        stack.callback(receiver.close)
        await system.start()
        log = EventLog(system.redis_url)
        log.start()
        stack.push_async_callback(log.close)
        clients = Clients(system.address.url, receiver.url, ledger, order.seed)
        stack.push_async_callback(clients.close)
        inspector = Inspector(system.address.url)
        stack.push_async_callback(inspector.close)
        tending = asyncio.create_task(_tend(system, harm, order.tell))
        stack.callback(tending.cancel)

        clients.start(order.n_clients)
        await _fire(World(system, receiver, clients), order, harm)
        order.tell("all faults are over; the system settles")
        await clients.finish(_LAST_STORIES_S)
        await system.wait_ready()
        unsettled = await settle(inspector, system.redis_url)
        order.tell("the audit looks at every job and every result")
        await log.catch_up()
        return Evidence(
            ledger=ledger, jobs=await inspector.jobs(), log=log.jobs, events=receiver.events, forged=receiver.forged,
            deaths_s=harm.deaths_s, n_poisoned=harm.n_poisoned, spoiled=harm.spoiled, gauges=await inspector.gauges(),
            counted=await inspector.counted(), unsettled=unsettled)


async def _fire(world: World, order: Order, harm: Harm) -> None:
    """Returns when the time is over and every fault has ended. One of a target that is not whole again in time waits for it."""
    began_s = time.monotonic()
    turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def strike(planned: Planned) -> None:
        await asyncio.sleep(began_s + planned.at_s - time.monotonic())
        async with turns[planned.target]:
            order.tell(str(planned))
            if planned.target in (*SPEECH_WORKERS, *CPU_WORKERS):
                harm.deaths_s.append(time.monotonic())
            await _break(world.fault(planned), planned.lasts_s)

    async with asyncio.TaskGroup() as faults:
        for planned in order.planned:
            faults.create_task(strike(planned))
        await asyncio.sleep(order.seconds)


async def _break(fault: Fault, lasts_s: float) -> None:
    try:
        await fault.begin()
        await asyncio.sleep(lasts_s)
    finally:
        await fault.end()


async def _tend(system: System, harm: Harm, tell: Callable[[str], None]) -> None:
    """Start again what ended by itself. Poison ends speech workers; nothing else may end anybody."""
    while True:
        for member in system.members.values():
            status = member.tend()
            if status == POISONED and member.name in SPEECH_WORKERS:
                harm.n_poisoned += 1
                tell(f"           {member.name:<9} died of poison")
            elif status is not None:
                ended = Ended(member.name, status, 1, 0.0)
                harm.spoiled.append(str(ended))
                tell(f"           {ended}, which no fault explains")
        await asyncio.sleep(_TEND_S)
