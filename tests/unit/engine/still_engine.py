"""An engine over the still runner, and a listener that holds it to its word."""

import threading
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tests.unit.engine.still_runner import Fate, StillCodec, StillRunner, codes_of, sound_of
from worker.engine.engine import Engine, EngineParts
from worker.engine.options import EngineOptions
from worker.engine.runner import Codes, Pcm
from worker.engine.scheduler import SHORT_FRAMES
from worker.engine.speaker import Reference, Speak, SpeakerInfo
from worker.model.config import SAMPLES_PER_FRAME
from worker.model.errors import BadUtterance, EngineError
from worker.model.prompt import Prompt
from worker.model.reference import PreparedReference
from worker.model.sampling import Sampling

REFERENCE_SEED = 1999
INFO = SpeakerInfo(name="still", kind="base", voices=(), languages=("english",), takes_instructions=False, revision="1",
                   n_slots=4, longest_frames=64)


@dataclass
class Heard:
    """All that a listener was told of one utterance."""

    pieces: list[Pcm] = field(default_factory=list)
    ends: int = 0
    capped: bool = False
    error: EngineError | None = None

    @property
    def pcm(self) -> Pcm:
        return np.concatenate(self.pieces) if self.pieces else np.zeros(0, np.float32)

    @property
    def n_frames(self) -> float:
        return len(self.pcm) / SAMPLES_PER_FRAME


@dataclass
class StillListener:
    heard: dict[int, Heard] = field(default_factory=dict)
    cancelled: set[int] = field(default_factory=set)
    n_pieces: int = 0
    n_pieces_flushed: int = 0

    def sound(self, speak_id: int, pcm: Pcm, *, last: bool, capped: bool) -> None:
        heard = self._open(speak_id)
        assert len(pcm) > 0
        assert last or not capped
        heard.pieces.append(pcm)
        self.n_pieces += 1
        heard.ends += last
        heard.capped = capped

    def failed(self, speak_id: int, error: EngineError) -> None:
        heard = self._open(speak_id)
        heard.ends += 1
        heard.error = error

    def encoded(self, speak_id: int, reference: PreparedReference) -> None:
        raise AssertionError("no reference of these is kept")

    def flush(self) -> None:
        assert self.n_pieces > self.n_pieces_flushed, "nothing was told that anybody waits for"
        self.n_pieces_flushed = self.n_pieces

    def of(self, speak_id: int) -> Heard:
        return self.heard.setdefault(speak_id, Heard())

    def _open(self, speak_id: int) -> Heard:
        assert speak_id not in self.cancelled, "told of an utterance that was cancelled"
        assert self.of(speak_id).ends == 0, "told of an utterance that has ended"
        return self.of(speak_id)


@dataclass
class StillPrompter:
    """A word is a position. A text of "" is refused at once, a reference that says "broken" once it is encoded. References are
    encoded one after another, a few a step: `device` holds the ids of those that are not done. Of None it does all at once."""

    stepping: int = field(default_factory=threading.get_ident)
    encoded_a_step: int | None = 1
    device: deque[int] = field(default_factory=deque)
    encoded: list[int] = field(default_factory=list)
    waited_for: list[int] = field(default_factory=list)

    def check(self, speak: Speak) -> None:
        if not speak.text:
            raise BadUtterance("text says nothing", param="text")

    def prompt(self, speak: Speak) -> Prompt:
        assert speak.reference is None
        self.check(speak)
        return self.prompt_of(speak, None)

    def launch(self, speak: Speak) -> "StillLaunched":
        assert threading.get_ident() == self.stepping, "one thread owns the GPU"
        self.device.append(speak.id)
        if self.encoded_a_step is None:
            self.encode(1)
        return StillLaunched(self, speak)

    def encode(self, n: int) -> None:
        for _ in range(min(n, len(self.device))):
            self.encoded.append(self.device.popleft())

    def prompt_of(self, speak: Speak, codes: Codes | None) -> Prompt:
        n_positions = len(speak.text.split())
        return Prompt(np.zeros(n_positions, np.int32), np.zeros((n_positions, 16), np.int32), reference_codes=codes)


@dataclass
class StillLaunched:
    prompter: StillPrompter
    speak: Speak

    def ready(self) -> bool:
        return self.speak.id not in self.prompter.device

    def wait(self) -> Prompt:
        if not self.ready():
            self.prompter.waited_for.append(self.speak.id)
            self.prompter.encode(1 + self.prompter.device.index(self.speak.id))
        assert self.speak.reference is not None
        if self.speak.reference.text == "broken":
            raise BadUtterance("reference is broken", param="reference")
        codes = codes_of(REFERENCE_SEED, 0, len(self.speak.reference.pcm) // SAMPLES_PER_FRAME)
        return self.prompter.prompt_of(self.speak, codes)


def reference(n_frames: int, text: str = "what it says") -> Reference:
    return Reference(np.zeros(n_frames * SAMPLES_PER_FRAME, np.float32), text)


@dataclass
class StillEngine:
    """What tests drive. An utterance's seed is its id."""

    n_slots: int = 4
    interactive_slots: int = 1
    max_waiting: int = 1000
    prefill_batch: int = 2
    batch_frames: int = 64
    slot_positions: int = 64

    def __post_init__(self) -> None:
        self.fates: dict[int, Fate] = {}
        self.listener = StillListener()
        self.prompter = StillPrompter()
        self.runner = StillRunner(self.fates, self.n_slots, self.slot_positions, self.prefill_batch)
        self.codec = StillCodec(self.runner, self.batch_frames)
        options = EngineOptions(Path("still"), n_slots=self.n_slots, interactive_slots=self.interactive_slots,
                                max_waiting=self.max_waiting)
        self.engine = Engine(EngineParts(self.runner, self.codec, self.prompter, INFO), options, self.listener)
        self.n_submitted = 0

    def submit(self, fate: Fate, *, text: str = "three short words", max_frames: int = 20, interactive: bool = False,
               streamed: bool = False, reference: Reference | None = None) -> int:
        """Raises what the engine raises."""
        self.n_submitted += 1
        self.fates[self.n_submitted] = fate
        self.engine.submit(Speak(self.n_submitted, text, "english", reference=reference, interactive=interactive,
                                 streamed=streamed, sampling=Sampling(seed=self.n_submitted, max_frames=max_frames)))
        return self.n_submitted

    def cancel(self, speak_id: int) -> None:
        self.engine.cancel(speak_id)
        self.listener.cancelled.add(speak_id)
        self.runner.cancelled.add(speak_id)

    def step(self) -> bool:
        n_decoded, n_prefilled = len(self.runner.decoded), len(self.runner.prefills)
        with self.codec.in_one_step():
            goes_on = self.engine.step()
        self.prompter.encode(self.prompter.encoded_a_step or 0)
        assert len(self.runner.decoded) - n_decoded <= 1
        joins = [len(joined) for joined in self.runner.prefills[n_prefilled:]]
        assert sum(joins[:-1]) < max(1, self.n_slots // SHORT_FRAMES), "more prefills in a step than its slots need"
        assert set(joins[:-1]) <= {self.prefill_batch}, "a prefill was launched before the one ahead of it was full"
        return goes_on

    def run(self, *, most_steps: int = 2000) -> int:
        """Until nothing is left. Returns the number of steps."""
        for n_steps in range(1, most_steps + 1):
            if not self.step():
                return n_steps
        raise AssertionError(f"still busy after {most_steps} steps: {self.engine.gauges()}")


def expected_sound(seed: int, n_frames: int) -> Pcm:
    return sound_of(codes_of(seed, 0, n_frames))
