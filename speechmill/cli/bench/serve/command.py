"""`speechmill bench serve`: how much speech the whole system delivers under a steady load, beside the engine alone."""

import math
import os
import platform
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from speechmill.cli.bench.stack import CAPPED_NOTE, bench_stack, write_random
from speechmill.cli.exits import Exit, Failure
from speechmill.cli.options import in_a_folder
from speechmill.cli.signals import terminate_as_interrupt
from speechmill.cli.voices import Checkpoint, Voice, require_checkpoint

if TYPE_CHECKING:
    from speechmill.cli.bench.serve.measure import Order, Served

FORMATS = ("mp3", "opus", "aac", "flac", "wav", "pcm")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def serve(
    concurrency: Annotated[int, typer.Option(min=1, max=512, help="Utterances that are spoken at once.")] = 64,
    waiting: Annotated[int | None, typer.Option(min=0, max=1024, help="Jobs that are open beyond those, so that one always "
                                                                      "waits; as many again if left out.")] = None,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="How long each format is measured once it is steady.")] = 60,
    format: Annotated[str, typer.Option(metavar="NAME,NAME…", help="Formats, one run each.")] = "flac,mp3",
    lengths: Annotated[str, typer.Option(metavar="FROM,TO", help="Seconds of speech in a job.")] = "5,20",
    voice: Annotated[Voice, typer.Option(help="What speaks.")] = Voice.QWEN3,
    checkpoint: Checkpoint = "",
    random: Annotated[str, typer.Option(metavar="SIZE", help="Instead of a checkpoint: random weights of this size, made now; "
                                                             "tiny, 0.6b or 1.7b. Speed is real, sound is not.")] = "",
    url: Annotated[str, typer.Option(metavar="URL", help="A producer of this machine that runs already; else a stack is started, "
                                                         "and thrown away.")] = "",
    engine: Annotated[bool, typer.Option(help="Measure the engine alone first, to compare.")] = True,
    engine_row: Annotated[Path | None, typer.Option(metavar="FILE", help="Or take its figure from here, as bench engine --json "
                                                                         "has written it.")] = None,
    json: Annotated[Path | None, typer.Option(
        metavar="FILE", dir_okay=False, callback=in_a_folder, help="Write the figures there too.")] = None,
) -> None:
    """Measure the whole system: jobs of 5 to 20 s of speech are posted, spoken, checked, encoded and stored, so many at once.
    Counted is the sound that can be downloaded, a second."""
    from speechmill.cli.bench.serve.engine_row import read_row

    asked = Asked(concurrency, waiting if waiting is not None else concurrency, seconds, _formats(format), lengths, voice,
                  checkpoint, random, url)
    _check(asked)
    known = read_row(engine_row, concurrency) if engine_row else None
    served: list[Served] = []
    with _served(asked, alone=engine and not known) as (order, alone):
        try:
            for name in asked.formats:
                served.append(_serve(order, name))
        finally:  # a format that was measured stands whatever the next one does
            if served:
                _show(asked, served, known or alone, json)


def _show(asked: "Asked", served: "Sequence[Served]", engine_times_realtime: float | None, json: Path | None) -> None:
    from speechmill.cli.bench.serve.report import Report, show

    report = Report(machine={"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()},
                    voice="" if asked.url else asked.voice.value, concurrency=asked.concurrency, n_open=asked.n_open,
                    served=served, engine_times_realtime=engine_times_realtime, notes=(CAPPED_NOTE,) if asked.random else ())
    show(report)
    if json:
        import json as json_format

        json.write_text(json_format.dumps(report.as_json(), indent=2) + "\n", "utf-8")


@dataclass(frozen=True)
class Asked:
    """What the command was asked for."""

    concurrency: int
    waiting: int
    seconds: float
    formats: tuple[str, ...]
    lengths: str
    voice: Voice
    checkpoint: str
    random: str
    url: str

    @property
    def n_open(self) -> int:
        return self.concurrency + self.waiting


def _check(asked: Asked) -> None:
    """Raises Failure."""
    if asked.random not in ("", "tiny", "0.6b", "1.7b"):
        raise Failure(f"--random is tiny, 0.6b or 1.7b, not {asked.random!r}.", Exit.USAGE)
    if asked.random and (asked.checkpoint or asked.url or asked.voice is not Voice.QWEN3):
        raise Failure("--random makes a checkpoint for the voice qwen3 of a stack of its own: leave out --checkpoint, --url and "
                      "--voice.", Exit.USAGE)
    if asked.url and urlsplit(asked.url).hostname not in _LOOPBACK:
        raise Failure(f"--url must be of this machine (http://127.0.0.1:8000), not {asked.url}: the bench posts as much as it "
                      "can.", Exit.USAGE)
    if not asked.url and not asked.random:
        require_checkpoint(asked.voice, asked.checkpoint)


def _formats(text: str) -> tuple[str, ...]:
    formats = tuple(part.strip() for part in text.split(","))
    if unknown := [name for name in formats if name not in FORMATS]:
        raise Failure(f"there is no format {unknown[0]!r}; there are {', '.join(FORMATS)}.", Exit.USAGE)
    return formats


@contextmanager
def _served(asked: Asked, *, alone: bool) -> "Iterator[tuple[Order, float | None]]":
    """Inside, something serves. With it comes how fast its engine is alone: where it has one, and `alone` asks for it."""
    from speechmill.cli.bench.serve.measure import Order
    from speechmill.cli.bench.serve.texts import STAGGERED_S, Lengths

    try:
        shortest_s, longest_s = map(float, asked.lengths.split(","))
    except ValueError:
        raise Failure(f"--lengths is two numbers of seconds, as in 5,20; not {asked.lengths!r}.", Exit.USAGE) from None
    if not STAGGERED_S <= shortest_s <= longest_s < math.inf:
        raise Failure(f"--lengths are from at least {STAGGERED_S:g} s to as long or longer, not {asked.lengths}.", Exit.USAGE)
    lengths = Lengths(shortest_s, longest_s)
    order = Order(asked.url, asked.n_open, asked.seconds, {}, ends=not asked.random, lengths=lengths)
    if asked.url:
        yield order, None
        return
    with tempfile.TemporaryDirectory(prefix="speechmill-bench-") as folder, terminate_as_interrupt():
        if asked.random:
            asked = replace(asked, checkpoint=str(write_random(Path(folder) / "random", asked.random)))
        speed = _engine_alone(asked, Path(folder)) if alone and asked.voice is Voice.QWEN3 else None
        with bench_stack(Path(folder) / "stack", asked.voice, asked.checkpoint, _settings(asked)) as stack:
            yield replace(order, url=stack.address.url, group=stack.group.id), speed


def _engine_alone(asked: Asked, folder: Path) -> float:
    from speechmill.cli.bench.serve.engine_row import measure_row

    _tell(f"measuring the engine alone, {asked.concurrency} utterances in flight")
    return measure_row(asked.checkpoint, asked.concurrency, asked.lengths, min(asked.seconds, 20.0), folder)


def _settings(asked: Asked) -> dict[str, str]:
    # One slot more: interactive work, of which there is none here, keeps one to itself.
    return {"SPEECHMILL_WORKER__SPEECH_SLOTS": str(asked.concurrency + 1), "SPEECHMILL_WORKER__RESERVED_SLOTS": "1",
            **({"SPEECHMILL_WORKER__RESPEAK_FLAGGED": "false"} if asked.random else {})}


def _serve(order: "Order", format: str) -> "Served":
    from speechmill.cli.bench.serve.measure import serve_format

    _tell(f"{format}: {order.n_open} jobs open, measured for {order.seconds:g} s")
    return serve_format(order, format)


def _tell(what: str) -> None:
    typer.echo(what, err=True)
