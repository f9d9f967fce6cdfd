"""ACX's limits are measured on the encoded file, and each can fail."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from speechmill.errors import EncodingFailed
from tests.unit.audio.sound import in_chunks, silence, speechlike
from worker.book.make.acx import AcxReport, Limit, check_acx
from worker.book.make.chapter import make_chapter
from worker.book.make.preset import ACX, DEFAULT, Preset
from worker.voices.seam import Pcm

FAITHFUL = replace(ACX, target=None)
"""As it is, in the format that ACX asks for."""


def report(pcm: Pcm, folder: Path, preset: Preset = FAITHFUL) -> AcxReport:
    return check_acx(make_chapter(in_chunks(pcm), ("mp3",), preset, folder).parts[0].path)


def failed(report: AcxReport) -> set[str]:
    return {limit.name for limit in report.limits if not limit.passed}


def value(report: AcxReport, name: str) -> float:
    return next(limit.value for limit in report.limits if limit.name == name)


@pytest.mark.parametrize("factor", [0.1, 0.4, 1.0])
def test_the_preset_keeps_every_limit(tmp_path: Path, factor: float) -> None:
    chapter = make_chapter(in_chunks(factor * speechlike(30)), ("mp3", "flac"), ACX, tmp_path)
    assert chapter.acx
    assert failed(chapter.acx) == set()
    assert chapter.acx.passed
    assert [limit.name for limit in chapter.acx.limits] == ["rms", "peak", "noise_floor", "head", "tail", "duration", "bit_rate",
                                                            "bit_rates", "sample_rate", "channels"]


def test_only_the_preset_acx_is_measured_so(tmp_path: Path) -> None:
    (tmp_path / "acx").mkdir()
    assert make_chapter([speechlike(2)], ("mp3",), DEFAULT, tmp_path).acx is None
    assert make_chapter([speechlike(2)], ("aac",), ACX, tmp_path / "acx").acx is None


@pytest.mark.parametrize(("factor", "wrong"), [(0.02, "rms"), (1.6, "peak")])
def test_too_soft_and_too_high_are_told(tmp_path: Path, factor: float, wrong: str) -> None:
    assert wrong in failed(report(factor * speechlike(10), tmp_path))


def test_values_are_those_of_the_sound(tmp_path: Path) -> None:
    pcm = 0.5 * speechlike(10)
    measured = report(pcm, tmp_path)
    n_samples = len(pcm) + (ACX.head_s + ACX.tail_s) * 24_000
    assert value(measured, "rms") == pytest.approx(10 * np.log10(np.sum(pcm.astype(float) ** 2) / n_samples), abs=0.4)
    assert value(measured, "peak") == pytest.approx(20 * np.log10(np.abs(pcm).max()), abs=0.5)
    assert value(measured, "head") == pytest.approx(0.75 + 1105 / 44_100, abs=0.02)
    assert value(measured, "tail") == pytest.approx(2.0 + 0.125, abs=0.1)  # the last syllable ends before the sound does


def test_noise_where_silence_should_be_is_told(tmp_path: Path) -> None:
    noise = np.random.default_rng(3).normal(0, 0.004, 24_000 * 6).astype(np.float32)
    bare = replace(FAITHFUL, head_s=0.0, tail_s=0.0)
    measured = report(noise + np.concatenate([silence(2), 0.3 * speechlike(2), silence(2)]), tmp_path, bare)
    assert value(measured, "noise_floor") == pytest.approx(20 * np.log10(0.004), abs=1.5)
    assert {"noise_floor", "head", "tail"} <= failed(measured)


def test_too_much_silence_at_the_ends_is_told(tmp_path: Path) -> None:
    measured = report(speechlike(3), tmp_path, replace(FAITHFUL, head_s=2.0, tail_s=6.0))
    assert {"head", "tail"} <= failed(measured)


def test_another_rate_than_acx_asks_for_is_told(tmp_path: Path) -> None:
    assert {"bit_rate", "sample_rate"} <= failed(report(speechlike(3), tmp_path, DEFAULT))


def test_silence_can_be_measured(tmp_path: Path) -> None:
    measured = report(silence(3), tmp_path)
    assert "rms" in failed(measured)
    assert value(measured, "noise_floor") == -120


def test_limits_include_their_ends() -> None:
    assert Limit("rms", -23.0, "dBFS", lowest=-23, highest=-18).passed
    assert Limit("duration", 120.0, "min", highest=120).passed
    assert not Limit("duration", 120.01, "min", highest=120).passed


def test_what_is_no_mp3_cannot_be_measured(tmp_path: Path) -> None:
    (tmp_path / "x.mp3").write_bytes(b"no sound at all")
    with pytest.raises(EncodingFailed, match=r"x\.mp3 is damaged"):
        check_acx(tmp_path / "x.mp3")
