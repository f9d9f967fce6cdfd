"""A client's recording of a voice to clone, from any common file to 24 kHz mono. Decoded by ffmpeg, never in this process."""

import subprocess
import tempfile

import numpy as np

from speechmill.errors import BadReference
from worker.ffmpeg import find_ffmpeg
from worker.voices.seam import SAMPLE_RATE_HZ, Pcm

LONGEST_S = 30.0
_SLACK_S = 0.5
"""Read beyond the limit, so that a longer recording is seen to be one."""
_PATIENCE_S = 20.0
# Containers of sound only: a playlist, or a file that names other files, would make ffmpeg open those.
_CONTAINERS = "wav,w64,aiff,caf,flac,mp3,ogg,aac,mov,matroska,amr"


def decode_reference(audio: bytes, field: str = "ref_audio") -> Pcm:
    """float32 [n_samples] at 24 kHz, at most 30.5 s of it. Raises BadReference for what ffmpeg can't read as sound; `field` is
    what its client calls it."""
    with tempfile.NamedTemporaryFile(suffix=".audio") as file:
        file.write(audio)
        file.flush()
        command = [find_ffmpeg(), "-nostdin", "-hide_banner", "-loglevel", "error", "-format_whitelist", _CONTAINERS,
                   "-protocol_whitelist", "file", "-t", str(LONGEST_S + _SLACK_S), "-i", f"file:{file.name}", "-map", "0:a:0",
                   "-ac", "1", "-ar", str(SAMPLE_RATE_HZ), "-f", "f32le", "pipe:1"]
        try:
            done = subprocess.run(command, capture_output=True, timeout=_PATIENCE_S, check=False)
        except subprocess.TimeoutExpired:
            raise BadReference(f"{field} could not be read within {_PATIENCE_S:.0f} s; send 1 to 30 s of speech as WAV.",
                               param=field) from None
    if done.returncode != 0 or not done.stdout:
        raise BadReference(f"{field} is no sound that can be read; send 1 to 30 s of speech as WAV, FLAC, MP3, Ogg or M4A.",
                           param=field)
    return np.frombuffer(done.stdout[:len(done.stdout) // 4 * 4], "<f4")
