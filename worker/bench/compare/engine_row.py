"""Our engine, on the same texts as its peers."""

import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from worker.bench.case import Case
from worker.bench.compare.lines import Line
from worker.bench.compare.order import Load, Order, tell
from worker.bench.compare.row import Spoken
from worker.bench.measure import Switch
from worker.bench.subject.channel import Channel
from worker.engine.build import build
from worker.engine.engine import Engine
from worker.engine.speaker import Pcm, Speak
from worker.model.config import SAMPLE_RATE_HZ
from worker.model.errors import EngineError
from worker.model.reference import PreparedReference
from worker.model.sampling import Sampling


def measure(channel: Channel) -> None:
    order = Order.from_json(channel.order)
    options = Case.parse(order.config).options(Path(order.checkpoint), max(load.at_once for load in order.loads))
    built = build(options, report=lambda _line: None)
    switch = Switch()
    engine = Engine(built.parts, options, switch)
    channel.ready()
    for load in order.loads:
        whole, streamed = Round(engine, load), Round(engine, load, streamed=True)
        switch.load = whole
        began = time.perf_counter()
        whole.speak(until=began + order.limit_s)
        wall_s = time.perf_counter() - began
        switch.load = streamed
        streamed.speak(until=time.perf_counter() + order.limit_s)
        errors = [*whole.errors, *streamed.errors]
        tell(channel, load, Spoken(whole.n_samples / SAMPLE_RATE_HZ, wall_s, whole.n_ended, streamed.first_s, errors),
             "first sound of a stream")


@dataclass
class Round:
    """The lines of a load, `at_once` in flight, each replaced as it ends. As a stream they are let go at their first sound."""

    engine: Engine
    load: Load
    streamed: bool = False
    n_samples: int = 0
    n_ended: int = 0
    first_s: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    _asked: dict[int, float] = field(default_factory=dict)     # when, of those in flight

    def speak(self, until: float) -> None:
        """Nothing new is asked for after `until` (time.perf_counter)."""
        lines: deque[tuple[int, Line]] = deque(enumerate(self.load.lines))
        while (lines and time.perf_counter() < until) or self._asked:
            while lines and len(self._asked) < self.load.at_once and time.perf_counter() < until:
                number, line = lines.popleft()
                self._asked[number] = time.perf_counter()
                self.engine.submit(self._speak(number, line))
            self.engine.step()
        while self.engine.step():
            pass

    def sound(self, speak_id: int, pcm: Pcm, *, last: bool, capped: bool) -> None:  # noqa: ARG002  # each ends at its cap
        if self.streamed:
            if speak_id in self._asked:
                self.first_s.append(time.perf_counter() - self._asked.pop(speak_id))
            self.engine.cancel(speak_id)
            return
        self.n_samples += len(pcm)
        if last:
            self.n_ended += 1
            del self._asked[speak_id]

    def failed(self, speak_id: int, error: EngineError) -> None:
        self.errors.append(error.message)
        del self._asked[speak_id]

    def encoded(self, speak_id: int, reference: PreparedReference) -> None:
        """Nobody here keeps a reference."""

    def flush(self) -> None:
        """Nothing was held back."""

    def _speak(self, number: int, line: Line) -> Speak:
        return Speak(number, line.text, "english", voice=self.engine.info.voices[0] if self.engine.info.voices else "",
                     sampling=Sampling(seed=line.seed, max_frames=line.n_frames), streamed=self.streamed,
                     interactive=self.streamed)
