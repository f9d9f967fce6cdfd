"""Whatever happens in whatever order, each line of a batch is folded once and the batch ends, with counts that add up."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import redis

from speechmill.batch import BatchFiles
from speechmill.job import Phase, Status, Unit
from speechmill.store import batches, verbs
from speechmill.store.batches import EndedLine, NewLine
from speechmill.store.client import Policy, Store
from speechmill.tasks import KEY_PREFIX
from tests.contract.store.conftest import Mill
from tests.contract.store.test_batches import BATCH, LINE, accept, state, submit_batch
from tests.services.redis_server import running_redis

LINES, WINDOW = 14, 4
QUEUES = ("speech:tone:suspect", "speech:tone:batch", "cpu:suspect", "cpu:batch")


@dataclass
class Walk:
    """Workers that do as they like with what they claim. `told`: what was folded."""

    mill: Mill
    draw: random.Random
    held: list[Unit] = field(default_factory=list)
    told: dict[int, EndedLine] = field(default_factory=dict)

    def step(self) -> None:
        action = self.draw.choices((self.claim, self.end_one, self.lose_one, self.give_one_back, self.sweep), (5, 6, 1, 1, 1))[0]
        action()

    def claim(self) -> None:
        # Each claim is another worker's, so that one that dies takes nobody with it.
        claimed = self.mill.store.run(verbs.claim(f"w{self.draw.random()}", QUEUES))
        if claimed:
            self.held += [claimed[0], *claimed[0].company]

    def end_one(self) -> None:
        if not self.held:
            return
        unit = self.held.pop(self.draw.randrange(len(self.held)))
        if unit.phase is Phase.FEED:
            self.feed(unit)
        elif unit.phase is Phase.FINISH:
            self.fold(unit)
            self.mill.store.run(batches.bound(unit, BatchFiles(table_key="k"), []))
        elif self.draw.random() < 0.2:
            self.mill.failed(unit)
        else:
            self.mill.completed(unit)

    def feed(self, unit: Unit) -> None:
        """Stops in the middle now and then, as a worker does that dies."""
        self.fold(unit)
        now = self.mill.store.run(batches.feeding(unit))
        if now is None:
            return
        room = min(WINDOW - now.open, now.lines - now.opened)
        outcome = "ending" if now.ending else "opened"
        if outcome == "opened" and room > 0:
            new = [NewLine(Phase.WHOLE, "tone", LINE, "Hello.", "", 10)] * room
            outcome = self.mill.store.run(batches.opened(unit, now.opened + 1, new))[0]
        if outcome == "ending":
            while self.mill.store.run(batches.stopped(unit))[0] == "more":
                pass
        if self.draw.random() < 0.8:
            self.mill.store.run(batches.fed(unit, WINDOW))
        else:
            self.lose(unit)

    def fold(self, unit: Unit) -> None:
        ended = self.mill.store.run(batches.ended(unit, 0)) or []
        if self.mill.store.run(batches.folded(unit, str(unit.token), [line.number for line in ended])):
            assert not {line.number for line in ended} & self.told.keys(), "folded twice"
            self.told |= {line.number: line for line in ended}

    def lose_one(self) -> None:
        if self.held:
            self.lose(self.held.pop(self.draw.randrange(len(self.held))))

    def lose(self, unit: Unit) -> None:
        self.mill.store.redis.zadd(KEY_PREFIX + "leases", {unit.ref: 1}, xx=True)
        self.mill.sweep()

    def give_one_back(self) -> None:
        if self.held:
            self.mill.store.run(verbs.released(self.held.pop()))

    def sweep(self) -> None:
        self.mill.sweep()

    def end(self) -> None:
        if self.draw.random() < 0.5:
            self.mill.store.run(verbs.cancel(BATCH, "local"))
        else:
            self.mill.store.redis.zadd(KEY_PREFIX + "deadlines", {BATCH: 1})
            self.mill.sweep()


@pytest.fixture(scope="module")
def quick_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis.Redis]:
    """Without a disk: thousands of steps would wait for it."""
    with running_redis(tmp_path_factory.mktemp("quick-redis")) as server, server.client() as client:
        client.config_set("appendonly", "no")
        yield client


@pytest.mark.parametrize("seed", range(12))
def test_each_line_is_folded_once_and_the_batch_ends(quick_redis: redis.Redis, seed: int) -> None:
    quick_redis.flushall()
    walk = Walk(Mill(Store(quick_redis, Policy())), random.Random(seed))
    submit_batch(walk.mill)
    accept(walk.mill, LINES)
    ends_at = walk.draw.choice((None, walk.draw.randrange(120)))
    for n in range(1000):
        if n == ends_at:
            walk.end()
        walk.step()
        if walk.mill.look(BATCH).ended:
            break
    batch, found = walk.mill.look(BATCH), state(walk.mill)
    assert batch.ended, (batch, found)
    for unit in walk.held:
        walk.mill.store.run(verbs.released(unit))
    if batch.status is not Status.FAILED:  # its own step may have killed three workers
        kinds = [line.status for line in walk.told.values()]
        assert (found.completed, found.failed) == (kinds.count(Status.COMPLETED), kinds.count(Status.FAILED))
        assert batch.status is not Status.COMPLETED or found.completed + found.failed == len(walk.told) == LINES
    assert not [key for key in quick_redis.scan_iter(KEY_PREFIX + "*") if f"{BATCH}." in str(key)]
    assert walk.mill.counts("depth") == walk.mill.counts("leased") == walk.mill.counts("backlog") == {}
