"""The master: a chapter's joined sound, lossless and as it was spoken. Everything that is delivered is made from it."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import soundfile

from speechmill.errors import EncodingFailed
from worker.book.make.gain import Gain
from worker.book.make.limiter import Limiter
from worker.book.make.meter import Meter, Reading
from worker.book.make.preset import CEILING_DBTP, Preset
from worker.encode import encode
from worker.voices.seam import SAMPLE_RATE_HZ, Pcm

_BLOCK = SAMPLE_RATE_HZ


def write_master(sound: Iterable[Pcm], path: Path) -> Reading:
    """Write `sound`, float32 [n_samples] each, as 16-bit FLAC (which has no 4 GiB limit), and measure it on its way.
    Raises EncodingFailed when there is none, or what `sound` raises; then there is no file."""
    meter = Meter()
    encode(meter.measuring(_in_blocks(sound)), path, "flac")
    return meter.reading()


def _in_blocks(sound: Iterable[Pcm]) -> Iterator[Pcm]:
    """A second at most: measuring takes a hundred times the memory of what it looks at."""
    for pcm in sound:
        for start in range(0, len(pcm), _BLOCK):
            yield pcm[start:start + _BLOCK]


def read_flac(path: Path) -> Iterator[Pcm]:
    """A master or another 24 kHz mono FLAC file, sample by sample what was written, a second at a time. Raises EncodingFailed."""
    try:
        with soundfile.SoundFile(path) as file:
            if (file.samplerate, file.channels) != (SAMPLE_RATE_HZ, 1):
                raise EncodingFailed(f"{path.name} has {file.samplerate} Hz and {file.channels} channels; "
                                     f"{SAMPLE_RATE_HZ} Hz mono is expected.")
            for block in file.blocks(_BLOCK, dtype="int16"):
                yield block.astype(np.float32) / np.float32(32767)
    except soundfile.SoundFileError as error:
        raise EncodingFailed(f"{path.name} can't be read: {error}") from error


class Delivery:
    """A master as listeners get it: one gain, peaks limited, silence around it. Read `sound` to its end, once."""

    def __init__(self, master: Path, heard: Reading, gain: Gain, preset: Preset) -> None:
        self._master, self._heard, self._gain, self._preset = master, heard, gain, preset
        self._limiter = Limiter(10 ** (CEILING_DBTP / 20))
        self._meter = Meter()
        self._limits = preset.target is not None and heard.true_peak_dbtp + gain.gain_db > CEILING_DBTP

    @property
    def n_limited(self) -> int:
        """Samples that the limiter made softer, so far."""
        return self._limiter.n_limited

    def sound(self) -> Iterator[Pcm]:
        yield _silence(self._preset.head_s)
        yield from self._meter.measuring(self._limiter.limit(self._louder())) if self._limits else self._louder()
        yield _silence(self._preset.tail_s)

    def reading(self) -> Reading:
        """The sound between the silences, once it was read. A constant gain need not be measured."""
        return self._meter.reading() if self._limits else self._heard.louder(self._gain.gain_db)

    def _louder(self) -> Iterator[Pcm]:
        factor = np.float32(self._gain.factor)
        return (pcm * factor for pcm in read_flac(self._master))


def _silence(duration_s: float) -> Pcm:
    return np.zeros(round(duration_s * SAMPLE_RATE_HZ), np.float32)
