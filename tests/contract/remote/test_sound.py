"""Whatever format and rate the server speaks in, what is heard is its sound at 24 kHz, mono."""

import io
import subprocess
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from tests.contract.remote.listening import heard, remote, say
from tests.contract.remote.speech_server import chunked, pcm16, reply, speech_server, tone, wav
from worker.encode import to_pcm16
from worker.ffmpeg import find_ffmpeg


def frequency_hz(pcm: NDArray[np.float32]) -> float:
    middle = pcm[4000:-4000]
    return float(np.argmax(np.abs(np.fft.rfft(middle))) * 24_000 / len(middle))


def assert_is_the_tone(pcm: NDArray[np.float32], duration_s: float = 2.0) -> None:
    assert pcm.dtype == np.float32
    assert len(pcm) / 24_000 == pytest.approx(duration_s, abs=0.1)
    assert frequency_hz(pcm) == pytest.approx(440, abs=2)
    assert np.abs(pcm[4000:-4000]).max() == pytest.approx(0.3, abs=0.02)


def test_pcm_at_24_khz_keeps_every_bit() -> None:
    samples = np.random.default_rng(1).integers(-32767, 32768, 50_001, dtype=np.int16)
    with speech_server(reply(samples.tobytes(), "audio/pcm")) as server, remote(server) as voice:
        assert to_pcm16(heard(say(voice))).tobytes() == samples.tobytes()


def test_pieces_of_any_size_make_the_same_sound() -> None:
    whole = pcm16(tone(2.0, sample_rate_hz=44_100))
    sizes = np.random.default_rng(2).integers(1, 5000, 200)
    ends = [0, *(int(end) for end in np.cumsum(sizes) if end < len(whole)), len(whole)]
    pieces = [whole[start:end] for start, end in pairwise(ends)]
    with (speech_server(reply(whole, "audio/pcm"), chunked(pieces)) as server,
          remote(server, sample_rate_hz=44_100) as voice):
        assert heard(say(voice)).tobytes() == heard(say(voice)).tobytes()


@pytest.mark.parametrize("sample_rate_hz", [8_000, 16_000, 22_050, 32_000, 44_100, 48_000, 192_000])
def test_any_rate_is_resampled(sample_rate_hz: int) -> None:
    answer = reply(pcm16(tone(2.0, sample_rate_hz=sample_rate_hz)), "audio/pcm")
    with speech_server(answer) as server, remote(server, sample_rate_hz=sample_rate_hz) as voice:
        pcm = heard(say(voice))
    assert_is_the_tone(pcm)
    assert abs(len(pcm) - 48_000) <= 30


def test_a_rate_that_the_answer_tells_goes_before_the_setting() -> None:
    answer = reply(pcm16(tone(2.0, sample_rate_hz=48_000)), "audio/pcm;rate=48000;channels=1")
    with speech_server(answer) as server, remote(server) as voice:
        assert_is_the_tone(heard(say(voice)))


def int24(pcm: NDArray[np.float32]) -> bytes:
    return (pcm * (2**23 - 1)).astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


WAVS = {
    "16 bits": wav(pcm16(tone(2.0))),
    "24 bits": wav(int24(tone(2.0)), bits=24),
    "32 bits": wav((tone(2.0).astype(np.float64) * (2**31 - 1)).astype("<i4").tobytes(), bits=32),
    "float": wav(tone(2.0).tobytes(), coding=3, bits=32),
    "stereo at 48 kHz": wav(np.repeat(np.frombuffer(pcm16(tone(2.0, sample_rate_hz=48_000)), "<i2"), 2).tobytes(), n_channels=2,
                            sample_rate_hz=48_000),
    "a stream of unknown length": wav(pcm16(tone(2.0)), data_bytes=0xFFFF_FFFF),
    "a stream that says 0": wav(pcm16(tone(2.0)), data_bytes=0),
    "a note behind the sound": wav(pcm16(tone(2.0))) + b"LIST\x08\0\0\0INFOISFT",
}


@pytest.mark.parametrize("kind", WAVS)
@pytest.mark.parametrize("content_type", ["audio/wav", "audio/x-wav", "application/octet-stream"])
def test_wav_of_any_usual_kind_is_read(kind: str, content_type: str) -> None:
    with speech_server(reply(WAVS[kind], content_type)) as server, remote(server, response_format="wav") as voice:
        assert_is_the_tone(heard(say(voice)))


def test_wav_is_known_even_where_raw_samples_were_asked_for() -> None:
    with speech_server(reply(WAVS["16 bits"], "audio/pcm")) as server, remote(server) as voice:
        assert_is_the_tone(heard(say(voice)))


ENCODED = {"mp3": "audio/mpeg", "flac": "audio/flac", "opus": "audio/ogg; codecs=opus", "aac": "audio/aac"}


@pytest.mark.parametrize("format", ENCODED)
def test_encoded_sound_is_decoded_while_it_comes(format: str, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "tone.wav", tone(2.0, sample_rate_hz=48_000), 48_000)
    made = tmp_path / f"tone.{'ogg' if format == 'opus' else format}"
    subprocess.run([find_ffmpeg(), "-loglevel", "error", "-i", str(tmp_path / "tone.wav"), str(made)], check=True)
    encoded = made.read_bytes()
    pieces = [encoded[at:at + 777] for at in range(0, len(encoded), 777)]
    with speech_server(chunked(pieces, ENCODED[format])) as server, remote(server, response_format=format) as voice:
        chunks = list(say(voice).chunks())
    assert max(len(chunk) for chunk in chunks) <= 24_000
    assert_is_the_tone(np.concatenate(chunks))


def test_a_playlist_opens_nothing() -> None:
    with speech_server() as elsewhere, speech_server() as server, remote(server, response_format="mp3", retries=0) as voice:
        playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{elsewhere.url}/sound.mp3\n"
        server.speech = [reply(playlist.encode(), "audio/mpegurl")]
        with pytest.raises(Exception, match="can't be decoded"):
            heard(say(voice))
        assert elsewhere.asked == []


def test_an_odd_byte_at_the_end_is_no_sample() -> None:
    with speech_server(reply(pcm16(tone(1.0)) + b"\n", "audio/pcm")) as server, remote(server) as voice:
        assert len(heard(say(voice))) == 24_000


def test_sound_beyond_full_scale_is_clipped_and_no_sound_is_none() -> None:
    loud = io.BytesIO()
    soundfile.write(loud, 4 * tone(1.0), 24_000, format="WAV", subtype="FLOAT")
    with speech_server(reply(loud.getvalue(), "audio/wav"), reply(b"", "audio/pcm")) as server, remote(server) as voice:
        assert np.abs(heard(say(voice))).max() == 1.0
        assert len(heard(say(voice))) == 0
