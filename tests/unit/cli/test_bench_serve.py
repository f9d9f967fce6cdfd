"""`bench serve`: its texts, its figures, and what it refuses. The whole of it is in tests/e2e/test_bench_serve.py."""

import itertools
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from speechmill.cli.bench.serve import texts as serve_texts
from speechmill.cli.bench.serve.engine_row import read_row
from speechmill.cli.bench.serve.load import Ended
from speechmill.cli.bench.serve.processor import cpu_seconds
from speechmill.cli.bench.serve.steady import steady
from speechmill.cli.bench.serve.texts import Lengths, texts
from speechmill.cli.exits import Failure
from speechmill.request import fits_one_segment
from tests.unit.cli.test_commands import run
from worker.takes.duration import longest_s


def some_texts(*, ends: bool, n: int = 200) -> list[str]:
    return list(itertools.islice(texts(Lengths(5, 20), ends=ends, n_staggered=0, seed=1), n))


def test_texts_for_a_voice_that_never_ends_are_stopped_after_five_to_twenty_seconds() -> None:
    caps_s = [longest_s(text) for text in some_texts(ends=False)]
    assert 5 - 0.1 < min(caps_s) < 6
    assert 19 < max(caps_s) < 20 + 0.1
    assert longest_s("a") == pytest.approx(serve_texts.CAP_REST_S + serve_texts.CAP_LETTER_S)


def test_they_are_one_segment_each_and_have_as_many_words_and_commas_as_prose_has_words() -> None:
    capped, prose = some_texts(ends=False), some_texts(ends=True)
    assert all(fits_one_segment(text) for text in capped)
    assert sum(len(text.split()) for text in capped) == pytest.approx(sum(len(text.split()) for text in prose), rel=0.1)


def test_prose_takes_five_to_twenty_seconds_to_read() -> None:
    lengths = [len(text) for text in some_texts(ends=True)]
    assert 15 * 5 - 10 < min(lengths) < 15 * 7
    assert 15 * 18 < max(lengths) <= 15 * 20


def test_the_first_texts_are_of_any_length_so_that_their_ends_are_spread() -> None:
    staggered = itertools.islice(texts(Lengths(19, 20), ends=True, n_staggered=50, seed=1), 100)
    lengths = [len(text) for text in staggered]
    assert min(lengths[:50]) < 15 * 4
    assert min(lengths[50:]) > 15 * 18


def job(ended_s: float, *, posted_s: float = 0.0, audio_s: float = 10.0, error: str = "") -> Ended:
    return Ended("job", posted_s, posted_s + 0.01, ended_s, 0.0 if error else audio_s, error)


def test_what_ends_first_begins_the_time_and_is_not_counted() -> None:
    found = steady([job(14.0), job(10.0, audio_s=1000.0), job(12.0)])
    assert (found.wall_s, found.audio_s, found.n_jobs) == (4.0, 20.0, 2)
    assert found.times_realtime == 5.0


def test_failed_jobs_are_counted_and_give_no_sound_and_no_latency() -> None:
    found = steady([job(10.0), job(11.0, error="no"), job(12.0)])
    assert (found.n_jobs, found.n_failed, found.audio_s) == (2, 1, 10.0)
    assert found.done_p95_ms == pytest.approx(11_990)


def test_acceptance_is_of_jobs_that_were_posted_in_the_window() -> None:
    late = Ended("job", 10.5, 10.52, 12.0, 1.0)
    assert steady([job(10.0), job(11.0), late]).accept_p50_ms == pytest.approx(20)
    assert steady([job(10.0), job(11.0), job(12.0)]).accept_p50_ms is None


def test_too_few_ends_give_no_figure() -> None:
    with pytest.raises(ValueError, match="2 jobs ended in the window"):
        steady([job(1.0), job(2.0)])


def test_cpu_is_told_by_part_with_what_a_part_has_run(tmp_path: Path) -> None:
    """A program under the name of a worker, which works, and runs another one that works and ends."""
    package = tmp_path / "worker"
    package.mkdir()
    (package / "__init__.py").touch()
    busy = "import time; until = time.process_time() + {}\nwhile time.process_time() < until: pass\n"
    (package / "__main__.py").write_text(
        f"import subprocess, sys\n{busy.format(0.2)}"
        f"subprocess.run([sys.executable, '-c', {busy.format(0.1)!r}])\nprint('done', flush=True)\ntime.sleep(60)\n")
    process = subprocess.Popen([sys.executable, "-m", "worker", "cpu"], cwd=tmp_path, stdout=subprocess.PIPE, process_group=0,
                               env={**os.environ, "PYTHONPATH": str(tmp_path)})
    try:
        assert process.stdout
        assert process.stdout.readline() == b"done\n"
        found = cpu_seconds(process.pid)
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()
    assert set(found) == {"cpu worker", "encoders"}
    assert 0.2 <= found["cpu worker"] + 0.02 < 2
    assert 0.1 <= found["encoders"] + 0.02 < 2


def test_the_engines_row_is_found_by_its_concurrency(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps({"concurrency": n, "times_realtime": 10.0 * n}) + "\n" for n in (1, 64)))
    assert read_row(file, 64) == 640.0
    with pytest.raises(Failure, match="no row of 16 utterances in flight; it has 1, 64"):
        read_row(file, 16)
    file.write_text("".join(json.dumps({"concurrency": 64, "times_realtime": speed}) + "\n" for speed in (959.0, 120.0)))
    with pytest.raises(Failure, match="has 2 rows of 64 utterances in flight"):  # two configurations
        read_row(file, 64)
    file.write_text("{}")
    with pytest.raises(Failure, match="is not what `speechmill bench engine --json"):
        read_row(file, 1)
    with pytest.raises(Failure, match="cannot read"):
        read_row(tmp_path / "none", 1)


@pytest.mark.parametrize(("arguments", "said"), [
    (("--random", "2b"), "--random is tiny, 0.6b or 1.7b, not '2b'."),
    (("--random", "tiny", "--voice", "tone"), "leave out --checkpoint, --url and --voice"),
    (("--url", "http://example.com:8000"), "--url must be of this machine"),
    (("--voice", "tone", "--format", "flac,ogg"), "there is no format 'ogg'; there are mp3, opus, aac, flac, wav, pcm."),
    (("--voice", "tone", "--lengths", "long"), "--lengths is two numbers of seconds, as in 5,20; not 'long'."),
    (("--voice", "tone", "--lengths", "5"), "--lengths is two numbers of seconds, as in 5,20; not '5'."),
    (("--voice", "tone", "--lengths", "20,5"), "--lengths are from at least 0.3 s to as long or longer, not 20,5."),
    (("--voice", "tone", "--lengths", "nan,5"), "--lengths are from at least 0.3 s to as long or longer, not nan,5."),
    ((), "voice qwen3 has nothing to speak with"),
])
def test_what_cannot_be_measured_is_refused_with_what_can(arguments: tuple[str, ...], said: str) -> None:
    began = time.monotonic()
    done = run("bench", "serve", *arguments)
    assert done.returncode == 2
    assert said in done.stderr.decode()
    assert time.monotonic() - began < 30
