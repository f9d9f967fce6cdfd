"""Encoding: six formats, five speeds, both ffmpegs; what players see, and what happens when it goes wrong."""

import os
import resource
import struct
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import get_args

import imageio_ffmpeg  # type: ignore[import-untyped]
import numpy as np
import pytest
import soundfile

from speechmill.errors import EncodingFailed
from speechmill.request import AudioFormat
from tests.unit.audio.sound import decoded, header, in_chunks, main_hz, n_adts_frames, silence, speechlike, tone
from worker.encode import RIFF_BYTES, Encoded, encode, lossless_bytes, read_lossless, to_pcm16
from worker.ffmpeg import find_ffmpeg
from worker.voices.seam import SAMPLE_RATE_HZ, Pcm

FORMATS: tuple[AudioFormat, ...] = get_args(AudioFormat)
SPEEDS = (0.25, 0.5, 1.0, 1.7, 4.0)
FRAME_S = {"mp3": 576 / 24_000, "opus": 0.020, "aac": 1024 / 24_000, "flac": 1 / 24_000, "wav": 1 / 24_000, "pcm": 1 / 24_000}
DURATION_S = 3.017


@pytest.fixture(params=["on PATH", "of imageio-ffmpeg"])
def either_ffmpeg(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Debian's ffmpeg 5.1, and the newer one of the wheel, which is found where PATH has none."""
    if request.param != "on PATH":
        monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    return find_ffmpeg()


def encoded(pcm: Pcm, path: Path, format: AudioFormat, speed: float = 1.0) -> Encoded:
    return encode(in_chunks(pcm), path, format, speed, len(pcm))


def heard(path: Path, format: AudioFormat) -> Pcm:
    if format == "pcm":
        return np.frombuffer(path.read_bytes(), "<i2").astype(np.float32) / np.float32(32767)
    return decoded(path)


@pytest.mark.parametrize(("format", "speed"), list(product(FORMATS, SPEEDS)))
def test_the_duration_told_is_the_one_heard(either_ffmpeg: str, tmp_path: Path, format: AudioFormat, speed: float) -> None:
    path = tmp_path / f"speech.{format}"
    result = encoded(speechlike(DURATION_S), path, format, speed)
    sound = heard(path, format)
    assert result.bytes == path.stat().st_size
    assert result.duration_s == pytest.approx(len(sound) / SAMPLE_RATE_HZ, abs=1e-4)
    assert result.duration_s == pytest.approx(DURATION_S / speed, abs=0.15 if format != "aac" else 0.15 + 2 * FRAME_S["aac"])
    assert np.abs(sound).max() > 0.1


@pytest.mark.parametrize("format", FORMATS)
def test_the_header_tells_the_same_duration(tmp_path: Path, format: AudioFormat) -> None:
    path = tmp_path / f"speech.{format}"
    result = encoded(speechlike(DURATION_S), path, format)
    if format == "pcm":
        assert result.bytes == round(DURATION_S * SAMPLE_RATE_HZ) * 2
    elif format == "aac":  # ADTS has no header to tell it: count frames
        assert result.duration_s == pytest.approx(n_adts_frames(path) * 1024 / SAMPLE_RATE_HZ)
    else:
        assert result.duration_s == pytest.approx(soundfile.info(path).duration, abs=FRAME_S[format])
        assert result.duration_s == pytest.approx(header(path).duration_s, abs=FRAME_S[format] + 0.005)


@pytest.mark.parametrize(("format", "codec", "rate"), [
    ("mp3", "mp3", 24_000), ("opus", "opus", 48_000), ("aac", "aac", 24_000), ("flac", "flac", 24_000),
    ("wav", "pcm_s16le", 24_000)])
def test_files_are_what_their_names_say(either_ffmpeg: str, tmp_path: Path, format: AudioFormat, codec: str, rate: int) -> None:
    path = tmp_path / "speech"
    encoded(speechlike(1.0), path, format)
    assert (header(path).codec, header(path).sample_rate_hz, header(path).channels) == (codec, rate, "mono")


@pytest.mark.parametrize("format", FORMATS)
def test_what_is_heard_is_what_was_spoken(either_ffmpeg: str, tmp_path: Path, format: AudioFormat) -> None:
    spoken = speechlike(2.0)
    path = tmp_path / f"speech.{format}"
    encoded(spoken, path, format)
    sound = heard(path, format)
    shift = 1024 if format == "aac" else 0
    sound = sound[shift:shift + len(spoken)]
    noise = float(np.sqrt(np.mean((sound - spoken[:len(sound)]) ** 2)))
    if format in ("wav", "flac", "pcm"):
        assert noise < 1e-4
    else:
        assert noise < 0.15 * float(np.sqrt(np.mean(spoken ** 2)))


@pytest.mark.parametrize("speed", [0.25, 0.5, 0.8, 1.7, 2.5, 4.0])
def test_speed_leaves_the_pitch_alone(either_ffmpeg: str, tmp_path: Path, speed: float) -> None:
    path = tmp_path / "tone.wav"
    result = encoded(tone(8.0, hz=313.0), path, "wav", speed)
    sound, rate = soundfile.read(path, dtype="float32")
    assert rate == SAMPLE_RATE_HZ
    assert main_hz(sound[2400:-2400]) == pytest.approx(313.0, rel=0.003)
    assert result.duration_s == pytest.approx(8.0 / speed, abs=0.15)


def test_fast_speech_loses_no_burst_of_sound(tmp_path: Path) -> None:
    # A single atempo stage above 2 skips sound: at 3, a burst at the very end was gone.
    pcm = np.concatenate([silence(3.0), tone(0.03, hz=1000)])
    path = tmp_path / "burst.wav"
    encoded(pcm, path, "wav", 3.0)
    sound, _ = soundfile.read(path)
    assert np.abs(sound[-600:]).max() > 0.3


def test_any_speed_gives_the_same_file_format_headers_and_all(tmp_path: Path) -> None:
    for format in ("wav", "flac"):
        for speed in (1.0, 1.3):
            path = tmp_path / f"{speed}.{format}"
            encoded(tone(1.0), path, format, speed)
            assert path.read_bytes()[:4] == {"wav": b"RIFF", "flac": b"fLaC"}[format]


def test_a_minute_passes_through_the_speed_stage_whatever_the_sizes_of_its_chunks(tmp_path: Path) -> None:
    pcm = speechlike(60.0)
    for n_samples in (len(pcm), 7777):
        path = tmp_path / "minute.pcm"
        result = encode(in_chunks(pcm, n_samples), path, "pcm", 0.5)
        assert result.duration_s == pytest.approx(120.0, abs=0.15)


def test_louder_than_full_scale_is_clipped_and_does_not_wrap_around(tmp_path: Path) -> None:
    assert to_pcm16(np.array([-9.0, -1.0, 0.0, 1.0, 9.0], np.float32)).tolist() == [-32767, -32767, 0, 32767, 32767]
    path = tmp_path / "loud.wav"
    encoded(tone(1.0, amplitude=3.0), path, "wav")
    sound, _ = soundfile.read(path)
    assert np.abs(np.diff(sound)).max() < 3.0 * 2 * np.pi * 220 / SAMPLE_RATE_HZ * 1.01


def test_wav_is_plain_riff_with_the_usual_44_bytes_of_header(tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"
    encoded(tone(1.0), path, "wav")
    header = path.read_bytes()[:44]
    assert struct.unpack("<4sI4s4sIHHIIHH4sI", header) == (
        b"RIFF", 48_036, b"WAVE", b"fmt ", 16, 1, 1, 24_000, 48_000, 2, 16, b"data", 48_000)


def test_wav_that_could_pass_4_gib_is_rf64_with_the_size_in_64_bits(tmp_path: Path) -> None:
    assert RIFF_BYTES == 2 ** 32
    path = tmp_path / "speech.wav"
    pcm = tone(10.0)
    result = encode(in_chunks(pcm), path, "wav", n_samples_hint=len(pcm), riff_bytes=200_000)
    head = path.read_bytes()[:80]
    assert (head[:4], head[12:16]) == (b"RF64", b"ds64")
    assert struct.unpack("<QQQ", head[20:44]) == (result.bytes - 8, len(pcm) * 2, len(pcm))
    assert soundfile.info(path).format == "RF64"
    assert header(path).duration_s == 10.0
    assert len(decoded(path)) == len(pcm)


def test_the_speed_counts_in_the_choice_of_rf64(tmp_path: Path) -> None:
    pcm = tone(4.0)
    for speed, magic in ((1.0, b"RIFF"), (0.25, b"RF64")):
        path = tmp_path / "speech.wav"
        encode(in_chunks(pcm), path, "wav", speed, len(pcm), riff_bytes=300_000)
        assert path.read_bytes()[:4] == magic


def test_wav_of_unknown_length_is_rf64(tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"
    encode(in_chunks(tone(1.0)), path, "wav")
    assert path.read_bytes()[:4] == b"RF64"


def test_more_sound_than_a_plain_wav_holds_is_refused_before_its_header_would_lie(tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"
    with pytest.raises(EncodingFailed, match="more sound than was announced"):
        encode(in_chunks(tone(10.0)), path, "wav", n_samples_hint=10, riff_bytes=200_000)
    assert not path.exists()


@pytest.mark.parametrize(("format", "speed"), list(product(FORMATS, (1.0, 2.0))))
def test_no_sound_is_an_error_and_leaves_no_file(tmp_path: Path, format: AudioFormat, speed: float) -> None:
    path = tmp_path / "speech"
    with pytest.raises(EncodingFailed, match="no sound"):
        encode(iter([]), path, format, speed, 0)
    assert not path.exists()


def test_the_same_sound_gives_the_same_bytes(either_ffmpeg: str, tmp_path: Path) -> None:
    for format in FORMATS:
        paths = tmp_path / "one", tmp_path / "two"
        for path in paths:
            encoded(speechlike(1.0), path, format, 1.3)
        assert paths[0].read_bytes() == paths[1].read_bytes(), format


class Interrupted(BaseException):
    pass


@pytest.mark.parametrize(("format", "speed"), list(product(FORMATS, (1.0, 0.7))))
def test_when_the_source_raises_ffmpeg_is_killed_the_file_removed_and_the_exception_goes_on(
        tmp_path: Path, format: AudioFormat, speed: float) -> None:
    def source() -> Iterator[Pcm]:
        yield tone(5.0)
        assert children() == before + (format in ("mp3", "opus", "aac")) + (speed != 1)
        raise Interrupted

    path = tmp_path / "speech"
    before = children()
    with pytest.raises(Interrupted):
        encode(source(), path, format, speed)
    assert not path.exists()
    assert children() == before


def children() -> int:
    """Processes that this one has started, ended but not waited for included."""
    tasks = Path(f"/proc/{os.getpid()}/task")
    return sum(len((task / "children").read_text().split()) for task in tasks.iterdir())


def test_what_ffmpeg_says_when_it_fails_is_in_the_error(tmp_path: Path) -> None:
    path = tmp_path / "no such folder" / "speech.mp3"
    with pytest.raises(EncodingFailed, match="No such file or directory"):
        encoded(tone(30.0), path, "mp3")


@pytest.mark.parametrize("format", ["wav", "flac", "pcm"])
def test_a_folder_that_is_not_there_is_an_error_that_says_so(tmp_path: Path, format: AudioFormat) -> None:
    with pytest.raises(EncodingFailed, match=r"(?i)no such file|system error"):
        encoded(tone(1.0), tmp_path / "no such folder" / "speech", format)


def test_an_ffmpeg_that_dies_in_the_middle_is_an_error_at_any_speed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "ffmpeg"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nhead -c 100000 >/dev/null\necho out of paper >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    for format, speed in (("mp3", 1.0), ("wav", 2.0)):
        with pytest.raises(EncodingFailed, match="ended with 3: out of paper"):
            encoded(tone(60.0), tmp_path / "speech", format, speed)  # type: ignore[arg-type]
    assert not (tmp_path / "speech").exists()


def test_without_any_ffmpeg_the_error_says_how_to_get_one_and_wav_still_works(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(EncodingFailed, match="apt-get install ffmpeg"):
        encoded(tone(1.0), tmp_path / "speech.mp3", "mp3")
    assert encoded(tone(1.0), tmp_path / "speech.wav", "wav").duration_s == 1.0


def test_ffmpeg_on_path_comes_before_the_one_of_the_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_ffmpeg() == imageio_ffmpeg.get_ffmpeg_exe()
    program = tmp_path / "ffmpeg"
    program.touch(0o755)
    assert find_ffmpeg() == str(program)


FULL_DISK = """
import resource, sys
from pathlib import Path
import numpy as np
from speechmill.errors import EncodingFailed
from worker.encode import encode
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
noise = (np.random.default_rng(0).normal(0, 0.2, 24_000) for _ in range(60))
path = Path(sys.argv[1])
try:
    encode((chunk.astype(np.float32) for chunk in noise), path, sys.argv[2], 1.0, 60 * 24_000)
except EncodingFailed as error:
    print("told:", error.message, "left:", path.exists())
"""


@pytest.mark.parametrize("format", FORMATS)
def test_a_disk_that_is_full_is_an_error_and_leaves_nothing(tmp_path: Path, format: AudioFormat) -> None:
    run = subprocess.run([sys.executable, "-c", FULL_DISK, str(tmp_path / "speech"), format], capture_output=True, text=True,
                         check=True)
    assert run.stdout.startswith("told:"), run.stdout + run.stderr
    assert run.stdout.endswith("left: False\n")


@pytest.mark.parametrize(("format", "speed"), [("wav", 1.0), ("flac", 1.0), ("mp3", 1.0), ("pcm", 4.0)])
def test_memory_stays_the_same_for_half_an_hour_of_sound(tmp_path: Path, format: AudioFormat, speed: float) -> None:
    second = speechlike(1.0)
    tracemalloc.start()
    try:
        encode((second for _ in range(1800)), tmp_path / "speech", format, speed)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8_000_000  # of 86 MB; what ran before in this process leaves caches that grow


def test_chunks_are_read_on_the_callers_thread(tmp_path: Path) -> None:
    def source() -> Iterator[Pcm]:
        assert threading.current_thread() is threading.main_thread()
        yield tone(1.0)

    for speed in (1.0, 2.0):
        encode(source(), tmp_path / "speech.mp3", "mp3", speed)


def test_a_segment_kept_losslessly_comes_back_and_stays_the_same() -> None:
    spoken = speechlike(20.0)
    kept = lossless_bytes(spoken)
    back = read_lossless(BytesIO(kept))
    assert back.dtype == np.float32
    assert np.abs(back - spoken).max() <= 0.5 / 32767 + 1e-6
    assert lossless_bytes(back) == kept
    assert len(kept) < spoken.nbytes / 2


def test_a_damaged_segment_is_an_error() -> None:
    kept = lossless_bytes(tone(1.0))
    for damaged in (b"", b"nonsense", kept[:10]):
        with pytest.raises(EncodingFailed, match="stored segment"):
            read_lossless(BytesIO(damaged))
    other = BytesIO()
    soundfile.write(other, tone(1.0), 22_050, format="FLAC")
    with pytest.raises(EncodingFailed, match="22050 Hz and 1 channels"):
        read_lossless(BytesIO(other.getvalue()))


def test_a_limit_on_open_files_beyond_what_select_takes_does_not_matter(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        assert encoded(tone(1.0), tmp_path / "speech.wav", "wav", 2.0).duration_s == pytest.approx(0.5, abs=0.05)
    finally:
        for number in opened:
            os.close(number)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
