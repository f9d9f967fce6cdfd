"""The speaker of tones (tests/unit/engine/tone_speaker.py), for the process of an engine that a test stops in the middle.

While the file `held` lies beside the scratch folder (tests/e2e/held.py), no step with HELD in a text ends.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

from tests.unit.engine import tone_speaker
from tests.unit.engine.tone_speaker import ToneSpeaker
from worker.engine.speaker import Listener, Speak

HELD = Path(os.environ["SPEECHMILL_WORKER__SCRATCH"]).parent / "held"
LOOK_S = 0.02


class HeldTones(ToneSpeaker):
    def _obey(self, speak: Speak) -> None:
        while "HELD" in speak.text and HELD.exists():
            time.sleep(LOOK_S)
        super()._obey(speak)


def speaker(options: object, listener: Listener, report: Callable[[str], None]) -> HeldTones:
    made = tone_speaker.speaker(options, listener, report)
    return HeldTones(made.options, listener)
