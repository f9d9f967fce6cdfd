"""A real worker whose tone voice makes bad takes when the text says so.

`python -m tests.e2e.faulty_worker speech`

A text with ONCE in it gets a hole of two seconds the first time, one with ALWAYS each time, as one with both ALPHA and OMEGA;
one with NAN is no sound the first time.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from speechmill.catalogue import ModelInfo
from worker import app
from worker.__main__ import main
from worker.voices.seam import NO_GAUGES, SAMPLE_RATE_HZ, Pcm, Speech, Utterance
from worker.voices.tone import Tone


@dataclass(eq=False)
class FaultySpeech:
    speech: Speech
    has_hole: bool
    is_broken: bool

    capped = False

    def chunks(self) -> Iterator[Pcm]:
        whole = np.concatenate(list(self.speech.chunks()))
        if self.is_broken:
            whole = np.full_like(whole, np.nan)
        yield whole[:len(whole) // 2]
        if self.has_hole:
            yield np.zeros(2 * SAMPLE_RATE_HZ, np.float32)
        yield whole[len(whole) // 2:]

    def cancel(self) -> None:
        self.speech.cancel()


@dataclass
class FaultyTone:
    tone: Tone = field(default_factory=Tone)
    n_spoken: Counter[str] = field(default_factory=Counter)
    well: bool = True
    gauges = NO_GAUGES

    @property
    def model_id(self) -> str:
        return self.tone.model_id

    def warm_up(self) -> ModelInfo:
        return self.tone.warm_up()

    def speak(self, utterance: Utterance) -> Speech:
        text = utterance.text
        self.n_spoken[text] += 1
        is_first = self.n_spoken[text] == 1
        has_hole = "ALWAYS" in text or ("ALPHA" in text and "OMEGA" in text) or ("ONCE" in text and is_first)
        return FaultySpeech(self.tone.speak(utterance), has_hole, is_broken="NAN" in text and is_first)

    def close(self) -> None:
        self.tone.close()


if __name__ == "__main__":
    vars(app)["open_voice"] = lambda _settings, _watcher: FaultyTone()
    sys.exit(main(sys.argv[1:]))
