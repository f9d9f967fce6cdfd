"""`speechmill bench streams`: how soon a client of a streamed request hears the first sound, through the whole system."""

import os
import platform
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from speechmill.cli.exits import Failure
from speechmill.cli.options import Json
from speechmill.cli.voices import Voice

if TYPE_CHECKING:
    from speechmill.cli.stack.parts import Address

FORMATS = ("pcm", "wav", "flac", "mp3", "opus", "aac")
SENTENCE = "Seven words make a sentence of speech."
SENTENCES = 12
HEADER_BYTES = 512
"""More than any format's header: when so much has come, there is sound in it."""


@dataclass(frozen=True)
class Heard:
    """Milliseconds from the request to the first sound, and to the end. `audio_s`: length of one answer."""

    format: str
    requests: int
    first_p50_ms: float
    first_p99_ms: float
    all_p50_ms: float
    audio_s: float


def streams(
    requests: Annotated[int, typer.Option(min=1, max=10_000, help="Requests of each format, one after the other.")] = 20,
    voice: Annotated[Voice, typer.Option(help="What speaks: tone or espeak.")] = Voice.TONE,
    json: Json = False,
) -> None:
    """Measure first audio: from a request with stream_format to the first sound in the client's hands, on an idle system."""
    from speechmill.cli.bench.stack import bench_stack

    if voice not in (Voice.TONE, Voice.ESPEAK):
        raise Failure("bench streams speaks with tone or espeak; for an engine there is `speechmill bench engine`.")
    with tempfile.TemporaryDirectory(prefix="speechmill-bench-") as folder, bench_stack(Path(folder), voice, "", {}) as stack:
        heard = [measure_format(stack.address, format, requests) for format in FORMATS]
    _show({"machine": {"cores": os.cpu_count(), "python": platform.python_version(), "load_average": os.getloadavg()[0]},
           "voice": voice.value, "formats": [asdict(each) for each in heard]}, json)


def measure_format(address: "Address", format: str, requests: int) -> Heard:
    """One request after the other. Raises Failure when one is not answered."""
    import httpx

    from speechmill.cli.bench.load import percentile_ms

    firsts, alls, job = [], [], ""
    with httpx.Client(base_url=address.url, timeout=60) as http:
        for n in range(requests + 1):
            # Another text each time: what was spoken before is taken from storage, without any voice.
            body = {"input": f"{n}. {SENTENCE} " * SENTENCES + format, "response_format": format, "stream_format": "audio"}
            begun, n_bytes, first_s = time.perf_counter(), 0, 0.0
            with http.stream("POST", "/v1/audio/speech", json=body) as answer:
                if answer.status_code != 200:
                    raise Failure(f"a stream was refused: {answer.status_code} {answer.read().decode()[:200]}")
                for piece in answer.iter_raw():
                    n_bytes += len(piece)
                    if n_bytes >= HEADER_BYTES and not first_s:
                        first_s = time.perf_counter() - begun
            job = answer.headers["x-speech-job-id"]
            if n:  # the first request warms up what loads at first use
                firsts.append(first_s)
                alls.append(time.perf_counter() - begun)
        audio_s = http.get(f"/v1/audio/speech/jobs/{job}").json()["output"]["duration_seconds"]
    firsts.sort()
    alls.sort()
    return Heard(format, requests, percentile_ms(firsts, 50), percentile_ms(firsts, 99), percentile_ms(alls, 50), audio_s)


def _show(report: dict[str, Any], as_json: bool) -> None:
    from speechmill.cli.show import show_json, show_table

    if as_json:
        show_json(report)
        return
    fields = ("requests", "first_p50_ms", "first_p99_ms", "all_p50_ms", "audio_s")
    show_table(("FORMAT", "REQUESTS", "FIRST SOUND P50 MS", "P99 MS", "ALL P50 MS", "AUDIO S"),
               [(each["format"], *(f"{each[field]:g}" for field in fields)) for each in report["formats"]])
    typer.echo(f"voice {report['voice']}, on {report['machine']['cores']} cores, Python {report['machine']['python']}, "
               f"load average {report['machine']['load_average']:.1f}")
