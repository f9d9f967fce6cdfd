"""A real speech worker whose tone takes its time, and which a poison text kills: `python -m speechmill.cli.chaos.mortal_worker`.

A program of its own, as all workers are: the command never imports it, and it imports nothing of the worker's before it runs.
"""

import os
import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from speechmill.catalogue import ModelInfo
    from worker.voices.seam import Pcm, Speech, Utterance, Voice
    from worker.voices.tone import Tone

POISON = "Deadly poison"
"""A text with these words in it takes the worker down."""
POISONED = 113
"""The exit status of a worker that it took down."""
PACE = 0.08
"""Seconds that a second of sound takes: long enough to be killed in."""


class DeadlySpeech:
    """Speaks a little, then ends its process as a segmentation fault would: nothing is cleaned up, nobody is told."""

    capped = False

    def __init__(self, speech: "Speech") -> None:
        self._speech = speech

    def chunks(self) -> "Iterator[Pcm]":
        for chunk in self._speech.chunks():
            yield chunk
            _die()

    def cancel(self) -> None:
        self._speech.cancel()


class MortalTone:
    """The tone voice, but for poison. No two processes speak a text alike: were what one attempt has stored taken for what
    another has, its SHA-256 would tell."""

    well = True

    def __init__(self, tone: "Tone") -> None:
        self._tone = tone
        self._accent = random.SystemRandom().getrandbits(32)
        self.gauges = tone.gauges

    @property
    def model_id(self) -> str:
        return self._tone.model_id

    def warm_up(self) -> "ModelInfo":
        return self._tone.warm_up()

    def speak(self, utterance: "Utterance") -> "Speech":
        speech = self._tone.speak(replace(utterance, seed=utterance.seed ^ self._accent))
        return DeadlySpeech(speech) if POISON in utterance.text else speech

    def close(self) -> None:
        self._tone.close()


def _die() -> None:
    os._exit(POISONED)


def main() -> int:
    from worker import __main__ as program
    from worker import app
    from worker.voices.tone import Tone, ToneOptions

    def open_mortal(*_: object) -> "Voice":
        return MortalTone(Tone(ToneOptions(pace=PACE)))

    vars(app)["open_voice"] = open_mortal  # in place of the voice that the settings name
    return program.main(["speech"])


if __name__ == "__main__":
    sys.exit(main())
