"""Whatever is submitted, cancelled and stepped, in whatever order: everybody gets exactly one end, and all of his sound."""

from dataclasses import dataclass

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.unit.engine.still_engine import StillEngine, expected_sound, reference
from tests.unit.engine.still_runner import Fate
from worker.engine.errors import BrokenNumbers
from worker.model.errors import BadUtterance

NO_REFERENCE = 0


@dataclass(frozen=True)
class Order:
    """What is asked of the engine."""

    fate: Fate
    max_frames: int
    interactive: bool
    streamed: bool
    n_reference_frames: int
    broken_reference: bool

    @property
    def n_frames(self) -> int:
        """That it will have."""
        return min(self.fate.n_frames or self.max_frames, self.max_frames)

    @property
    def breaks(self) -> bool:
        return self.fate.broken_at is not None and self.fate.broken_at < self.n_frames

    @property
    def is_capped(self) -> bool:
        return self.fate.n_frames is None or self.fate.n_frames > self.max_frames


lengths = st.integers(1, 12)
orders = st.builds(
    Order, fate=st.builds(Fate, n_frames=st.none() | lengths, broken_at=st.none() | st.none() | st.integers(0, 12)),
    max_frames=st.integers(1, 9), interactive=st.booleans(), streamed=st.booleans(),
    n_reference_frames=st.just(NO_REFERENCE) | st.just(NO_REFERENCE) | st.integers(1, 5),
    broken_reference=st.sampled_from([False, False, False, True]))
shapes = st.builds(
    StillEngine, n_slots=st.integers(3, 6), interactive_slots=st.integers(0, 2), prefill_batch=st.integers(1, 4),
    batch_frames=st.integers(1, 40), slot_positions=st.just(12))


def submit(still: StillEngine, order: Order) -> int:
    clone = None
    if order.n_reference_frames:
        clone = reference(order.n_reference_frames, "broken" if order.broken_reference else "fine")
    return still.submit(order.fate, max_frames=order.max_frames, interactive=order.interactive, streamed=order.streamed,
                        reference=clone)


def check_what_was_heard(still: StillEngine, speak_id: int, order: Order) -> None:
    heard = still.listener.of(speak_id)
    assert np.array_equal(heard.pcm, expected_sound(speak_id, len(heard.pcm) // 1920)), "its own sound, in order, from the start"
    if speak_id in still.listener.cancelled:
        return
    assert heard.ends == 1
    if order.n_reference_frames and order.broken_reference:
        assert isinstance(heard.error, BadUtterance)
        assert heard.n_frames == 0
    elif order.breaks:
        assert isinstance(heard.error, BrokenNumbers)
        assert heard.n_frames <= (order.fate.broken_at or 0)
    else:
        assert heard.error is None
        assert heard.n_frames == order.n_frames
        assert heard.capped == order.is_capped


class AnyOrder(RuleBasedStateMachine):
    ids: Bundle[int] = Bundle("ids")

    @initialize(still=shapes)
    def start(self, still: StillEngine) -> None:
        self.still = still
        self.orders: dict[int, Order] = {}

    @rule(target=ids, order=orders)
    def submits(self, order: Order) -> int:
        speak_id = submit(self.still, order)
        self.orders[speak_id] = order
        return speak_id

    @rule(many=st.lists(orders, min_size=3, max_size=8))
    def submits_many(self, many: list[Order]) -> None:
        for order in many:
            self.submits(order)

    @rule(speak_id=ids)
    def cancels(self, speak_id: int) -> None:
        """Also those that have ended, and twice."""
        if self.still.listener.of(speak_id).ends == 0:
            self.still.cancel(speak_id)
        else:
            self.still.engine.cancel(speak_id)

    @rule(n_steps=st.integers(1, 6))
    def steps(self, n_steps: int) -> None:
        for _ in range(n_steps):
            self.still.step()

    @precondition(lambda self: bool(self.orders))
    @rule()
    def becomes_idle(self) -> None:
        self.still.run()
        for speak_id, order in self.orders.items():
            check_what_was_heard(self.still, speak_id, order)
        gauges = self.still.engine.gauges()
        assert (gauges["slots_used"], gauges["inside"]) == (0, 0)

    @invariant()
    def who_joined_came_first_in_its_class(self) -> None:
        """A clone waits for its reference in its place in the queue, and so does who stands behind it."""
        if hasattr(self, "still"):
            for interactive in (False, True):
                joined = [one for one in self.still.runner.joined if self.orders[one].interactive is interactive]
                assert joined == sorted(joined)

    @invariant()
    def batch_leaves_the_kept_slots_alone(self) -> None:
        if hasattr(self, "still") and self.still.runner.decoded:
            rows = self.still.runner.decoded[-1]
            assert sum(not self.orders[row].interactive for row in rows) <= self.still.n_slots - self.still.interactive_slots

    def teardown(self) -> None:
        if hasattr(self, "still"):
            self.becomes_idle()


AnyOrder.TestCase.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
TestAnyOrder = AnyOrder.TestCase


@given(shapes, st.lists(orders, min_size=1, max_size=40))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_everything_submitted_at_once_is_spoken(still: StillEngine, many: list[Order]) -> None:
    made = {submit(still, order): order for order in many}
    still.run()
    for speak_id, order in made.items():
        check_what_was_heard(still, speak_id, order)


@given(n_slots=st.integers(2, 8), interactive_slots=st.integers(0, 1), prefill_batch=st.integers(1, 8))
@settings(max_examples=30, deadline=None)
def test_neither_class_starves_while_both_keep_coming(n_slots: int, interactive_slots: int, prefill_batch: int) -> None:
    still = StillEngine(n_slots=n_slots, interactive_slots=interactive_slots, prefill_batch=prefill_batch)
    interactive = {still.submit(Fate(n_frames=3), interactive=True) for _ in range(150)}
    batch = {still.submit(Fate(n_frames=3)) for _ in range(150)}
    for _ in range(60):
        still.step()
    joined = still.runner.joined
    assert len(interactive.intersection(joined)) >= len(joined) // 3
    assert len(batch.intersection(joined)) >= len(joined) // 5
