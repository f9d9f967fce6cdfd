"""Runs each verb on the real store and on the model, and compares what they answer."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from speechmill.book import ChapterSpec, Contents
from speechmill.job import TERMINAL, JobError, Output, Phase, Unit
from speechmill.store import books, deliveries, verbs
from speechmill.store.books import NewChapter
from speechmill.store.deliveries import DueEvent
from speechmill.store.verbs import Bells, Call, Place, Submission
from tests.contract.store.state_machine.checks.agreement import check_agreement
from tests.contract.store.state_machine.checks.invariants import check_invariants, check_succession
from tests.contract.store.state_machine.checks.shares import Shares
from tests.contract.store.state_machine.checks.snapshot import Snapshot
from tests.contract.store.state_machine.clocked_store import ClockedStore
from tests.contract.store.state_machine.model import jobs as at
from tests.contract.store.state_machine.model.model import Model

WORKERS = ("w1", "w2", "w3")
OUTPUT = Output(key="k", bytes=1, sha256="0", content_type="audio/mpeg", duration_seconds=1.5, sample_rate=24_000)
SWEEP_MS = 700
PLAIN = at.Sound()
WHOLE = at.Cut()
CONTENTS = Contents(characters=77)


class Driver:
    """`store` must be empty. `say` is told what no argument shows: which unit was claimed."""

    def __init__(self, store: ClockedStore, weights: dict[str, int], say: Callable[[str], None] = lambda line: None) -> None:
        self.store = store
        self._say = say
        self.model = Model(store.policy, store.now_ms, weights)
        self.store.set_weights(weights)
        self.hands: dict[str, dict[str, Unit]] = {worker: {} for worker in WORKERS}   # what each worker believes it holds
        self.past: list[Unit] = []                                                   # claims that are out of their hands
        self.shares: dict[str, Shares] = {}
        self._before = Snapshot([])

    def check(self) -> None:
        """Raises AssertionError when the store breaks an invariant or differs from the model."""
        now = Snapshot.of(self.store.client)
        check_invariants(now)
        check_succession(self._before, now)
        check_agreement(self.model, now)
        self._before = now

    def check_that_nothing_is_left(self) -> None:
        """All jobs have ended, and their records alone remain."""
        left = {job.id: job.status for job in self.model.jobs.values() if job.status not in TERMINAL}
        assert not left, "every job has ended"
        self.check()
        for name in ("depth", "backlog", "leased"):
            assert self._before.counts(name) == {}, name
        for kind in ("unit", "held", "ring", "suspects", "group", "waits"):
            assert self._before.named(kind) == [], kind

    # Clients --------------------------------------------------------------------------------------------------------------

    def submit(self, asked: Submission, *, twice: bool = False) -> None:
        for _ in range(1 + twice):
            is_new = asked.job_id not in self.model.jobs
            submitted, (outcome, job_id, bells) = self.store.run(verbs.submit(asked)), self.model.submit(asked)
            assert (submitted.outcome, submitted.job_id) == (outcome, job_id)
            self.heard(submitted.bells, bells)
            assert (submitted.job is not None) == (outcome == "created" and is_new)
            if submitted.job:
                seen = self.store.run(verbs.look(job_id, asked.tenant))
                assert seen
                assert submitted.job.model_dump(mode="json") == seen.model_dump(mode="json")
        self._tell_shares()

    def look(self, job: at.ModelJob) -> None:
        if job.is_of_a_book and not job.book:
            self._look_into(job)
        seen = self.store.run(verbs.look(job.id, job.tenant))
        assert seen
        assert (seen.status, seen.progress, seen.version) == (job.status, job.progress, job.version)
        assert (seen.segments.completed, seen.segments.total) == (len(job.takes), job.n_segments)

    def _look_into(self, book: at.ModelJob) -> None:
        state = self.store.run(books.chapters(book.id, book.tenant))
        assert state
        assert state.contents == (CONTENTS if book.plan_token else None)
        found = [(chapter.status, chapter.phase, chapter.progress, chapter.characters, chapter.completed, chapter.segments,
                  chapter.attempts, chapter.error.code if chapter.error else "", chapter.text_key) for chapter in state.chapters]
        assert found == [(chapter.status, chapter.phase, chapter.progress, chapter.characters, len(chapter.takes),
                          chapter.n_segments, chapter.attempts, chapter.error, _text_key(chapter.id))
                         for chapter in self.model.chapters_of(book)]

    def told(self, call: Call[Any], expected: Callable[[], tuple[Any, dict[str, int]]], *, twice: bool = False) -> None:
        """Run a verb that answers (what, bells) or a Verdict. `twice`: its reply was lost, and it is run again."""
        for _ in range(1 + twice):
            reply = self.store.run(call)
            outcome, bells = (reply.committed, reply.bells) if isinstance(reply, verbs.Verdict) else reply[:2]
            expected_outcome, expected_bells = expected()
            assert outcome == expected_outcome, call.script.name
            self.heard(bells, expected_bells)
        self._tell_shares()

    # Workers --------------------------------------------------------------------------------------------------------------

    def claim(self, worker: str, queues: Sequence[str]) -> Unit | None:
        allowed = {unit.ref: unit for unit in self.model.claimable(queues)}
        got = self.store.run(verbs.claim(worker, queues))
        if got is None:
            assert not allowed, f"something waits in {queues}"
            return None
        unit, bells = got
        self._say(f"{worker} claims {unit.ref} from {unit.queue} by token {unit.token}, with {len(unit.company)} others")
        assert unit.ref in allowed, f"{unit.ref} was claimed, not one of {sorted(allowed)}"
        claimed = [allowed[unit.ref], *self.model.company(worker, allowed[unit.ref])]
        is_from_line = claimed[0].place is not at.Place.SUSPECT
        self.heard(bells, self.model.claim(worker, *claimed))
        for one, expected in zip((unit, *unit.company), claimed, strict=True):
            self._check_claim(one, expected)
        if is_from_line:
            self.shares[unit.queue].served(unit.tenant, unit.characters)
        self._tell_shares()
        return unit

    def _check_claim(self, unit: Unit, expected: at.ModelUnit) -> None:
        job, lease = self.model.jobs[unit.job_id], expected.lease
        assert lease
        assert unit.ref == expected.ref
        assert (unit.token, unit.queue, unit.claimed_ms) == (lease.token, lease.queue, self.model.now_ms)
        assert (unit.attempt, unit.characters, unit.phase) == (expected.attempt, expected.characters, job.phase)
        assert (unit.tenant, unit.model, unit.n_segments, unit.queued_ms) == (
            job.tenant, job.model, job.n_segments, job.created_ms)
        keeps_text = not job.book and (job.phase in (Phase.WHOLE, Phase.PLAN) or job.is_of_a_book)
        assert (unit.text, unit.input_key) == ("Hello." if keeps_text else "", _text_key(job.id) if job.book else "")
        if job.phase is Phase.SPEAK:
            n = int(expected.name)
            assert (unit.segment, unit.plan_offset, unit.plan_bytes) == (n, 10 * n, 10 + n)
        else:
            assert unit.segment is None

    def finish(self, unit: Unit, cut: at.Cut = WHOLE, sound: at.Sound = PLAIN, *, twice: bool = False) -> None:
        """Commit it; a plan as `cut` says."""
        take = {"key": "k", "flags": ["clipped"] if sound.is_flagged else [], "cached": sound.is_cached,
                "spoken": sound.n_utterances, "duration_seconds": sound.duration_ms / 1000}
        if unit.phase is Phase.PLAN and unit.kind == "book":
            chapters = [_chapter(unit, n, size) for n, size in enumerate(cut.chapters, 1)]
            self.told(books.divided(unit, CONTENTS, chapters, window=cut.window),
                      lambda: self.model.divided(unit, CONTENTS, cut), twice=twice)
        elif unit.phase is Phase.PLAN:
            places = [Place(10 * n, 10 + n, size) for n, size in enumerate(cut.segments)]
            self.told(verbs.planned(unit, "plan", places), lambda: self.model.planned(unit, places), twice=twice)
        elif unit.phase is Phase.SPEAK:
            self.told(verbs.spoken(unit, take), lambda: self.model.spoken(unit, sound), twice=twice)
        else:
            whole = take if unit.phase is Phase.WHOLE else None
            self.told(verbs.completed(unit, OUTPUT, take=whole, speak_ms=10),
                      lambda: self.model.completed(unit, OUTPUT, sound, speak_ms=10), twice=twice)

    def fail(self, unit: Unit, error: JobError, *, twice: bool = False) -> None:
        self.told(verbs.failed(unit, error), lambda: self.model.failed(unit, error), twice=twice)

    def release(self, unit: Unit, *, twice: bool = False) -> None:
        self.told(verbs.released(unit), lambda: self.model.released(unit), twice=twice)

    def crash(self, units: Sequence[Unit], *, twice: bool = False) -> None:
        self.told(verbs.crashed(units), lambda: self.model.crashed(units), twice=twice)

    def beat(self, worker: str, held: Sequence[tuple[str, int]] | None = None, reply_ms: int = 15_000) -> None:
        """`held`: what it has in hands, unless said otherwise."""
        if held is None:
            held = [(unit.ref, unit.token) for unit in self.hands[worker].values()]
        known, stop = self.store.run(verbs.beat(worker, held, reply_ms))
        assert (known, set(stop)) == self.model.beat(worker, held, reply_ms)
        for ref in stop:
            if ref in self.hands[worker]:
                self.put_down(worker, ref)
        self._tell_shares()

    def enlist(self, worker: str, role: str, state: str, slots: dict[str, int]) -> None:
        self.heard(self.store.run(verbs.enlist(worker, role, "host", state, slots)), self.model.enlist(worker, state, slots))

    def put_down(self, worker: str, ref: str) -> Unit:
        unit = self.hands[worker].pop(ref)
        self.past.append(unit)
        return unit

    # Time and doorbells ---------------------------------------------------------------------------------------------------

    def pass_time(self, ms: int) -> None:
        self.store.set_clock(self.store.now_ms + ms)
        self.model.set_clock(self.store.now_ms)

    def sweep(self) -> None:
        swept, expected = self.store.run(verbs.sweep(SWEEP_MS)), self.model.sweep(SWEEP_MS)
        if swept is None or expected is None:
            assert swept is expected
            return
        assert replace(swept, bells=()) == replace(expected, bells=())
        self.heard(swept.bells, dict(expected.bells))
        for queue in {job.queue for job in self.model.jobs.values()} | set(self.model.suspects):
            slots = self.model.slots(queue, "ready")
            if self.model.waiting_in(queue) and (not slots or slots > self.model.leased_from(queue)):
                assert self.model.doorbells[queue], f"nobody is rung for {queue}"
        self._tell_shares()

    def let_leases_end(self, *dead: str) -> None:
        """The other workers beat and somebody sweeps, until the dead ones are missed: a lease, and a beat's time if nobody
        swept for long. Where the clock was set back, all these dates lie further ahead."""
        step_ms = self.store.policy.lease_ms // 4
        dates = [lease.ends_ms for _, lease in self.model.leases()]
        dates += [int(date) for date in (self.model.amnesty_until_ms, self.model.sweeping_until_ms) if date > 0]
        for _ in range(max(0, *dates, self.model.now_ms) // step_ms - self.model.now_ms // step_ms + 4):
            for worker in WORKERS:
                if worker not in dead:
                    self.beat(worker)
            self.pass_time(step_ms)
            self.sweep()
        left = [unit.ref for unit, lease in self.model.leases() if lease.worker in dead]
        assert not left, f"{left} are still leased by the dead"

    def heard(self, bells: Bells, expected: dict[str, int]) -> None:
        """The caller of a verb rings them."""
        assert dict(bells) == expected
        for queue, times in bells:
            self.store.ring(queue, times)
            self.model.doorbells[queue] += times

    def hear(self, queue: str) -> None:
        """Workers take all doorbells of a queue, or they are lost."""
        self.store.hear(queue)
        del self.model.doorbells[queue]

    # The reaper and the couriers ------------------------------------------------------------------------------------------

    def reapable(self) -> list[str]:
        found = [job.job_id for job in self.store.run(verbs.reapable(1000))]
        assert (len(found), set(found)) == (len(set(found)), self.model.reapable())
        return found

    def reaped(self, job_id: str) -> None:
        self.store.run(verbs.reaped(job_id))
        self.model.reaped(job_id)

    def due(self, hold_ms: int) -> DueEvent | None:
        event = self.store.run(deliveries.due(hold_ms))
        assert event == self.model.due(hold_ms)
        return event

    def settle(self, event: DueEvent, outcome: str, in_ms: int, *, twice: bool = False) -> None:
        for _ in range(1 + twice):
            assert self.store.run(deliveries.settled(event, outcome, in_ms=in_ms)) == self.model.settled(event, outcome, in_ms)

    def _tell_shares(self) -> None:
        for queue, line in self.model.lines.items():
            self.shares.setdefault(queue, Shares(self.model.weights)).wait(frozenset(line.tags))


def _chapter(plan: Unit, number: int, characters: int) -> NewChapter:
    voice = {"model": plan.model, "voice": "low", "language": "en"}
    spec = ChapterSpec(**voice, number=number, track=number, tracks=number, title="A chapter")
    return NewChapter(spec, _text_key(f"{plan.job_id}.{number}"), characters)


def _text_key(chapter_id: str) -> str:
    return f"text/{chapter_id}"
