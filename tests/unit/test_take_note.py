"""A kept take says itself how long it is and what is wrong with it, and nothing else may be said by a damaged one."""

import io

import numpy as np
import pytest
import soundfile

from worker.encode import lossless_bytes, read_lossless
from worker.take_note import Note, read_note, with_note
from worker.takes.flags import Flag

PCM = (0.3 * np.sin(np.arange(30_000) / 10)).astype(np.float32)
FLAGS = (Flag.CLIPPING, Flag.INNER_SILENCE)


@pytest.fixture(scope="module")
def kept() -> bytes:
    return with_note(lossless_bytes(PCM), Note(len(PCM), FLAGS))


def test_it_says_what_it_was_told(kept: bytes) -> None:
    assert read_note(kept) == Note(len(PCM), FLAGS)
    assert read_note(with_note(lossless_bytes(PCM), Note(len(PCM), ()))) == Note(len(PCM), ())


def test_it_sounds_as_without(kept: bytes) -> None:
    assert np.array_equal(read_lossless(io.BytesIO(kept)), read_lossless(io.BytesIO(lossless_bytes(PCM))))


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
def test_the_file_is_flac_whichever_blocks_it_has(subtype: str) -> None:
    """Also one without any block behind STREAMINFO, which then is no longer the last."""
    file = io.BytesIO()
    soundfile.write(file, PCM, 24_000, format="FLAC", subtype=subtype)
    flac = file.getvalue()
    blocks = flac.index(b"\xff\xf8")
    bare = flac[:4] + bytes([flac[4] | 0x80]) + flac[5:42] + flac[blocks:]
    for each in (flac, bare):
        noted = with_note(each, Note(len(PCM), FLAGS))
        assert read_note(noted) == Note(len(PCM), FLAGS)
        sound, rate_hz = soundfile.read(io.BytesIO(noted))
        assert (len(sound), rate_hz) == (len(PCM), 24_000)


def test_what_has_no_note_says_nothing() -> None:
    for content in (b"", b"fLaC", lossless_bytes(PCM), b"RIFF" + bytes(100)):
        assert read_note(content) is None


def test_a_damaged_file_says_nothing(kept: bytes) -> None:
    """One bit anywhere, or an end that is missing."""
    for place in {*range(200), *range(200, len(kept), 97), len(kept) - 1}:
        damaged = bytearray(kept)
        damaged[place] ^= 1
        assert read_note(bytes(damaged)) is None, place
    for length in (*range(0, 200, 7), len(kept) // 2, len(kept) - 1):
        assert read_note(kept[:length]) is None
