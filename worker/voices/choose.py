"""Which voice a speech worker speaks with: SPEECHMILL_WORKER__VOICE."""

from speechmill.settings import Settings
from worker.voices.espeak import Espeak
from worker.voices.seam import Voice
from worker.voices.tone import Tone


def open_voice(settings: Settings) -> Voice:
    """The voice that the settings name. It is not ready yet: `warm_up` makes it so, or says why it can't be."""
    match settings.worker.voice:
        case "espeak":
            return Espeak()
        case "tone":
            return Tone()
