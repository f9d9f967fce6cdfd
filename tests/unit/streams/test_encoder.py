"""Encoding while sound comes: the pieces make one file, with the samples that the sound has when all of it is encoded at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from speechmill.errors import EncodingFailed
from speechmill.request import AudioFormat
from tests.unit.audio.sound import decoded, in_chunks, speechlike
from worker.encode import encode
from worker.streams.encoder import FfmpegPipe, encoding
from worker.voices.seam import SAMPLE_RATE_HZ, Pcm

FORMATS: tuple[AudioFormat, ...] = get_args(AudioFormat)
MP3_DELAY = 1105
"""Samples that LAME and the decoder put before the sound; a header that is written at the end tells players to leave them out."""


def in_pieces(pcm: Pcm, format: AudioFormat, speed: float = 1.0, n_samples: int = 1920) -> tuple[list[bytes], float]:
    with encoding(format, speed) as encoder:
        pieces = [encoder.add(chunk) for chunk in in_chunks(pcm, n_samples)]
        pieces.append(encoder.end())
        return pieces, encoder.clock.duration_s


def heard(path: Path, format: AudioFormat) -> Pcm:
    if format == "pcm":
        return np.frombuffer(path.read_bytes(), "<i2").astype(np.float32) / np.float32(32767)
    return decoded(path)


@pytest.mark.parametrize("format", FORMATS)
def test_the_pieces_are_a_file_with_the_samples_of_the_whole(tmp_path: Path, format: AudioFormat) -> None:
    pcm = speechlike(3.017)
    pieces, _ = in_pieces(pcm, format)
    streamed, whole = tmp_path / f"streamed.{format}", tmp_path / f"whole.{format}"
    streamed.write_bytes(b"".join(pieces))
    encode([pcm], whole, format, n_samples_hint=len(pcm))
    sound, wanted = heard(streamed, format), heard(whole, format)
    if format == "mp3":
        sound = sound[MP3_DELAY:MP3_DELAY + len(wanted)]
    assert np.array_equal(sound, wanted)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("speed", [0.5, 1.0, 1.7])
def test_the_duration_told_is_the_one_heard(tmp_path: Path, format: AudioFormat, speed: float) -> None:
    pieces, duration_s = in_pieces(speechlike(2.0), format, speed)
    path = tmp_path / f"speech.{format}"
    path.write_bytes(b"".join(pieces))
    assert duration_s == pytest.approx(len(heard(path, format)) / SAMPLE_RATE_HZ, abs=1e-4)
    assert duration_s == pytest.approx(2.0 / speed, abs=0.25)


@pytest.mark.parametrize("format", FORMATS)
def test_however_the_sound_comes_in_the_file_is_the_same(format: AudioFormat) -> None:
    pcm = speechlike(1.3)
    small, large = in_pieces(pcm, format, n_samples=500)[0], in_pieces(pcm, format, n_samples=9000)[0]
    assert b"".join(small) == b"".join(large)


@pytest.mark.parametrize("format", FORMATS)
def test_most_of_the_file_is_there_before_its_end(format: AudioFormat) -> None:
    *early, last = in_pieces(speechlike(3.0), format)[0]
    assert len(b"".join(early)) > 0.85 * len(b"".join((*early, last)))


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_without_sound_is_refused(format: AudioFormat) -> None:
    with pytest.raises(EncodingFailed, match="no sound"), encoding(format, 1.0) as encoder:
        encoder.end()


def test_no_ffmpeg_is_left_running_when_the_speech_is_broken_off() -> None:
    with pytest.raises(RuntimeError), fed_ffmpeg() as broken_off:
        raise RuntimeError("stopped")
    assert broken_off.process.poll() is not None


def test_an_ffmpeg_that_dies_is_told_with_its_last_words() -> None:
    with pytest.raises(EncodingFailed, match="ffmpeg ended with -9"), fed_ffmpeg() as ffmpeg:
        feed_a_dead(ffmpeg)


@contextmanager
def fed_ffmpeg() -> Iterator[FfmpegPipe]:
    with FfmpegPipe("s16le", "-c:a", "flac", "-f", "flac") as ffmpeg:
        ffmpeg.add(bytes(4800))
        yield ffmpeg


def feed_a_dead(ffmpeg: FfmpegPipe) -> None:
    ffmpeg.process.kill()
    for _ in range(1000):
        ffmpeg.add(bytes(4800))
