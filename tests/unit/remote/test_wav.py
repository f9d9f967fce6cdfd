"""WAV headers: whatever bytes come, the answer is a format or an error, and memory stays small."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.remote.speech_server import wav
from worker.voices.remote.trouble import Broken
from worker.voices.remote.wav import SampleFormat, Source, open_wav


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at:at + size] for at in range(0, len(data), size))


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_header_is_read_however_it_is_cut(size: int) -> None:
    source = Source(pieces(wav(b"abcd", n_channels=2, sample_rate_hz=44_100), size))
    assert open_wav(source) == (SampleFormat("i2", 2, 44_100), 4)
    assert source.read(10) == b"abcd"


def test_other_chunks_before_the_samples_are_passed_over() -> None:
    whole = wav(b"abcd")
    source = Source(iter([whole[:12] + b"JUNK\x03\0\0\0xyz\0" + whole[12:]]))
    assert open_wav(source) == (SampleFormat("i2", 1, 24_000), 4)


@pytest.mark.parametrize("told", [0, 0x7FFF_FFFF, 0xFFFF_FFFF, 0xFFFF_FF00])
def test_a_length_that_nobody_could_know_is_none(told: int) -> None:
    assert open_wav(Source(iter([wav(b"", data_bytes=told)])))[1] is None


def test_a_header_without_end_is_refused_before_it_is_read() -> None:
    with pytest.raises(Broken, match="too long"):
        open_wav(Source(iter([wav(b"")[:12] + b"LIST\xff\xff\xff\x7f"])))


@given(data=st.binary(max_size=120) | st.binary(max_size=100).map(lambda tail: b"RIFF\0\0\0\0WAVE" + tail)
       | st.binary(min_size=16, max_size=16).map(lambda form: b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + form + b"data\0\0\0\0"))
def test_any_bytes_are_a_format_or_an_error(data: bytes) -> None:
    try:
        samples, _ = open_wav(Source(iter([data])))
    except Broken:
        return
    assert samples.frame_bytes > 0
    assert samples.sample_rate_hz > 0
