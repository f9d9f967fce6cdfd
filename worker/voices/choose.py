"""Which voice a speech worker speaks with: SPEECHMILL_WORKER__VOICE."""

from speechmill.settings import Settings
from worker.voices.espeak import Espeak
from worker.voices.seam import Voice, Watcher
from worker.voices.tone import Tone


def open_voice(settings: Settings, watcher: Watcher) -> Voice:
    """The voice that the settings name. It is not ready yet: `warm_up` makes it so, or says why it can't be. `watcher` is told
    when the process behind it dies, for voices that have one."""
    match settings.worker.voice:
        case "espeak":
            return Espeak()
        case "tone":
            return Tone()
        case "qwen3" | "reference":
            # Only those who use it load what the engine needs on this side.
            from worker.voices.qwen3 import Qwen3
            from worker.voices.qwen3_start import ENGINE, REFERENCE, EngineStart

            factory = ENGINE if settings.worker.voice == "qwen3" else REFERENCE
            return Qwen3(EngineStart(factory, settings.engine, settings.worker), watcher)
        case "remote":
            from worker.voices.remote.voice import Remote

            return Remote(settings.remote, settings.worker.speech_slots)
