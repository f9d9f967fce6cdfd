"""The unmodified qwen-tts package as a Speaker, by dynamic batching: who waits together is spoken in one call. No torch.

A call runs to its end, which is that of its longest utterance: nothing joins it, nobody is told before, and a cancelled
utterance is left out of what is told, not out of the call.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from worker.engine.errors import BrokenNumbers
from worker.engine.inbox import Arrival, Inbox, Limits
from worker.engine.speaker import Listener, Pcm, Speak, SpeakerInfo
from worker.model.config import SAMPLE_RATE_HZ, SAMPLES_PER_FRAME
from worker.model.errors import EngineError, TooLittleMemory
from worker.reference.options import ReferenceOptions
from worker.reference.waiting import Waiting

_LONGEST_NAP_S = 0.01
"""While a call gathers, steps go on: the process around them sends its signs of life between two."""


class Package(Protocol):
    """qwen-tts (worker/reference/package.py). One thread calls it."""

    def speak(self, speaks: Sequence[Speak]) -> list[Pcm]:
        """One call, of utterances that are alike (waiting.Likeness). An utterance that its end token did not end before
        max_frames comes back a frame longer than that. Raises TooLittleMemory."""
        ...


@dataclass(frozen=True)
class ReferenceParts:
    """What a ReferenceSpeaker is put together from (worker/reference/build.py). `check` raises BadUtterance, on any thread."""

    package: Package
    check: Callable[[Speak], None]
    info: SpeakerInfo


@dataclass
class _Counts:
    """As the engine counts: a call is one prefill, and then one launch for each frame of its longest utterance."""

    prefills: int = 0
    launches: int = 0
    frames: int = 0          # of all rows
    samples: int = 0         # told


class ReferenceSpeaker:
    """A Speaker (worker/engine/speaker.py). `streamed` is passed over: sound comes whole, at the end of the call."""

    def __init__(self, parts: ReferenceParts, options: ReferenceOptions, listener: Listener) -> None:
        self.info = parts.info
        self._package, self._check, self._listener = parts.package, parts.check, listener
        places = options.batch + options.max_waiting
        self._inbox = Inbox(Limits(places=places, batch_places=places - 1))
        self._waiting = Waiting(options.batch, options.gather_s)
        self._unwanted: set[int] = set()     # cancelled while they were spoken
        self._counts = _Counts()

    def submit(self, speak: Speak) -> None:
        """Raises EngineFull before any work, BadUtterance before any GPU time."""
        self._inbox.enter(speak)
        try:
            self._check(speak)
        except BaseException:
            self._inbox.leave(speak.id)
            raise
        self._inbox.put(Arrival(speak, prompt=None))

    def cancel(self, speak_id: int) -> None:
        """Where it waits it is dropped; where it is being spoken the call goes on, and the listener hears nothing of it."""
        self._inbox.cancel(speak_id)

    def step(self) -> bool:
        """One call of the package, once it is due."""
        self._take_in()
        if not self._waiting:
            return False
        nap_s = self._waiting.due_in_s(time.monotonic())
        if nap_s:
            time.sleep(min(nap_s, _LONGEST_NAP_S))
        else:
            self._unwanted.clear()
            self._speak(self._waiting.take())
        return True

    def gauges(self) -> dict[str, float]:
        """Between two calls: no slot is ever seen in use."""
        counts = self._counts
        return {
            "slots_used": 0,
            "slots_free": self.info.n_slots,
            "waiting_interactive": self._waiting.count(interactive=True),
            "waiting_batch": self._waiting.count(interactive=False),
            "inside": self._inbox.n_inside,
            "prefills": counts.prefills,
            "launches": counts.launches,
            "frames": counts.frames,
            "audio_s": counts.samples / SAMPLE_RATE_HZ,
            "mean_rows": counts.frames / max(counts.launches, 1),
        }

    def _take_in(self) -> None:
        arrivals, cancelled = self._inbox.take()
        for arrival in arrivals:
            self._waiting.add(arrival.speak, time.monotonic())
        for speak_id in cancelled:
            self._waiting.drop(speak_id)
            self._unwanted.add(speak_id)
            self._inbox.leave(speak_id)

    def _speak(self, speaks: Sequence[Speak]) -> None:
        spoken = self._call(speaks)
        if isinstance(spoken, TooLittleMemory) and len(speaks) > 1:
            middle = len(speaks) // 2
            self._speak(speaks[:middle])
            self._speak(speaks[middle:])
            return
        self._take_in()
        for row, speak in enumerate(speaks):
            if speak.id in self._unwanted:
                continue
            if isinstance(spoken, TooLittleMemory):
                self._fail(speak, spoken)
            else:
                self._tell(speak, spoken[row])

    def _call(self, speaks: Sequence[Speak]) -> list[Pcm] | TooLittleMemory:
        try:
            sounds = self._package.speak(speaks)
        except TooLittleMemory as error:
            return TooLittleMemory(error.message)  # the one raised holds on to all that the call had in memory
        frames = [_n_frames(pcm) for pcm in sounds]
        self._counts.prefills += 1
        self._counts.launches += max(frames)
        self._counts.frames += sum(frames)
        return sounds

    def _tell(self, speak: Speak, pcm: Pcm) -> None:
        if not np.isfinite(pcm).all():
            self._fail(speak, BrokenNumbers("the model's numbers broke (NaN or infinity) in this utterance; another seed may "
                                            "speak it"))
            return
        max_frames = speak.sampling.max_frames
        capped = _n_frames(pcm) > max_frames
        pcm = pcm[:max_frames * SAMPLES_PER_FRAME] if capped else pcm
        self._counts.samples += len(pcm)
        self._inbox.leave(speak.id)
        self._listener.sound(speak.id, pcm, last=True, capped=capped)

    def _fail(self, speak: Speak, error: EngineError) -> None:
        self._inbox.leave(speak.id)
        self._listener.failed(speak.id, error)


def _n_frames(pcm: Pcm) -> int:
    return len(pcm) // SAMPLES_PER_FRAME
