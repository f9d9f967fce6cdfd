"""What became of the lines of a batch, read back from what they were folded into."""

import io

from speechmill.job import JobError, Output
from worker.batch.fold import LineResult
from worker.batch.results import read_results


def spoken(number: int, size: int) -> LineResult:
    output = Output(key="k", bytes=size, sha256="0", content_type="audio/mpeg", duration_seconds=1.5, sample_rate=24_000)
    return LineResult(number, output, None)


def test_a_line_that_was_folded_twice_counts_once() -> None:
    broken = LineResult(2, None, JobError(code="voice_failed", message="It broke."))
    told = [spoken(1, 700), broken, spoken(4, 30), spoken(1, 700)]
    results = read_results(io.BytesIO(b"".join(each.line() for each in told)), lines=4)
    assert results.sound_bytes == 730
    assert [results.of(number) for number in (1, 2, 3, 4)] == [told[0], broken, None, told[2]]
