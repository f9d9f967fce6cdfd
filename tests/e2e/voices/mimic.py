"""A real worker whose tones take after a recording: it stands in for a model that clones voices.

`python -m tests.e2e.voices.mimic speech`
"""

import hashlib
import sys
from dataclasses import dataclass, field, replace

from speechmill.catalogue import ModelInfo, VoiceInfo
from worker import app
from worker.__main__ import main
from worker.voices.seam import NO_GAUGES, Speech, Utterance
from worker.voices.tone import MODEL, Tone

MIMIC = MODEL.model_copy(update={
    "id": "mimic", "reference": "taken", "default_voice": "own",
    "voices": (VoiceInfo(id="own", name="Own", description="Its own, or that of the recording."),), "voice_aliases": {}})


@dataclass
class Mimic:
    tone: Tone = field(default_factory=Tone)
    well: bool = True
    gauges = NO_GAUGES
    model_id = MIMIC.id

    def warm_up(self) -> ModelInfo:
        return MIMIC

    def speak(self, utterance: Utterance) -> Speech:
        heard = utterance.reference
        said = utterance.text if heard is None else utterance.text + hashlib.sha256(heard.pcm.tobytes()).hexdigest()[:2]
        return self.tone.speak(replace(utterance, text=said, voice="middle"))

    def close(self) -> None:
        self.tone.close()


if __name__ == "__main__":
    vars(app)["open_voice"] = lambda _settings, _watcher: Mimic()
    sys.exit(main(sys.argv[1:]))
