"""Making a chapter: its segments' joined sound becomes a master, and the master what is delivered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from worker.book.make.acx import AcxReport, check_acx
from worker.book.make.gain import Gain, choose_gain
from worker.book.make.master import Delivery, write_master
from worker.book.make.meter import Reading
from worker.book.make.parts import Part, PartFormat, encode_parts
from worker.book.make.preset import ACX, Preset
from worker.voices.seam import SAMPLE_RATE_HZ, Pcm


@dataclass(frozen=True)
class MadeChapter:
    """`n_samples` and `heard` are of the master; `delivered` is measured after the gain and the limiter, without the silence
    around it. `acx` is there with the preset of that name and an MP3 part: it measures that part."""

    master: Path
    n_samples: int
    heard: Reading
    gain: Gain
    delivered: Reading
    n_limited: int
    parts: tuple[Part, ...]
    acx: AcxReport | None = None

    @property
    def duration_s(self) -> float:
        """Of the master: its segments and the pauses between them, to the sample."""
        return self.n_samples / SAMPLE_RATE_HZ


def make_chapter(sound: Iterable[Pcm], formats: Sequence[PartFormat], preset: Preset, folder: Path) -> MadeChapter:
    """`sound` (a Joiner's: float32 [n_samples] each, 24 kHz) is read once, into `folder`/master.flac; from there the parts are
    encoded beside it. Memory holds seconds of it, however long. Raises EncodingFailed, or what `sound` raises; no file that is
    not whole is left behind."""
    master = folder / "master.flac"
    return deliver(master, write_master(sound, master), formats, preset, folder)


def deliver(master: Path, heard: Reading, formats: Sequence[PartFormat], preset: Preset, folder: Path) -> MadeChapter:
    """The parts of a chapter whose master is there: another preset or format needs no segment. `heard` is what was measured when
    the master was written. Raises EncodingFailed."""
    gain = choose_gain(heard, preset)
    delivery = Delivery(master, heard, gain, preset)
    parts = encode_parts(delivery.sound(), formats, preset, folder)
    mp3 = next((part for part in parts if part.format == "mp3"), None)
    acx = check_acx(mp3.path) if preset is ACX and mp3 else None
    return MadeChapter(master, heard.n_samples, heard, gain, delivery.reading(), delivery.n_limited, parts, acx)
