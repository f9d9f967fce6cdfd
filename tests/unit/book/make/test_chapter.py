"""A chapter is as long as its segments and pauses to the sample, as loud as was asked, and never half made."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from speechmill.errors import EncodingFailed
from tests.unit.audio.sound import decoded, in_chunks, silence, speechlike, tone
from worker.book.make.chapter import MadeChapter, deliver, make_chapter
from worker.book.make.master import read_flac
from worker.book.make.meter import Meter, Reading
from worker.book.make.parts import Part, PartFormat
from worker.book.make.preset import ACX, CEILING_DBTP, DEFAULT, MOST_GAIN_DB, NONE, Preset, Target
from worker.encode import to_pcm16
from worker.join import Joiner, n_pause_samples
from worker.takes.trim import fade_edges
from worker.text.piece import Boundary
from worker.voices.seam import SAMPLE_RATE_HZ, Pcm

ALL: tuple[PartFormat, ...] = ("aac", "mp3", "opus", "flac")


def made(pcm: Pcm, folder: Path, preset: Preset = DEFAULT, formats: tuple[PartFormat, ...] = ("flac",)) -> MadeChapter:
    folder.mkdir(exist_ok=True)
    return make_chapter(in_chunks(pcm), formats, preset, folder)


def sound_of(path: Path) -> Pcm:
    return np.concatenate(list(read_flac(path)))


def delivered(chapter: MadeChapter, preset: Preset) -> Pcm:
    """What the FLAC part holds between its silences."""
    sound = sound_of(next(part.path for part in chapter.parts if part.format == "flac"))
    return sound[round(preset.head_s * SAMPLE_RATE_HZ):len(sound) - round(preset.tail_s * SAMPLE_RATE_HZ)]


def reading(pcm: Pcm) -> Reading:
    meter = Meter()
    meter.add(pcm)
    return meter.reading()


@settings(max_examples=20, deadline=None)
@given(segments=st.lists(st.tuples(st.integers(1, 30_000), st.sampled_from(Boundary)), min_size=1, max_size=8))
def test_a_chapter_is_as_long_as_its_segments_and_pauses_to_the_sample(
        tmp_path_factory: pytest.TempPathFactory, segments: list[tuple[int, Boundary]]) -> None:
    spoken = [(speechlike(n_samples / SAMPLE_RATE_HZ), boundary) for n_samples, boundary in segments]
    joiner = Joiner()
    chapter = make_chapter(joiner.join(iter(spoken)), (), NONE, tmp_path_factory.mktemp("chapter"))
    n_samples = sum(len(pcm) for pcm, _ in spoken) + sum(n_pause_samples(boundary) for _, boundary in spoken[:-1])
    assert chapter.n_samples == n_samples == joiner.n_samples == soundfile.info(chapter.master).frames
    assert chapter.duration_s == n_samples / SAMPLE_RATE_HZ


def test_the_master_holds_every_sample_of_its_segments(tmp_path: Path) -> None:
    first, second = (to_pcm16(pcm).astype(np.float32) / np.float32(32767) for pcm in (speechlike(1.3), tone(0.7)))
    chapter = make_chapter(Joiner().join([(first, Boundary.SENTENCE), (second, Boundary.END)]), (), DEFAULT, tmp_path)
    sound = to_pcm16(sound_of(chapter.master))
    pause = n_pause_samples(Boundary.SENTENCE)
    np.testing.assert_array_equal(sound[:len(first)], to_pcm16(fade_edges(first)))
    np.testing.assert_array_equal(sound[len(first):len(first) + pause], 0)
    np.testing.assert_array_equal(sound[len(first) + pause:], to_pcm16(fade_edges(second)))


@pytest.mark.parametrize("factor", [0.15, 0.3, 0.7])
def test_a_chapter_is_brought_to_its_target(tmp_path: Path, factor: float) -> None:
    chapter = made(factor * speechlike(20), tmp_path)
    after = reading(delivered(chapter, DEFAULT))
    assert chapter.gain.note == ""
    assert after.loudness_lufs == pytest.approx(-19.0, abs=0.05 if not chapter.n_limited else 1.0)
    assert chapter.delivered.loudness_lufs == pytest.approx(after.loudness_lufs, abs=0.05)
    assert chapter.delivered.true_peak_dbtp == pytest.approx(after.true_peak_dbtp, abs=0.05)
    assert after.true_peak_dbtp <= CEILING_DBTP + 0.05


def test_the_gain_is_one_constant_for_the_whole_chapter(tmp_path: Path) -> None:
    chapter = made(0.2 * speechlike(10), tmp_path)
    before, after = sound_of(chapter.master), delivered(chapter, DEFAULT)
    assert chapter.n_limited == 0
    assert np.abs(after - before * chapter.gain.factor).max() < 1 / 32767


def test_the_samples_that_were_limited_are_counted(tmp_path: Path) -> None:
    pcm = 0.1 * speechlike(20)
    pcm[241_500:241_540] *= 9
    chapter = made(pcm, tmp_path)
    changed = np.abs(delivered(chapter, DEFAULT) - sound_of(chapter.master) * chapter.gain.factor) > 2 / 32767
    assert 40 <= chapter.n_limited < 2000
    assert changed.sum() <= chapter.n_limited


def test_with_the_preset_none_samples_stay_as_they_are(tmp_path: Path) -> None:
    chapter = made(speechlike(3) * 1.2, tmp_path, NONE)
    assert (chapter.gain.gain_db, chapter.n_limited) == (0.0, 0)
    np.testing.assert_array_equal(delivered(chapter, NONE), sound_of(chapter.master))


@pytest.mark.parametrize("pcm", [silence(3), 0.3 * tone(0.39)])
def test_silence_and_what_is_too_short_to_measure_is_left_alone(tmp_path: Path, pcm: Pcm) -> None:
    chapter = made(pcm, tmp_path)
    assert chapter.gain.gain_db == 0
    assert "0.4 s" in chapter.gain.note
    np.testing.assert_array_equal(delivered(chapter, DEFAULT), sound_of(chapter.master))


def test_what_is_very_faint_is_not_blown_up_without_end(tmp_path: Path) -> None:
    chapter = made(0.02 * speechlike(5), tmp_path)
    assert chapter.gain.gain_db == MOST_GAIN_DB
    assert "Too faint" in chapter.gain.note


def test_each_chapter_has_its_own_gain(tmp_path: Path) -> None:
    loud, soft = made(0.6 * speechlike(5), tmp_path / "loud"), made(0.1 * speechlike(5), tmp_path / "soft")
    assert soft.gain.gain_db > loud.gain.gain_db + 12


@pytest.mark.parametrize("preset", [DEFAULT, ACX, NONE])
def test_silence_stands_around_what_is_delivered_and_not_around_the_master(tmp_path: Path, preset: Preset) -> None:
    chapter = made(speechlike(2), tmp_path, preset)
    sound = sound_of(chapter.parts[0].path)
    head, tail = round(preset.head_s * SAMPLE_RATE_HZ), round(preset.tail_s * SAMPLE_RATE_HZ)
    assert chapter.n_samples == 2 * SAMPLE_RATE_HZ
    assert len(sound) == head + chapter.n_samples + tail
    assert not sound[:head].any()
    assert not sound[len(sound) - tail:].any()
    assert chapter.parts[0].start_s == preset.head_s


def test_parts_are_as_long_as_they_say(tmp_path: Path) -> None:
    for part in made(speechlike(4.321), tmp_path, DEFAULT, ALL).parts:
        skipped_s = 312 / 48_000 if part.format == "opus" else 0.0  # as its header says
        frame_s = {"opus": 0.020}.get(part.format, 1e-4)  # Ogg also says where the last packet ends
        assert len(decoded(part.path)) / SAMPLE_RATE_HZ == pytest.approx(part.duration_s - skipped_s, abs=frame_s)
        assert part.n_bytes == part.path.stat().st_size


def test_another_format_is_made_from_the_master_alone(tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    chapter = made(speechlike(3), tmp_path / "first", DEFAULT, ("aac", "mp3"))
    again = deliver(chapter.master, chapter.heard, ("mp3", "opus"), DEFAULT, tmp_path / "again")
    assert [part.format for part in again.parts] == ["mp3", "opus"]
    assert again.parts[0].path.read_bytes() == chapter.parts[1].path.read_bytes()


def test_the_same_sound_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (made(speechlike(3), tmp_path / name, DEFAULT, ALL) for name in ("first", "second"))
    for one, other in zip(first.parts, second.parts, strict=True):
        assert one == replace(other, path=one.path)
        assert one.path.read_bytes() == other.path.read_bytes()


def test_a_source_that_breaks_leaves_no_file(tmp_path: Path) -> None:
    def breaking() -> Iterator[Pcm]:
        yield speechlike(1)
        raise LookupError("a segment is gone")

    with pytest.raises(LookupError, match="a segment is gone"):
        make_chapter(breaking(), ALL, DEFAULT, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_no_sound_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EncodingFailed, match="no sound"):
        make_chapter(iter(()), ALL, DEFAULT, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_encoder_that_fails_leaves_no_part_and_keeps_the_master(tmp_path: Path) -> None:
    broken = replace(DEFAULT, mp3=("-b:a", "no number"))
    with pytest.raises(EncodingFailed, match="no number"):
        make_chapter(in_chunks(speechlike(60)), ALL, broken, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["master.flac"]


def test_a_damaged_master_is_told(tmp_path: Path) -> None:
    chapter = made(speechlike(3), tmp_path)
    chapter.master.write_bytes(b"fLaC" + bytes(100))
    with pytest.raises(EncodingFailed, match=r"master\.flac"):
        deliver(chapter.master, chapter.heard, ("mp3",), DEFAULT, tmp_path)


def test_rms_is_a_target_too_and_counts_the_silence_around(tmp_path: Path) -> None:
    preset = replace(ACX, target=Target(-24.0, "dBFS RMS"))
    chapter = made(0.2 * speechlike(4), tmp_path, preset)
    assert chapter.n_limited == 0
    assert reading(sound_of(chapter.parts[0].path)).rms_dbfs == pytest.approx(-24.0, abs=0.05)


def test_memory_does_not_grow_with_the_chapter(tmp_path: Path) -> None:
    """In a process of its own: the peak of this one is other tests'."""
    program = """
import json, sys
from pathlib import Path
import numpy as np
from worker.book.make.chapter import make_chapter
from worker.book.make.preset import DEFAULT

second = np.random.default_rng(1).normal(0, 0.2, 24_000).astype(np.float32)
def peak_mib(n_s, name):
    folder = Path(sys.argv[1]) / name
    folder.mkdir()
    make_chapter((second for _ in range(n_s)), ("aac",), DEFAULT, folder)
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024
print(json.dumps([peak_mib(30, "short"), peak_mib(600, "long")]))
"""
    run = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, check=True)
    short_mib, long_mib = json.loads(run.stdout)
    assert long_mib < short_mib + 12
    assert long_mib < 200


def test_a_part_can_be_told_in_json_and_back(tmp_path: Path) -> None:
    part = made(speechlike(1), tmp_path).parts[0]
    kept = json.loads(json.dumps({**vars(part), "path": None}))
    assert Part(**{**kept, "path": part.path}) == part
