"""A real speech worker whose tone takes its time, and which keeps a list of what it has spoken to the end:
`python -m speechmill.cli.bench.crash.paced_worker PACE LIST`.

A program of its own, as all workers are: the command never imports it, and it imports nothing of the worker's before it runs.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from speechmill.catalogue import ModelInfo
    from worker.voices.seam import Pcm, Speech, Utterance, Voice
    from worker.voices.tone import Tone


class ListedSpeech:
    """Writes its text, a line, when all of it was heard. Lines of several processes do not mix: each is one short write."""

    capped = False

    def __init__(self, speech: "Speech", text: str, listed: Path) -> None:
        self._speech = speech
        self._text = text
        self._list = listed

    def chunks(self) -> "Iterator[Pcm]":
        yield from self._speech.chunks()
        with self._list.open("a") as lines:
            lines.write(f"{self._text}\n")

    def cancel(self) -> None:
        self._speech.cancel()


class ListedTone:
    """The tone voice, with a list."""

    well = True

    def __init__(self, tone: "Tone", listed: Path) -> None:
        self._tone = tone
        self._list = listed
        self.gauges = tone.gauges

    @property
    def model_id(self) -> str:
        return self._tone.model_id

    def warm_up(self) -> "ModelInfo":
        return self._tone.warm_up()

    def speak(self, utterance: "Utterance") -> "Speech":
        return ListedSpeech(self._tone.speak(utterance), utterance.text, self._list)

    def close(self) -> None:
        self._tone.close()


def main(pace: float, listed: Path) -> int:
    from worker import __main__ as program
    from worker import app
    from worker.voices.tone import Tone, ToneOptions

    def open_paced(*_: object) -> "Voice":
        return ListedTone(Tone(ToneOptions(pace=pace)), listed)

    vars(app)["open_voice"] = open_paced  # in place of the voice that the settings name
    return program.main(["speech"])


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), Path(sys.argv[2])))
