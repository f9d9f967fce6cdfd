"""A real worker whose tones are as its instructions say: it stands in for a model that designs voices.

`python -m tests.e2e.voices.inventor speech`
"""

import sys
from dataclasses import dataclass, field, replace

from speechmill.catalogue import ModelInfo, VoiceInfo
from worker import app
from worker.__main__ import main
from worker.voices.seam import NO_GAUGES, Speech, Utterance
from worker.voices.tone import MODEL, Tone

INVENTOR = MODEL.model_copy(update={
    "id": "inventor", "instructions": "required", "default_voice": "design",
    "voices": (VoiceInfo(id="design", name="Design", description="The voice that the instructions describe."),),
    "voice_aliases": {}})


@dataclass
class Inventor:
    tone: Tone = field(default_factory=Tone)
    well: bool = True
    gauges = NO_GAUGES
    model_id = INVENTOR.id

    def warm_up(self) -> ModelInfo:
        return INVENTOR

    def speak(self, utterance: Utterance) -> Speech:
        voice = "low" if "low" in utterance.instructions else "high"
        return self.tone.speak(replace(utterance, voice=voice))

    def close(self) -> None:
        self.tone.close()


if __name__ == "__main__":
    vars(app)["open_voice"] = lambda _settings, _watcher: Inventor()
    sys.exit(main(sys.argv[1:]))
