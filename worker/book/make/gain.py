"""The one gain of a chapter. Each has its own, so that a chapter that is made again changes no other."""

from dataclasses import dataclass
from math import log10

from worker.book.make.meter import FLOOR_DB, Reading
from worker.book.make.preset import MOST_GAIN_DB, Preset, Target
from worker.voices.seam import SAMPLE_RATE_HZ


@dataclass(frozen=True)
class Gain:
    """`note` says why the chapter does not reach its target; empty when it does."""

    gain_db: float
    note: str = ""

    @property
    def factor(self) -> float:
        return float(10 ** (self.gain_db / 20))


def choose_gain(heard: Reading, preset: Preset) -> Gain:
    """What brings a chapter that was measured as `heard` to the preset's target; 20 dB up at most. Left alone is what cannot be
    measured: sound shorter than 400 ms, or nowhere louder than −70 LUFS."""
    if preset.target is None:
        return Gain(0.0)
    if heard.loudness_lufs <= FLOOR_DB:
        return Gain(0.0, "Left as loud as it is: it is shorter than 0.4 s, or silent (nowhere above -70 LUFS).")
    gain_db = preset.target.level_db - _level_db(heard, preset, preset.target)
    if gain_db > MOST_GAIN_DB:
        return Gain(MOST_GAIN_DB, f"Too faint: {gain_db:.1f} dB would bring it to {preset.target.level_db:g} "
                                  f"{preset.target.scale}; {MOST_GAIN_DB:g} dB were given.")
    return Gain(gain_db)


def _level_db(heard: Reading, preset: Preset, target: Target) -> float:
    if target.scale == "LUFS":
        return heard.loudness_lufs  # the gate leaves the silence around it out
    silent = (preset.head_s + preset.tail_s) * SAMPLE_RATE_HZ
    return heard.rms_dbfs + 10 * log10(heard.n_samples / (heard.n_samples + silent))
