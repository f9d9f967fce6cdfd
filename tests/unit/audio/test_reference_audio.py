"""A recording of a voice to clone: any common file becomes 24 kHz mono, and what is no sound is refused."""

import io
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speechmill.errors import BadReference
from worker.ffmpeg import find_ffmpeg
from worker.reference_audio import decode_reference
from worker.voices.seam import SAMPLE_RATE_HZ, Pcm


def tone(seconds: float, sample_rate_hz: int = SAMPLE_RATE_HZ) -> Pcm:
    place = np.arange(round(seconds * sample_rate_hz)) / sample_rate_hz
    return np.asarray(0.5 * np.sin(2 * np.pi * 440 * place), np.float32)


def wav(pcm: Pcm, sample_rate_hz: int = SAMPLE_RATE_HZ, kind: str = "WAV") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, pcm, sample_rate_hz, format=kind)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG"])
def test_a_file_in_another_rate_and_in_stereo_becomes_24_khz_mono(kind: str) -> None:
    stereo = np.stack([tone(2.0, 44_100)] * 2, axis=1)
    pcm = decode_reference(wav(stereo, 44_100, kind))
    assert pcm.dtype == np.float32
    assert len(pcm) == pytest.approx(2.0 * SAMPLE_RATE_HZ, abs=200)
    loudest_hz = np.abs(np.fft.rfft(pcm)).argmax() / 2.0
    assert loudest_hz == pytest.approx(440, abs=2)


def test_an_m4a_file_whose_index_comes_last_is_read(tmp_path: Path) -> None:
    (tmp_path / "in.wav").write_bytes(wav(tone(2.0)))
    subprocess.run([find_ffmpeg(), "-loglevel", "error", "-i", tmp_path / "in.wav", tmp_path / "out.m4a"], check=True)
    assert len(decode_reference((tmp_path / "out.m4a").read_bytes())) > 1.9 * SAMPLE_RATE_HZ


def test_of_an_hour_only_what_shows_that_it_is_too_long_is_read() -> None:
    assert len(decode_reference(wav(tone(90.0)))) == pytest.approx(30.5 * SAMPLE_RATE_HZ, abs=2)


@pytest.mark.parametrize("audio", [b"", b"not a sound", b"RIFF\x00\x00\x00\x00WAVE", wav(tone(1.0))[:40]])
def test_what_is_no_sound_is_refused_by_name(audio: bytes) -> None:
    with pytest.raises(BadReference) as caught:
        decode_reference(audio)
    assert caught.value.param == "ref_audio"


def test_a_playlist_opens_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "secret.wav").write_bytes(wav(tone(2.0)))
    hls = f"#EXTM3U\n#EXTINF:2,\nfile://{tmp_path}/secret.wav\n"
    for playlist in (hls, f"ffconcat version 1.0\nfile {tmp_path}/secret.wav\n"):
        with pytest.raises(BadReference):
            decode_reference(playlist.encode())
