"""Recordings of voices: whatever file comes, it is decoded in a process of its own."""

import io

import numpy as np
import soundfile

from speechmill.errors import BadReference
from speechmill.settings import VoiceSettings
from tests.fuzz.mutations import mutated
from tests.fuzz.target import Target
from worker.reference_audio import LONGEST_S, decode_reference
from worker.voice_making.recording import check_recording, measure
from worker.voices.seam import SAMPLE_RATE_HZ


def _recording(kind: str) -> bytes:
    """A second of a tone."""
    data = io.BytesIO()
    soundfile.write(data, 0.3 * np.sin(np.arange(16_000) * 0.1), 16_000, format=kind)
    return data.getvalue()


def _decode(content: bytes) -> None:
    pcm = decode_reference(content)
    assert len(pcm) <= (LONGEST_S + 1) * SAMPLE_RATE_HZ, "more was decoded than may be"
    check_recording(pcm, VoiceSettings(), "audio_sample")
    measure(pcm, "sha256", len(content))


PLAYLIST = b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n"
RECORDINGS = [*map(_recording, ("WAV", "FLAC", "OGG", "MP3")), PLAYLIST]
TARGETS = (Target("recording", mutated(RECORDINGS), _decode, (BadReference,), cost=40),)
