"""A real worker whose tone voice takes its time, so that tests can break things in the middle.

`python -m tests.e2e.paced_worker speech`

A text with BREAK in it fails while the file `broken` lies beside the scratch folder; one with BREAK ONCE takes that file away.
One with HELD ends no sooner than the file `held` is gone (tests/e2e/held.py); one with POISON takes the worker down.
"""

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from speechmill.catalogue import ModelInfo
from speechmill.errors import VoiceFailed
from worker import app
from worker.__main__ import main
from worker.voices.seam import NO_GAUGES, Cancelled, Pcm, Speech, Utterance
from worker.voices.tone import Tone, ToneOptions

PACE_S = 0.25
FOLDER = Path(os.environ["SPEECHMILL_WORKER__SCRATCH"]).parent
BROKEN, HELD = FOLDER / "broken", FOLDER / "held"
LOOK_S = 0.02


class PacedSpeech:
    def __init__(self, speech: Speech, utterance: Utterance) -> None:
        self._speech = speech
        self._cancelled = threading.Event()
        self._broken = "BREAK" in utterance.text and BROKEN.exists()
        self._once = "BREAK ONCE" in utterance.text
        self._held = "HELD" in utterance.text
        self._poison = "POISON" in utterance.text
        self._pace_s = 2.0 if "slow" in utterance.text else PACE_S

    def chunks(self) -> Iterator[Pcm]:
        if self._broken:
            if self._once:
                BROKEN.unlink()
            raise VoiceFailed("Told to break.")
        if self._poison:
            time.sleep(PACE_S / 2)
            os._exit(9)
        yield from self._speech.chunks()
        while self._held and HELD.exists():
            if self._cancelled.wait(LOOK_S):
                raise Cancelled
        if self._cancelled.wait(self._pace_s):
            raise Cancelled

    def cancel(self) -> None:
        self._cancelled.set()
        self._speech.cancel()

    @property
    def capped(self) -> bool:
        return self._speech.capped


class PacedTone:
    well = True
    gauges = NO_GAUGES

    def __init__(self) -> None:
        self._tone = Tone(ToneOptions())

    @property
    def model_id(self) -> str:
        return self._tone.model_id

    def warm_up(self) -> ModelInfo:
        return self._tone.warm_up()

    def speak(self, utterance: Utterance) -> PacedSpeech:
        return PacedSpeech(self._tone.speak(utterance), utterance)

    def close(self) -> None:
        self._tone.close()


if __name__ == "__main__":
    vars(app)["open_voice"] = lambda _settings, _watcher: PacedTone()
    sys.exit(main(sys.argv[1:]))
