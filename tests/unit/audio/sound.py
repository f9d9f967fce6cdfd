"""Sound to test with, and how to look at what came out."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg  # type: ignore[import-untyped]
import numpy as np

from worker.voices.seam import SAMPLE_RATE_HZ, Pcm


def tone(duration_s: float, hz: float = 220.0, amplitude: float = 0.5) -> Pcm:
    t = np.arange(round(duration_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return (amplitude * np.sin(2 * np.pi * hz * t)).astype(np.float32)


def silence(duration_s: float) -> Pcm:
    return np.zeros(round(duration_s * SAMPLE_RATE_HZ), np.float32)


def speechlike(duration_s: float) -> Pcm:
    """Syllables of a gliding voice: four a second, with harmonics and noise."""
    t = np.arange(round(duration_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    phase = 2 * np.pi * (140 * t + 6 * np.sin(2 * np.pi * 0.6 * t))
    voice = np.sum([np.sin(n * phase) / n for n in range(1, 12)], axis=0)
    syllables = np.clip(np.sin(2 * np.pi * 4 * t), 0, None)
    noise = np.random.default_rng(7).normal(0, 0.02, len(t))
    pcm: Pcm = (0.3 * syllables * (voice + noise)).astype(np.float32)
    return pcm


def in_chunks(pcm: Pcm, n_samples: int = 4800) -> Iterator[Pcm]:
    for start in range(0, len(pcm), n_samples):
        yield pcm[start:start + n_samples]


def main_hz(pcm: Pcm) -> float:
    """The strongest frequency."""
    spectrum = np.abs(np.fft.rfft(pcm * np.hanning(len(pcm))))
    return float(spectrum.argmax() * SAMPLE_RATE_HZ / len(pcm))


def decoded(path: Path) -> Pcm:
    """What ffmpeg, as a player that heeds delay and padding, plays of a file with a header."""
    run = subprocess.run([_player(), "-v", "error", "-i", str(path), "-f", "f32le", "-ar", str(SAMPLE_RATE_HZ), "-ac", "1", "-"],
                         capture_output=True, check=True)
    assert not run.stderr, run.stderr
    return np.frombuffer(run.stdout, np.float32)


@dataclass(frozen=True)
class Header:
    """What a player knows of a file before it plays it. `duration_s` is rounded to 10 ms."""

    codec: str
    sample_rate_hz: int
    channels: str
    duration_s: float


def header(path: Path) -> Header:
    told = subprocess.run([_player(), "-hide_banner", "-i", str(path)], capture_output=True, check=False).stderr.decode()
    stream = re.search(r"Audio: (\w+).*?, (\d+) Hz, (\w+)", told)
    duration = re.search(r"Duration: (\d+):(\d+):([\d.]+)", told)
    assert stream, told
    assert duration, told
    hours, minutes, seconds = duration.groups()
    return Header(stream[1], int(stream[2]), stream[3], int(hours) * 3600 + int(minutes) * 60 + float(seconds))


def n_adts_frames(path: Path) -> int:
    """Frames of an AAC file, by the lengths in their headers (ISO/IEC 13818-7, 6.2)."""
    sound, at, n_frames = path.read_bytes(), 0, 0
    while at < len(sound):
        assert sound[at] == 0xFF
        assert sound[at + 1] & 0xF6 == 0xF0
        at += (sound[at + 3] & 0x03) << 11 | sound[at + 4] << 3 | sound[at + 5] >> 5
        n_frames += 1
    return n_frames


def _player() -> str:
    """The same one on every machine, whatever PATH has."""
    return str(imageio_ffmpeg.get_ffmpeg_exe())
