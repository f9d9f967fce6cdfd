"""Frames are counted as a decoder would play them; what is damaged is told by file and place."""

from pathlib import Path

import numpy as np
import pytest

from speechmill.errors import EncodingFailed
from tests.unit.audio.sound import decoded, speechlike
from worker.book.make.frames import aac_frames, mp3_frames, opus_frames
from worker.book.make.parts import encode_parts
from worker.book.make.preset import ACX, DEFAULT, Preset
from worker.voices.seam import SAMPLE_RATE_HZ


def encoded(folder: Path, format: str, preset: Preset = DEFAULT) -> Path:
    return encode_parts([speechlike(2.345)], [format], preset, folder)[0].path  # type: ignore[list-item]


@pytest.mark.parametrize("preset", [DEFAULT, ACX])
def test_mp3_frames_are_as_long_as_what_is_played(tmp_path: Path, preset: Preset) -> None:
    path = encoded(tmp_path, "mp3", preset)
    frames = mp3_frames(path)
    assert len(decoded(path)) / SAMPLE_RATE_HZ == pytest.approx(frames.duration_s, abs=1e-4)
    assert (frames.sample_rate_hz, frames.bit_rates_bps, frames.mono) == (
        (44_100, frozenset({192_000}), True) if preset is ACX else (24_000, frozenset({96_000}), True))


def test_aac_frames_are_as_long_as_what_is_played(tmp_path: Path) -> None:
    path = encoded(tmp_path, "aac")
    assert len(decoded(path)) == aac_frames(path, SAMPLE_RATE_HZ).n_samples


def test_opus_packets_hold_the_sound_and_the_delay(tmp_path: Path) -> None:
    frames = opus_frames(encoded(tmp_path, "opus"))
    assert frames.duration_s == pytest.approx(np.ceil((2.345 + 0.04 + 0.0065) / 0.02) * 0.02)


def test_an_id3_tag_before_the_frames_is_passed_over(tmp_path: Path) -> None:
    path = encoded(tmp_path, "mp3")
    frames = mp3_frames(path)
    path.write_bytes(b"ID3\x03\0\0" + bytes([0, 0, 2, 1]) + bytes(257) + path.read_bytes())
    assert mp3_frames(path) == frames


@pytest.mark.parametrize(("format", "kind"), [("aac", "AAC"), ("mp3", "MP3"), ("opus", "Ogg")])
def test_a_file_with_a_hole_is_told_with_the_place(tmp_path: Path, format: str, kind: str) -> None:
    path = encoded(tmp_path, format)
    path.write_bytes(path.read_bytes() + b"no frame")
    count = {"aac": lambda: aac_frames(path, SAMPLE_RATE_HZ), "mp3": lambda: mp3_frames(path), "opus": lambda: opus_frames(path)}
    with pytest.raises(EncodingFailed, match=rf"part.{format} is damaged: no {kind} frame begins at byte \d+"):
        count[format]()


@pytest.mark.parametrize("content", [b"", b"ID3\x03\0\0\0\0\0\0"])
def test_a_file_without_frames_is_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "empty.mp3").write_bytes(content)
    with pytest.raises(EncodingFailed, match=r"empty\.mp3"):
        mp3_frames(tmp_path / "empty.mp3")


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EncodingFailed, match=r"nothing\.aac can't be read"):
        aac_frames(tmp_path / "nothing.aac", SAMPLE_RATE_HZ)
