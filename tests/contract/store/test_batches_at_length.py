"""However many lines a batch has, Redis holds a window of them."""

from dataclasses import dataclass

from speechmill.job import Phase, Unit
from speechmill.store import batches, verbs
from speechmill.store.batches import FOLDED_AT_ONCE, OPENED_AT_ONCE, NewLine
from speechmill.tasks import KEY_PREFIX
from tests.contract.store.conftest import Mill
from tests.contract.store.test_batches import BATCH, LINE, SPEECH, accept, feeding, finish, submit_batch


@dataclass
class Measured:
    """Of a whole batch: most memory of Redis beyond what it had before, and most keys."""

    peak_bytes: int = 0
    most_keys: int = 0


def run_batch(mill: Mill, lines: int, window: int) -> Measured:
    """Every line is claimed and completed, by one worker that takes no time to speak."""
    redis, measured = mill.store.redis, Measured()
    before = redis.info("memory")["used_memory"]
    submit_batch(mill)
    accept(mill, lines)
    while (unit := mill.claim("cpu:batch")).phase is Phase.FEED:
        _fold(mill, unit)
        state = feeding(mill, unit)
        _open(mill, unit, state.opened + 1, min(window - state.open, state.lines - state.opened))
        mill.store.run(batches.fed(unit, window))
        measured.peak_bytes = max(measured.peak_bytes, redis.info("memory")["used_memory"] - before)
        measured.most_keys = max(measured.most_keys, redis.dbsize())
        while claimed := mill.store.run(verbs.claim("w1", [SPEECH])):
            mill.completed(claimed[0])
    mill.store.run(verbs.released(unit))
    finish(mill)
    return measured


def _fold(mill: Mill, unit: Unit) -> None:
    after = 0
    while ended := mill.store.run(batches.ended(unit, after)):
        after = ended[-1].number
        mill.store.run(batches.folded(unit, str(unit.token), [line.number for line in ended]))
        if len(ended) < FOLDED_AT_ONCE:
            return


def _open(mill: Mill, unit: Unit, first: int, count: int) -> None:
    line = NewLine(Phase.WHOLE, "tone", LINE, "a hundred characters, more or less " * 3, "", 100)
    for start in range(first, first + count, OPENED_AT_ONCE):
        assert mill.store.run(batches.opened(unit, start, [line] * min(OPENED_AT_ONCE, first + count - start)))[0] == "opened"


def test_memory_does_not_grow_with_the_lines(mill: Mill) -> None:
    measured = run_batch(mill, 500, window=40)
    assert mill.look(BATCH).status == "completed"
    assert measured.most_keys < 4 * 40 + 50
    assert measured.peak_bytes < 40 * 8000 + 1_000_000, "the window, and no line that has ended"
    assert not [key for key in mill.store.redis.scan_iter(KEY_PREFIX + "*") if f"{BATCH}." in str(key)]
