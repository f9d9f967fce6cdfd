"""Something to make a book of: segments as the store keeps them, spoken by espeak-ng."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from worker.encode import lossless_bytes
from worker.takes.trim import trim
from worker.voices.espeak import Espeak
from worker.voices.seam import SAMPLE_RATE_HZ, Utterance

_SENTENCES = (
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness.",
    "Call me Ishmael, she said, and closed the door behind her; nobody in the house had heard a thing, or so it seemed.",
    "There was no possibility of taking a walk that day, for the wind had brought clouds so sombre, and a rain so penetrating.",
    "When he was nearly thirteen, my brother Jem got his arm badly broken at the elbow, and it healed, as these things do.",
)


@dataclass(frozen=True)
class Segments:
    paths: list[Path]
    duration_s: float


def keep_segments(folder: Path, duration_s: float) -> Segments:
    """Speak until there is `duration_s` of sound. Segments differ, as no two sentences of a book are the same."""
    voice = Espeak()
    model = voice.warm_up()
    paths: list[Path] = []
    n_samples = 0
    while n_samples < duration_s * SAMPLE_RATE_HZ:
        text = f"{len(paths)}. {_SENTENCES[len(paths) % len(_SENTENCES)]}"
        speech = voice.speak(Utterance(text, model.default_voice, "en", seed=0))
        pcm = trim(np.concatenate(list(speech.chunks())))
        path = folder / f"segment-{len(paths):06}.flac"
        path.write_bytes(lossless_bytes(pcm))
        paths.append(path)
        n_samples += len(pcm)
    voice.close()
    return Segments(paths, n_samples / SAMPLE_RATE_HZ)
