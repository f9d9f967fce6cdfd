"""A speaker for the engine's process with faults that a soak must find: it ends every third utterance twice, never ends every
seventh, and keeps 512 KiB of each step."""

import time
from collections.abc import Callable

import numpy as np

from worker.engine.speaker import Listener, Pcm, Speak, SpeakerInfo
from worker.model.config import SAMPLES_PER_FRAME

INFO = SpeakerInfo(name="lossy", kind="custom_voice", voices=("vivian",), languages=("english",), takes_instructions=False,
                   revision="1", n_slots=2, longest_frames=1000)


def speaker(_options: object, listener: Listener, _report: Callable[[str], None]) -> "LossySpeaker":
    return LossySpeaker(listener)


class LossySpeaker:
    def __init__(self, listener: Listener) -> None:
        self.info = INFO
        self._listener = listener
        self._waiting: list[Speak] = []
        self._hoard: list[Pcm] = []
        self._n_kept = 0

    def submit(self, speak: Speak) -> None:
        self._waiting.append(speak)

    def cancel(self, speak_id: int) -> None:
        pass

    def step(self) -> bool:
        time.sleep(0.02)
        self._hoard.append(np.ones(2**17, np.float32))
        while self._waiting:
            speak = self._waiting.pop()
            if speak.id % 7 == 0:
                self._n_kept += 1
                continue
            for _ in range(2 if speak.id % 3 == 0 else 1):
                pcm = np.zeros(speak.sampling.max_frames * SAMPLES_PER_FRAME, np.float32)
                self._listener.sound(speak.id, pcm, last=True, capped=True)
        return True

    def gauges(self) -> dict[str, float]:
        return {"slots_used": self._n_kept, "slots_free": 2 - self._n_kept, "inside": self._n_kept, "waiting_interactive": 0,
                "waiting_batch": 0, "waiting_for_reference": 0}
