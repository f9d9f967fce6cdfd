"""Rows are prepared side by side and measured one by one, while all the others stand still. No torch."""

import math
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from worker.bench.guide.order import Order, Plan, Speed
from worker.bench.guide.rows import GuideRow
from worker.bench.subject.process import Call, Ended, Message, Ready, Subject, Told

_SETTLE_S = 0.3
"""What a stopped process had launched on the GPU is over by then."""
_NO_TIME = "no time was left for it"

_FUNCTIONS = {"reference": "worker.bench.guide.reference_row:measure", "engine": "worker.bench.guide.engine_row:measure"}


@dataclass(frozen=True)
class Outcome:
    """What became of a row. `ready_after_s`: from nothing to warm, imports and weights included. `problem`: why it has no
    speeds, or not all."""

    row: GuideRow
    speeds: tuple[Speed, ...] = ()
    ready_after_s: float = 0.0
    problem: str = ""


@dataclass(frozen=True)
class Limits:
    """`row_s`: the longest that a row may take, without what it stood still for; `total_s`: all together. `side_by_side` are
    prepared at once."""

    row_s: float = 300.0
    total_s: float = math.inf
    side_by_side: int = 1


@dataclass
class _Run:
    """A row whose process lives."""

    row: GuideRow
    subject: Subject
    cache: "tempfile.TemporaryDirectory[str]"
    speeds: list[Speed] = field(default_factory=list)
    ready_after_s: float = 0.0
    overdue: str = ""        # why it was ended before its time

    def end(self, why: str) -> None:
        """Its last message follows."""
        self.overdue = why
        self.subject.kill()

    def outcome(self, ended: Ended) -> Outcome:
        broke = ended.problem and f"can't run here: {ended.problem}"
        return Outcome(self.row, tuple(self.speeds), self.ready_after_s, self.overdue or broke)


class Schedule:
    def __init__(self, rows: list[GuideRow], plan: Plan, pythons: dict[str, str], limits: Limits) -> None:
        """`pythons`: the interpreter of each backend; rows of one that is missing have no outcome here."""
        self._waiting = deque(rows)
        self._plan, self._pythons, self._limits = plan, pythons, limits
        self._mailbox: SimpleQueue[tuple[Subject, Message]] = SimpleQueue()
        self._runs: dict[Subject, _Run] = {}
        self._unread: deque[tuple[Subject, Message]] = deque()    # came while another was measured

    def outcomes(self) -> Iterator[Outcome]:
        """As they come. Whoever stops reading ends what still runs."""
        self._until = time.monotonic() + self._limits.total_s
        try:
            while self._waiting or self._runs:
                yield from self._start_more()
                if self._runs:
                    yield from self._hear(*self._next())
        finally:
            for run in self._runs.values():
                run.subject.kill()
                run.cache.cleanup()

    def _start_more(self) -> Iterator[Outcome]:
        while self._waiting and time.monotonic() >= self._until:
            yield Outcome(self._waiting.popleft(), problem=_NO_TIME)
        while self._waiting and len(self._runs) < self._limits.side_by_side:
            row = self._waiting.popleft()
            # Each compiles from nothing: what one row leaves behind would make the next one look quick.
            cache = tempfile.TemporaryDirectory(prefix="speechmill-compiled-", ignore_cleanup_errors=True)
            environment = {"TORCHINDUCTOR_CACHE_DIR": cache.name} if row.backend == "reference" else {}
            call = Call(_FUNCTIONS[row.backend], Order.of(row, self._plan).to_json(), self._pythons[row.backend], environment)
            try:
                subject = Subject(call, self._mailbox)
            except OSError as error:
                cache.cleanup()
                yield Outcome(row, problem=f"{call.python} can't be run: {error.strerror}")
            else:
                self._runs[subject] = _Run(row, subject, cache)

    def _next(self) -> tuple[Subject, Message]:
        """What a process says next. Those that are overdue meanwhile are ended, and say so."""
        while not self._unread:
            try:
                self._unread.append(self._mailbox.get(timeout=self._left_s(*self._runs.values())))
            except Empty:
                self._end_overdue()
        return self._unread.popleft()

    def _left_s(self, *runs: _Run) -> float | None:
        """Until the first of them is overdue; None where all are, and have been ended."""
        left = [self._limits.row_s - run.subject.ran_s for run in runs if not run.overdue]
        return max(0.0, min([*left, self._until - time.monotonic()])) if left else None

    def _hear(self, subject: Subject, message: Message) -> Iterator[Outcome]:
        run = self._runs[subject]
        match message:
            case Ready():
                run.ready_after_s = subject.ran_s
                yield self._measured(run)
            case Ended():
                yield self._ended(run, message)
            case Told():
                raise AssertionError("a row tells what it measured in its turn only")

    def _measured(self, run: _Run) -> Outcome:
        """Its turn, to its end."""
        others = [other.subject for other in self._runs.values() if other is not run]
        for other in others:
            other.pause()
        time.sleep(_SETTLE_S if others else 0.0)
        run.subject.go()
        ended: Ended | None = None
        while ended is None:
            ended = self._listen_to(run)
        for other in others:
            other.resume()
        return self._ended(run, ended)

    def _listen_to(self, run: _Run) -> Ended | None:
        """To this one alone; what others had already said waits."""
        try:
            subject, message = self._mailbox.get(timeout=self._left_s(run))
        except Empty:
            self._end_overdue()
            return None
        if subject is not run.subject:
            self._unread.append((subject, message))
        elif isinstance(message, Told):
            run.speeds.append(Speed(**message.what))
        elif isinstance(message, Ended):
            return message
        return None

    def _end_overdue(self) -> None:
        for run in self._runs.values():
            if not run.overdue and time.monotonic() >= self._until:
                run.end(_NO_TIME)
            elif not run.overdue and run.subject.ran_s >= self._limits.row_s:
                run.end(f"took longer than {self._limits.row_s:g} s")

    def _ended(self, run: _Run, ended: Ended) -> Outcome:
        del self._runs[run.subject]
        run.cache.cleanup()
        return run.outcome(ended)
