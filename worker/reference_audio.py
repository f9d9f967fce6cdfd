"""A client's recording of a voice to clone, from any common file to 24 kHz mono. Decoded by ffmpeg, never in this process."""

import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress

import numpy as np

from speechmill.errors import BadReference
from worker.ffmpeg import find_ffmpeg
from worker.voices.seam import SAMPLE_RATE_HZ, Pcm

LONGEST_S = 30.0
_SLACK_S = 0.5
"""Read beyond the limit, so that a longer recording is seen to be one."""
_PATIENCE_S = 20.0
_MEMORY_BYTES = 1 << 30
"""Of address space. Decoding takes a third of it, nearly all of that for libraries."""
# Containers of sound only: a playlist, or a file that names other files, would make ffmpeg open those.
_CONTAINERS = "wav,w64,aiff,caf,flac,mp3,ogg,aac,mov,matroska,amr"


def decode_reference(audio: bytes, field: str = "ref_audio") -> Pcm:
    """float32 [n_samples] at 24 kHz, at most 30.5 s of it. Raises BadReference for what ffmpeg can't read as sound; `field` is
    what its client calls it."""
    with tempfile.NamedTemporaryFile(suffix=".audio") as file:
        file.write(audio)
        file.flush()
        command = [find_ffmpeg(), "-nostdin", "-hide_banner", "-loglevel", "error", "-threads", "1",
                   "-format_whitelist", _CONTAINERS, "-protocol_whitelist", "file",
                   "-t", str(LONGEST_S + _SLACK_S), "-i", f"file:{file.name}", "-map", "0:a:0", "-ac", "1",
                   "-ar", str(SAMPLE_RATE_HZ), "-f", "f32le", "pipe:1"]
        try:
            sound = _output(command)
        except subprocess.TimeoutExpired:
            raise BadReference(f"{field} could not be read within {_PATIENCE_S:.0f} s; send 1 to 30 s of speech as WAV.",
                               param=field) from None
    if not sound:
        raise BadReference(f"{field} is no sound that can be read; send 1 to 30 s of speech as WAV, FLAC, MP3, Ogg or M4A.",
                           param=field)
    return np.frombuffer(sound[:len(sound) // 4 * 4], "<f4")


def _output(command: Sequence[str]) -> bytes:
    """Nothing where the command failed. Raises TimeoutExpired."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as decoder:
        _limit_memory(decoder.pid)
        try:
            sound, _ = decoder.communicate(timeout=_PATIENCE_S)
        except BaseException:
            decoder.kill()
            raise
    return sound if decoder.returncode == 0 else b""


def _limit_memory(pid: int) -> None:
    """A header may promise gigabytes. From outside: between fork and exec a process with threads may run next to nothing."""
    if sys.platform == "linux":
        with suppress(ProcessLookupError):  # it has ended already
            resource.prlimit(pid, resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
